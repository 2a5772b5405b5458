// The button that opens what every step rests on, and closes it again.
{
  const button = document.getElementById("all-evidence");
  const steps = document.querySelectorAll("details.evidence");
  let open = false;
  button.hidden = steps.length === 0;
  button.addEventListener("click", () => {
    open = !open;
    button.textContent = open ? "Close all evidence" : "Open all evidence";
    for (const step of steps) step.open = open;
  });
}
