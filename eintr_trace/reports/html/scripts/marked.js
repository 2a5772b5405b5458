// The thread that the keys open and close: framed while the timeline has the focus.
const MARKED_SAID = byId("marked-said");
let marked = null; // an index into DATA.threads

function markedRow(rows) {
  return rows.findIndex((row) => row.thread === marked);
}

// Mark the thread `by` places further down, or first the topmost or the lowest.
function markThread(by) {
  const rows = threadRows();
  if (rows.length === 0) return;
  const at = markedRow(rows);
  const to = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
  marked = rows[to].thread;
  scrollTo(rows[to]);
  sayMarked(rows[to]);
}

function openOrCloseMarked() {
  if (markedRow(threadRows()) < 0) return;
  openOrClose(marked);
  const rows = threadRows();
  sayMarked(rows[markedRow(rows)]);
}

function sayMarked(row) {
  const count = byThread.get(row.thread).length;
  const episodes = count === 1 ? "1 episode" : `${count} episodes`;
  MARKED_SAID.textContent = `${DATA.threads[row.thread].name}, ${row.open ? "open" : "closed"}, ${episodes}`;
}

function sayShownTimes() {
  const said = DATA.timed ? span : (line) => `line ${Math.round(line)}`;
  MARKED_SAID.textContent = `${said(Math.max(0, VIEW.from))} to ${said(Math.min(END, VIEW.to))}`;
}

function drawMarked(pen, rows, width, colours) {
  const row = rows[markedRow(rows)];
  if (!row || document.activeElement !== TIMELINE) return;
  pen.strokeStyle = colours.accent;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.roundRect(3, row.top + 3, gutter(width) - 14, (row.open ? NAME_ROW : CLOSED_HEIGHT) - 5, 4);
  pen.stroke();
}

TIMELINE.addEventListener("focus", drawSoon);
TIMELINE.addEventListener("blur", drawSoon);
