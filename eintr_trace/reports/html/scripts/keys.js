// The keyboard; ? shows what it does.
const HELP = byId("help");

function isTyping(target) {
  return target.closest("input, select, textarea") !== null;
}

function readChosen() {
  if (chosen === null) return;
  choose(chosen, true);
  reading = true;
  showEpisode();
  DETAIL.focus();
  DETAIL.scrollIntoView({ block: "start" });
}

// What Esc leaves: a field, the episode, then the filters.
function leave() {
  if (isTyping(document.activeElement) || (NARROW.matches && reading) || DETAIL.contains(document.activeElement)) {
    leaveEpisode();
  } else if (isFiltered()) clearFilter();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  g: () => move(-EPISODES.length),
  G: () => move(EPISODES.length),
  "/": () => byId("search").focus(),
  f: () => byId("filter-signal").focus(),
  t: () => byId("timeline").focus(),
  "?": () => HELP.showModal(),
};
const LIST_KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  PageDown: () => move(Math.max(1, Math.floor(LIST.clientHeight / ROW_HEIGHT) - 1)),
  PageUp: () => move(-Math.max(1, Math.floor(LIST.clientHeight / ROW_HEIGHT) - 1)),
  Home: () => move(-EPISODES.length),
  End: () => move(EPISODES.length),
  Enter: readChosen,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || HELP.open) return;
  if (event.key === "Escape") {
    leave();
    return;
  }
  if (isTyping(event.target)) {
    if (event.key === "Enter" && event.target.id === "search") LIST.focus();
    return;
  }
  const inList = event.target === LIST || event.target === document.body;
  const isTimeline = event.target.id === "timeline";
  const act = (inList && LIST_KEYS[event.key]) || (isTimeline && TIMELINE_KEYS[event.key]) || KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

byId("help-open").hidden = false;
byId("help-open").addEventListener("click", () => HELP.showModal());
HELP.querySelector("button").addEventListener("click", (event) => {
  event.preventDefault();
  HELP.close();
});
