// What is shown: the filters, the episodes that pass them, and the chosen one. Who shows any of
// it asks to be told when it changes.
const FILTER = { outcomes: new Set(), signal: "", call: "", thread: "", induced: "", search: "" };
const LISTENERS = [];
let passing = EPISODES.map((_, index) => index);
let chosen = null; // an index into EPISODES
let reading = false; // in a narrow window: the episode, not the list

// The listener gets "filter" or "choice".
function whenChanged(listener) {
  LISTENERS.push(listener);
}

function tell(what) {
  for (const listener of LISTENERS) listener(what);
}

function passes(index) {
  const one = EPISODES[index];
  return (
    (FILTER.outcomes.size === 0 || FILTER.outcomes.has(one.outcome)) &&
    (FILTER.signal === "" || signalName(one) === FILTER.signal) &&
    (FILTER.call === "" || callName(one) === FILTER.call) &&
    (FILTER.thread === "" || String(one.thread) === FILTER.thread) &&
    (FILTER.induced === "" || (one.induced !== undefined) === (FILTER.induced === "only")) &&
    (FILTER.search === "" || searched(index).includes(FILTER.search.toLowerCase()))
  );
}

function signalName(episode) {
  return episode.signal === undefined ? "none" : text(episode.signal);
}

function callName(episode) {
  return episode.call === undefined ? "none" : text(episode.call);
}

function isFiltered() {
  return FILTER.outcomes.size > 0 ||
    [FILTER.signal, FILTER.call, FILTER.thread, FILTER.induced, FILTER.search].some(Boolean);
}

// Change some of the filters: setFilter({signal: "SIGUSR1"}).
function setFilter(changes) {
  Object.assign(FILTER, changes);
  passing = EPISODES.map((_, index) => index).filter(passes);
  tell("filter");
  // What is shown passes the filters; a narrow window shows the list then.
  if (chosen !== null && !passing.includes(chosen)) choose(NARROW.matches ? null : passing[0] ?? null, false);
}

function clearFilter() {
  setFilter({ outcomes: new Set(), signal: "", call: "", thread: "", induced: "", search: "" });
}

function toggleOutcome(outcome) {
  const outcomes = new Set(FILTER.outcomes);
  if (!outcomes.delete(outcome)) outcomes.add(outcome);
  setFilter({ outcomes });
}

// Choose an episode, or none; `read`: also show it where there is room for one thing only.
function choose(index, read) {
  if (index === chosen && reading === (read || reading)) return;
  chosen = index;
  reading = index !== null && (read || reading);
  tell("choice");
}

function stopReading() {
  reading = false;
  tell("choice");
}

// The episode `by` places further in the list, or at its end.
function move(by) {
  if (passing.length === 0) return;
  const at = chosen === null ? -1 : passing.indexOf(chosen);
  const to = at < 0 ? (by > 0 ? 0 : passing.length - 1) : at + by;
  choose(passing[Math.min(passing.length - 1, Math.max(0, to))], false);
}
