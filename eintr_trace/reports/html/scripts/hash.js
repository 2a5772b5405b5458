// The address keeps what is shown: #episode-12&outcome=raised,died&call=recvfrom&q=text.
const HASH_NAMES = { signal: "signal", call: "call", thread: "tid", induced: "tracer", search: "q" };
let readingHash = false;
let wasReading = false;

function writtenHash() {
  const shown = chosen !== null && (reading || !NARROW.matches);
  const pieces = shown ? [`episode-${EPISODES[chosen].id}`] : [];
  if (FILTER.outcomes.size) pieces.push(`outcome=${[...FILTER.outcomes].join(",")}`);
  for (const [filter, name] of Object.entries(HASH_NAMES)) {
    let value = FILTER[filter];
    if (filter === "thread" && value !== "") value = DATA.threads[Number(value)].tid;
    if (value !== "") pieces.push(`${name}=${encodeURIComponent(value)}`);
  }
  return pieces.length ? `#${pieces.join("&")}` : "";
}

// Where a narrow window goes from the list to an episode, the browser's way back leads to the list.
function writeHash() {
  const hash = writtenHash();
  const goesOn = NARROW.matches && reading && !wasReading;
  wasReading = reading;
  if (readingHash || hash === location.hash) return;
  const address = hash || location.pathname + location.search;
  if (goesOn) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

function decoded(value) {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // a % that is no escape
  }
}

// Show what the address asks for; true if it names an episode.
function readHash() {
  const changes = { outcomes: new Set(), signal: "", call: "", thread: "", induced: "", search: "" };
  let episode = null;
  for (const piece of location.hash.slice(1).split("&")) {
    const [name, value] = [piece.split("=", 1)[0], decoded(piece.slice(piece.indexOf("=") + 1))];
    const number = /^episode-(\d+)$/.exec(piece);
    if (number) episode = BY_ID.get(Number(number[1])) ?? null;
    else if (name === "outcome") changes.outcomes = outcomesNamed(value);
    else if (name === "tid") changes.thread = threadIndex(value);
    else for (const [filter, known] of Object.entries(HASH_NAMES)) {
      if (known === name && filter !== "thread") changes[filter] = filter === "search" ? value : offered(filter, value);
    }
  }
  readingHash = true;
  setFilter(changes);
  if (episode !== null) choose(episode, true);
  else if (NARROW.matches && reading) stopReading();
  else if (chosen === null && !NARROW.matches && passing.length) choose(passing[0], false);
  readingHash = false;
  writeHash(); // what of it is known, as this page writes it
  return episode !== null;
}

function outcomesNamed(value) {
  return new Set(value.split(",").filter((outcome) => Object.hasOwn(DATA.tones, outcome)));
}

function threadIndex(tid) {
  const index = DATA.threads.findIndex((thread) => String(thread.tid) === tid);
  return index < 0 ? "" : String(index);
}

whenChanged(writeHash);
window.addEventListener("hashchange", () => {
  if (document.getElementById(location.hash.slice(1))) return writeHash(); // a way within the page
  if (readHash()) bringIntoView();
});
