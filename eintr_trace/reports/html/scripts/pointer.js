// The timeline under pointer and keys: drag moves, Ctrl and the wheel zoom, a click chooses.
// What two fingers do is in pinch.js.
const TIP = byId("timeline-tip");
const NEAR = 9; // CSS pixels from a mark
let drag = null;

function pointed(event) {
  const box = CANVAS.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top, width: box.width };
}

function slotAt({ x, y, width }) {
  let best = null;
  let under = null; // on the bar that leads on from a mark
  for (const slot of drawn) {
    const { top, height } = slot.row;
    const right = slot.indices.length > 1 ? slot.last : xOf(endOf(EPISODES[slot.indices[0]]), width);
    const away = Math.max(slot.x - x, x - slot.last, 0);
    if (away > NEAR && x <= right && y > Math.max(AXIS, top) && y < top + height) under = slot;
    if (y < Math.max(AXIS, top) || y > top + height || away > NEAR) continue;
    if (best === null || away < best.away) best = { slot, away };
  }
  return best?.slot ?? under;
}

// Of several in one place the worst, the one that a reader looks for.
function worstOf(indices) {
  const tone = worstTone(indices);
  return indices.find((index) => toneOf(EPISODES[index]) === tone);
}

function toggleThread({ y }) {
  const row = threadRows().find(({ top, height }) => {
    const at = y - AXIS + TIMELINE.scrollTop;
    return at >= top && at < top + height;
  });
  if (!row) return;
  openOrClose(row.thread);
  drawSoon();
}

function showTip(event) {
  const at = pointed(event);
  const slot = drag?.moved || at.x < gutter(at.width) - NEAR ? null : slotAt(at);
  TIP.hidden = slot === null;
  TIMELINE.style.cursor = slot || at.x < gutter(at.width) - NEAR ? "pointer" : "";
  if (slot === null) return;
  const one = EPISODES[worstOf(slot.indices)];
  const more = slot.indices.length - 1;
  TIP.replaceChildren(
    el("div", null, el("strong", null, `#${one.id} `), outcomeLabel(one.outcome)),
    el("div", null, text(one.headline) || text(one.what)),
    more ? el("div.soft", null, `and ${more} more here: double-click to zoom in`) : "",
  );
  const box = TIMELINE.parentElement.getBoundingClientRect();
  const left = Math.min(event.clientX - box.left + 14, box.width - TIP.offsetWidth - 4);
  TIP.style.left = `${Math.max(0, left)}px`;
  TIP.style.top = `${event.clientY - box.top + 18}px`;
}

TIMELINE.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  drag = { x: event.clientX, from: VIEW.from, to: VIEW.to, moved: false };
});
window.addEventListener("pointermove", (event) => {
  if (drag === null) return;
  const by = event.clientX - drag.x;
  if (!drag.moved && Math.abs(by) < 4) return;
  drag.moved = true;
  const { width } = pointed(event);
  const time = (by / (width - gutter(width))) * (drag.to - drag.from);
  setView(drag.from - time, drag.to - time);
  fitted = false;
  drawSoon();
});
window.addEventListener("pointerup", () => {
  const before = drag;
  setTimeout(() => {
    if (drag === before) drag = null; // after the click that ends it
  });
});
window.addEventListener("pointercancel", () => {
  drag = null; // the browser scrolls instead
});
TIMELINE.addEventListener("pointermove", showTip);
TIMELINE.addEventListener("pointerleave", () => {
  TIP.hidden = true;
});
TIMELINE.addEventListener("click", (event) => {
  if (drag?.moved) return;
  const at = pointed(event);
  if (at.x < gutter(at.width) - NEAR) toggleThread(at);
  else {
    const slot = slotAt(at);
    if (!slot) return;
    choose(worstOf(slot.indices), true);
    if (slot.indices.length === 1) bringIntoView(); // else a second click may follow, to zoom in
  }
});
TIMELINE.addEventListener("dblclick", (event) => {
  const at = pointed(event);
  if (at.x < gutter(at.width)) return;
  zoomBy(4, timeAt(at.x, at.width));
  drawSoon();
});
TIMELINE.addEventListener("wheel", (event) => {
  const at = pointed(event);
  if (event.ctrlKey) zoomBy(Math.exp(-event.deltaY / 200), timeAt(at.x, at.width));
  else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) panBy((event.deltaX || event.deltaY) / at.width);
  else return; // the page scrolls
  event.preventDefault();
  drawSoon();
}, { passive: false });

const TIMELINE_KEYS = {
  ArrowLeft: () => panBy(-0.2),
  ArrowRight: () => panBy(0.2),
  "+": () => zoomBy(2, chosenTime()),
  "=": () => zoomBy(2, chosenTime()),
  "-": () => zoomBy(0.5, chosenTime()),
  ArrowUp: () => markThread(-1),
  ArrowDown: () => markThread(1),
  Enter: openOrCloseMarked,
  0: fit,
};
const SHOWS_OTHER_TIMES = ["ArrowLeft", "ArrowRight", "+", "=", "-", "0"];
for (const [key, act] of Object.entries(TIMELINE_KEYS)) {
  TIMELINE_KEYS[key] = () => {
    act();
    if (SHOWS_OTHER_TIMES.includes(key)) sayShownTimes();
    drawSoon();
  };
}

// Zooming without a pointer keeps the chosen episode where it is.
function chosenTime() {
  const at = chosen === null ? null : EPISODES[chosen].at;
  return at !== null && at >= VIEW.from && at <= VIEW.to ? at : undefined;
}

byId("zoom-in").addEventListener("click", TIMELINE_KEYS["+"]);
byId("zoom-out").addEventListener("click", TIMELINE_KEYS["-"]);
byId("zoom-fit").addEventListener("click", TIMELINE_KEYS[0]);
byId("threads-open").hidden = DATA.threads.length < 2;
byId("threads-open").addEventListener("click", () => {
  const open = OPEN_THREADS.size < DATA.threads.length;
  OPEN_THREADS.clear();
  if (open) DATA.threads.forEach((_, index) => OPEN_THREADS.add(index));
  drawSoon();
});
