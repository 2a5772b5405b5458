// Where things are in the timeline: time across, threads down, four lanes in an open thread.
const AXIS = 26; // CSS pixels, all of these
const NAME_ROW = 24;
const LANE = 20;
const THREAD_GAP = 8;
const OPEN_HEIGHT = NAME_ROW + 4 * LANE + THREAD_GAP;
const CLOSED_HEIGHT = NAME_ROW + 4;
const OPEN_AT_FIRST = 3; // threads, where there are many
const MOST_TICKS = 100; // far more than there is room for, and few where times are absurd

// When an episode was over: its outcome known, or later still something seen of it.
function endOf(episode) {
  return episode.at + Math.max(episode.took ?? 0, episode.seen?.at(-1) ?? 0);
}

const END = EPISODES.reduce((latest, one) => Math.max(latest, endOf(one)), 1);
const MARGIN = 0.03; // on both sides, a share of the whole
const VIEW = { from: 0, to: END };
const OPEN_THREADS = new Set(DATA.threads.map((_, index) => index).slice(0, OPEN_AT_FIRST));
if (DATA.threads.length <= OPEN_AT_FIRST + 2) DATA.threads.forEach((_, index) => OPEN_THREADS.add(index));

let byThread = new Map(); // thread → its episodes that pass the filters, in order of time

function sortByThread() {
  byThread = new Map();
  for (const index of passing) {
    const { thread } = EPISODES[index];
    if (!byThread.has(thread)) byThread.set(thread, []);
    byThread.get(thread).push(index);
  }
  for (const indices of byThread.values()) {
    indices.sort((one, other) => EPISODES[one].at - EPISODES[other].at);
  }
}

// Each thread that has something to show, with its place below the axis.
function threadRows() {
  let top = 0;
  const rows = [];
  for (const thread of [...byThread.keys()].sort((one, other) => one - other)) {
    const open = OPEN_THREADS.has(thread);
    const height = open ? OPEN_HEIGHT : CLOSED_HEIGHT;
    rows.push({ thread, open, top, height });
    top += height;
  }
  return rows;
}

function openOrClose(thread) {
  if (!OPEN_THREADS.delete(thread)) OPEN_THREADS.add(thread);
}

function gutter(width) {
  return width < 560 ? 84 : 168;
}

// CSS pixels from the left for a time, in a canvas so wide.
function xOf(at, width) {
  const left = gutter(width);
  return left + ((at - VIEW.from) / (VIEW.to - VIEW.from)) * (width - left - 14);
}

// Where an episode is in a lane: when it was seen there.
function laneX(episode, lane, width) {
  return xOf(episode.at + (episode.seen?.[lane] ?? 0), width);
}

function timeAt(x, width) {
  const left = gutter(width);
  return VIEW.from + ((x - left) / (width - left - 14)) * (VIEW.to - VIEW.from);
}

function laneY(row, lane) {
  return row.top + NAME_ROW + lane * LANE + LANE / 2;
}

// Show the times from..to, no further out than the whole and no closer than a microsecond, or
// than numbers of this size can be told apart.
function setView(from, to) {
  const margin = END * MARGIN;
  const least = Math.max(DATA.timed ? 1e3 : 2, END * 1e-12);
  const size = Math.min(END + 2 * margin, Math.max(least, to - from));
  const start = Math.min(Math.max(-margin, from), END + margin - size);
  VIEW.from = start;
  VIEW.to = start + size;
}

// Show all that passes the filters, and go on doing so until the reader moves or zooms.
let fitted = true;

function fit() {
  let [from, to] = [Infinity, -Infinity];
  for (const index of passing) {
    from = Math.min(from, EPISODES[index].at);
    to = Math.max(to, endOf(EPISODES[index]));
  }
  const margin = Math.max((to - from) * MARGIN, DATA.timed ? 5e5 : 5);
  if (passing.length) setView(from - margin, to + margin);
  fitted = true;
}

function zoomBy(factor, at) {
  fitted = false;
  const centre = at ?? (VIEW.from + VIEW.to) / 2;
  setView(centre - (centre - VIEW.from) / factor, centre + (VIEW.to - centre) / factor);
}

function panBy(share) {
  fitted = false;
  const by = share * (VIEW.to - VIEW.from);
  setView(VIEW.from + by, VIEW.to + by);
}

// Ticks at round times, about `room` pixels apart, with as many digits as tell them apart.
function ticks(width, room) {
  const wanted = ((VIEW.to - VIEW.from) / Math.max(1, width - gutter(width))) * room;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= wanted);
  const largest = Math.max(Math.abs(VIEW.from), Math.abs(VIEW.to));
  const units = DATA.timed ? [["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]] : [["", 1]];
  const [unit, size] = units.find(([, value]) => largest >= value) ?? units.at(-1);
  const digits = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9)));
  const found = [];
  const first = Math.ceil(VIEW.from / step);
  for (let number = 0; number < MOST_TICKS; number++) {
    const at = (first + number) * step;
    if (at < 0 || at > END * 1.0001) continue;
    if (!(at <= VIEW.to)) break;
    found.push({ at, label: `${(at / size).toFixed(digits)} ${unit}`.trim() });
  }
  return found;
}

// Episodes too close to be told apart are one mark.
const SLOT = 10;

function slots(row, width) {
  const indices = byThread.get(row.thread);
  const found = [];
  let current = null;
  for (const index of indices) {
    const x = xOf(EPISODES[index].at, width);
    const end = xOf(endOf(EPISODES[index]), width);
    if (end < gutter(width) - SLOT || x > width + SLOT) continue;
    if (current !== null && x - current.x < SLOT) {
      current.indices.push(index);
      current.last = x;
    } else {
      current = { x, last: x, indices: [index], row };
      found.push(current);
    }
  }
  return found;
}
