// Two fingers on the timeline: it zooms by how far they go apart, and goes along with them.
const FINGERS = new Map(); // pointer → where it is, in the window
let pinch = null;

function spread() {
  const [one, other] = FINGERS.values();
  return {
    x: (one.x + other.x) / 2 - CANVAS.getBoundingClientRect().left,
    apart: Math.max(1, Math.hypot(one.x - other.x, one.y - other.y)),
  };
}

function beginPinch() {
  drag = null; // the first finger's
  const { x, apart } = spread();
  pinch = { apart, time: timeAt(x, CANVAS.clientWidth), size: VIEW.to - VIEW.from };
}

// What was between the fingers stays there.
function goOnPinching() {
  const { x, apart } = spread();
  const size = (pinch.size * pinch.apart) / apart;
  setView(pinch.time - size / 2, pinch.time + size / 2);
  const by = pinch.time - timeAt(x, CANVAS.clientWidth);
  setView(VIEW.from + by, VIEW.to + by);
  fitted = false;
  drawSoon();
}

function liftFinger(event) {
  if (FINGERS.delete(event.pointerId)) pinch = null;
}

TIMELINE.addEventListener("pointerdown", (event) => {
  if (event.pointerType !== "touch") return;
  FINGERS.set(event.pointerId, { x: event.clientX, y: event.clientY });
  pinch = null;
  if (FINGERS.size === 2) beginPinch();
});
window.addEventListener("pointermove", (event) => {
  if (!FINGERS.has(event.pointerId)) return;
  FINGERS.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (pinch !== null) goOnPinching();
});
window.addEventListener("pointerup", liftFinger);
window.addEventListener("pointercancel", liftFinger);
// One finger scrolls the page up and down, two do not.
TIMELINE.addEventListener("touchmove", (event) => {
  if (event.touches.length === 2 && event.cancelable) event.preventDefault();
}, { passive: false });
