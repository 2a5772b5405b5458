// The counts by outcome, each a filter.
const OUTCOME_BUTTONS = [...document.querySelectorAll("[data-outcome]")];

for (const button of OUTCOME_BUTTONS) {
  button.addEventListener("click", () => toggleOutcome(button.dataset.outcome));
}
for (const share of document.querySelectorAll("[data-share]")) {
  share.style.width = `${share.dataset.share}%`;
}

whenChanged(() => {
  for (const button of OUTCOME_BUTTONS) {
    button.setAttribute("aria-pressed", String(FILTER.outcomes.has(button.dataset.outcome)));
  }
});
