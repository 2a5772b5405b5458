// The timeline: a canvas that stays in view while its threads scroll; it draws what is in view.
const TIMELINE = byId("timeline");
const CANVAS = byId("timeline-canvas");
const FONT = getComputedStyle(document.body).fontFamily;
let mostHeight = 420; // CSS pixels
const PAPER_WIDTH = 720; // of A4 and Letter, within their margins
const PAPER_HEIGHT = 520;
let drawn = []; // the marks in view, for the pointer
let drawing = 0;
let onPaper = false;

function drawTimeline() {
  draw(palette());
}

function drawSoon() {
  cancelAnimationFrame(drawing);
  if (!onPaper) drawing = requestAnimationFrame(drawTimeline);
}

// Draw in the colours and the size of paper, until drawForScreen().
function drawForPaper() {
  onPaper = true;
  cancelAnimationFrame(drawing);
  TIMELINE.scrollTop = 0;
  const before = { theme: document.documentElement.dataset.theme, mostHeight };
  document.documentElement.dataset.theme = "light";
  TIMELINE.style.width = `${PAPER_WIDTH}px`;
  mostHeight = PAPER_HEIGHT;
  drawTimeline();
  drawLegend();
  TIMELINE.style.width = "";
  mostHeight = before.mostHeight;
  if (before.theme === undefined) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = before.theme;
}

function drawForScreen() {
  onPaper = false;
  drawTimeline();
  drawLegend();
}

function fitTimeline() {
  fit();
  drawSoon();
}

// Make the canvas as large as what is in view, in the pixels of the screen.
function sized(rows) {
  const whole = AXIS + rows.reduce((sum, row) => sum + row.height, 0) + 4;
  const width = TIMELINE.clientWidth;
  const height = Math.min(mostHeight, whole);
  const ratio = window.devicePixelRatio || 1;
  TIMELINE.style.height = `${height + 2}px`;
  byId("timeline-space").style.height = `${whole}px`;
  CANVAS.style.height = `${height}px`;
  CANVAS.style.marginBottom = `${-height}px`;
  CANVAS.width = Math.round(width * ratio);
  CANVAS.height = Math.round(height * ratio);
  const pen = CANVAS.getContext("2d");
  pen.scale(ratio, ratio);
  return { pen, width, height };
}

function draw(colours) {
  const allOpen = OPEN_THREADS.size === DATA.threads.length;
  byId("threads-open").textContent = allOpen ? "Close all threads" : "Open all threads";
  const rows = threadRows();
  const { pen, width, height } = sized(rows);
  const inView = rows
    .map((row) => ({ ...row, top: row.top + AXIS - TIMELINE.scrollTop }))
    .filter((row) => row.top < height && row.top + row.height > AXIS);
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, width, height);
  pen.textBaseline = "middle";
  inView.forEach((row) => drawBands(pen, row, width, colours));
  drawTicks(pen, width, height, colours);
  pen.save();
  pen.beginPath();
  pen.rect(gutter(width) - 8, AXIS, width, height);
  pen.clip();
  drawn = inView.flatMap((row) => slots(row, width));
  drawChosen(pen, width, colours);
  for (const slot of drawn) {
    if (!slot.row.open) drawClosed(pen, slot, colours);
    else if (slot.indices.length > 1) drawCluster(pen, slot, colours);
    else drawJourney(pen, slot, width, colours);
  }
  pen.restore();
  inView.forEach((row) => drawNames(pen, row, width, colours));
  drawMarked(pen, inView, width, colours);
  drawAxis(pen, width, colours);
}

function drawBands(pen, row, width, colours) {
  pen.fillStyle = colours.line;
  pen.fillRect(0, row.top, width, 1);
  if (!row.open) return;
  for (let lane = 0; lane < LANE_NAMES.length; lane++) {
    if (lane % 2) continue;
    pen.fillStyle = colours.raised;
    pen.fillRect(gutter(width) - 8, laneY(row, lane) - LANE / 2, width, LANE);
  }
}

function drawTicks(pen, width, height, colours) {
  pen.fillStyle = colours.line;
  for (const tick of ticks(width, 110)) pen.fillRect(Math.round(xOf(tick.at, width)), AXIS - 6, 1, height);
}

