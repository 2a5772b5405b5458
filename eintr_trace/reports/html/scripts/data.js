// What the page has been given, read from #data; texts are put together from their patterns.
const DATA = JSON.parse(byId("data").textContent);
const EPISODES = DATA.episodes;
const BY_ID = new Map(EPISODES.map((episode, index) => [episode.id, index]));

// A text is the index of a pattern, or that and the numbers that go between its pieces.
function text(made) {
  if (made === null || made === undefined) return "";
  if (typeof made === "number") return DATA.patterns[made][0];
  const pieces = DATA.patterns[made[0]];
  let whole = pieces[0];
  for (let at = 1; at < pieces.length; at++) whole += made[at] + pieces[at];
  return whole;
}

function part(index) {
  return index === undefined ? null : DATA.parts[index];
}

function threadName(episode) {
  return DATA.threads[episode.thread].name;
}

function toneOf(episode) {
  return DATA.tones[episode.outcome];
}

// All that a search looks at, in small letters; made when it is first asked for.
const SEARCHED = new Map();

function searched(index) {
  let found = SEARCHED.get(index);
  if (found === undefined) {
    const one = EPISODES[index];
    const texts = [one.what, one.headline, ...(one.met ?? []), ...(one.costs ?? [])];
    texts.push(...(one.sentences ?? []).map((sentence) => sentence[1]));
    texts.push(...(one.evidence ?? []).map((evidence) => evidence[1]));
    texts.push(...(one.lines ?? []).map((line) => line[1]));
    texts.push(...(part(one.python)?.stack ?? []).map((frame) => frame.place.whole));
    found = [`#${one.id}`, one.outcome, ...texts.map(text)].join("\n").toLowerCase();
    SEARCHED.set(index, found);
  }
  return found;
}

// A span of time with three digits; of a log without times, so many lines.
function span(value) {
  if (!DATA.timed) return `${Math.round(value)} lines`;
  for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["µs", 1e3]]) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))} ${unit}`;
  }
  return `${Math.round(value)} ns`;
}