// The axis is drawn last, over threads that have scrolled under it.
function drawAxis(pen, width, colours) {
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, width, AXIS - 1);
  pen.fillStyle = colours.strong;
  pen.fillRect(0, AXIS - 1, width, 1);
  pen.font = `11px ${FONT}`;
  pen.fillStyle = colours.soft;
  pen.textAlign = "left";
  if (gutter(width) > 100) pen.fillText(DATA.timed ? "since the first" : "line of the log", 8, AXIS / 2);
  for (const tick of ticks(width, 110)) {
    const x = xOf(tick.at, width);
    const half = pen.measureText(tick.label).width / 2;
    pen.textAlign = "center";
    pen.fillText(tick.label, Math.min(x, width - half - 2), AXIS / 2);
  }
}

function cut(pen, name, room) {
  if (pen.measureText(name).width <= room) return name;
  let shown = name;
  while (shown && pen.measureText(`${shown}…`).width > room) shown = shown.slice(0, -1);
  return `${shown}…`;
}

function drawNames(pen, row, width, colours) {
  const left = gutter(width);
  const middle = row.top + (row.open ? NAME_ROW : CLOSED_HEIGHT) / 2;
  pen.textAlign = "left";
  pen.fillStyle = colours.soft;
  pen.font = `11px ${FONT}`;
  pen.fillText(row.open ? "▾" : "▸", 8, middle);
  pen.fillStyle = colours.ink;
  pen.font = `600 12px ${FONT}`;
  const narrow = left < 100;
  const name = narrow ? String(DATA.threads[row.thread].tid) : DATA.threads[row.thread].name;
  pen.fillText(cut(pen, name, row.open && !narrow ? width : left - 34), 22, middle);
  if (!row.open) return;
  pen.font = `11px ${FONT}`;
  pen.fillStyle = colours.soft;
  pen.textAlign = "right";
  LANE_NAMES.forEach((lane, at) => pen.fillText(lane, left - 16, laneY(row, at)));
}

// A frame around the chosen episode.
function drawChosen(pen, width, colours) {
  const slot = drawn.find((one) => one.indices.includes(chosen));
  if (!slot) return;
  const { row } = slot;
  const left = slot.x - 10;
  const single = slot.indices.length === 1 && row.open;
  const right = 10 + (single ? laneX(EPISODES[chosen], LANE_NAMES.length - 1, width) : slot.last);
  pen.fillStyle = colours.wash;
  pen.strokeStyle = colours.accent;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.roundRect(left, row.top + (row.open ? NAME_ROW - 2 : 2), right - left, row.height - (row.open ? NAME_ROW + 2 : 4), 4);
  pen.fill();
  pen.stroke();
}

function scrollTo(row) {
  const room = TIMELINE.clientHeight - AXIS;
  if (row.top < TIMELINE.scrollTop) TIMELINE.scrollTop = row.top;
  else if (row.top + row.height > TIMELINE.scrollTop + room) TIMELINE.scrollTop = row.top + row.height - room;
}

// Bring the chosen episode into view, as far as it is not.
function showChosenMark() {
  if (chosen !== null && passing.includes(chosen)) {
    const { at, thread } = EPISODES[chosen];
    const size = VIEW.to - VIEW.from;
    if (at < VIEW.from || at > VIEW.to) setView(at - size / 2, at + size / 2);
    scrollTo(threadRows().find((one) => one.thread === thread));
  }
  drawSoon();
}

function drawLegend() {
  const colours = palette();
  byId("legend").replaceChildren(
    ...LEGEND.map(([shape, label]) => {
      const ratio = window.devicePixelRatio || 1;
      const canvas = el("canvas", { width: 18 * ratio, height: 18 * ratio, "aria-hidden": "true" });
      const pen = canvas.getContext("2d");
      pen.scale(ratio, ratio);
      drawShape(pen, shape, 9, 9, colours.soft, colours);
      return el("li", null, canvas, label);
    }),
    el("li", null, TONE_ORDER.map((tone) => el(`span.tone-${tone}`, null, mark(tone))), "by outcome, in a closed thread"),
    el("li", null, TONE_ORDER.map((tone) => el(`span.swatch.${tone}`)), "several episodes; as high in a lane as the share that came so far"),
  );
}

whenChanged((what) => {
  if (what === "filter") {
    sortByThread();
    if (fitted) fit();
  }
  showChosenMark();
});
new ResizeObserver(drawSoon).observe(TIMELINE);
TIMELINE.addEventListener("scroll", drawSoon, { passive: true });
document.addEventListener("themechange", () => {
  drawLegend();
  drawSoon();
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  drawLegend();
  drawSoon();
});
sortByThread();
drawLegend();
