// The marks of the timeline. Each has its shape, so that it can be read without colour.
const TONE_ORDER = ["good", "warn", "bad"];
const LANE_NAMES = DATA.layers;

const PROBE = document.body.appendChild(el("span.colour-probe", { "aria-hidden": "true" }));

// A canvas cannot follow var() or light-dark(): what the page's colours are now.
function palette() {
  const colour = (name) => {
    PROBE.style.color = `var(--${name})`;
    return getComputedStyle(PROBE).color;
  };
  return {
    paper: colour("paper"), raised: colour("raised"), sunken: colour("sunken"), ink: colour("ink"),
    soft: colour("soft"), line: colour("line"), strong: colour("line-strong"), accent: colour("accent"),
    wash: colour("accent-wash"), good: colour("good"), warn: colour("warn"), bad: colour("bad"),
  };
}

function worstTone(indices) {
  return TONE_ORDER[Math.max(...indices.map((index) => TONE_ORDER.indexOf(toneOf(EPISODES[index]))))];
}

const SHAPES = {
  // Handed on: a disc.
  on(pen, x, y) {
    pen.beginPath();
    pen.arc(x, y, 3.6, 0, 2 * Math.PI);
    pen.fill();
  },
  // Called again: an arrow that comes back.
  again(pen, x, y, colours) {
    pen.beginPath();
    pen.arc(x, y, 6.5, 0, 2 * Math.PI);
    pen.fillStyle = colours.paper;
    pen.fill();
    pen.beginPath();
    pen.lineWidth = 2;
    pen.arc(x, y, 5, -0.35 * Math.PI, 1.25 * Math.PI);
    pen.stroke();
    pen.fillStyle = pen.strokeStyle;
    pen.beginPath();
    pen.moveTo(x + 6, y - 6.5);
    pen.lineTo(x + 6, y - 0.5);
    pen.lineTo(x + 0.5, y - 5);
    pen.fill();
  },
  // An exception: a cross.
  raised(pen, x, y, colours) {
    pen.fillStyle = colours.paper;
    pen.fillRect(x - 5.5, y - 5.5, 11, 11);
    pen.lineWidth = 2.5;
    pen.beginPath();
    pen.moveTo(x - 4.5, y - 4.5);
    pen.lineTo(x + 4.5, y + 4.5);
    pen.moveTo(x + 4.5, y - 4.5);
    pen.lineTo(x - 4.5, y + 4.5);
    pen.stroke();
  },
  // A cost: a diamond.
  cost(pen, x, y) {
    pen.beginPath();
    pen.moveTo(x, y - 6.5);
    pen.lineTo(x + 6.5, y);
    pen.lineTo(x, y + 6.5);
    pen.lineTo(x - 6.5, y);
    pen.fill();
  },
  // The end of the process: a square.
  died(pen, x, y) {
    pen.fillRect(x - 5, y - 5, 10, 10);
  },
};

const LEGEND = [
  ["on", "handed on"],
  ["again", "called again"],
  ["raised", "an exception"],
  ["cost", "it cost something"],
  ["died", "the process died"],
];

function drawShape(pen, shape, x, y, colour, colours) {
  pen.save();
  pen.fillStyle = colour;
  pen.strokeStyle = colour;
  pen.lineCap = "round";
  SHAPES[shape](pen, x, y, colours);
  pen.restore();
}

// One episode in an open thread: how far it went, from the kernel down, each lane at the time
// at which it was seen there, and a bar until the outcome was known.
function drawJourney(pen, slot, width, colours) {
  const episode = EPISODES[slot.indices[0]];
  const colour = colours[toneOf(episode)];
  const reached = episode.journey
    .map((shape, lane) => ({ shape, x: laneX(episode, lane, width), y: laneY(slot.row, lane) }))
    .filter(({ shape }) => shape !== null);
  const last = reached.at(-1);
  const end = xOf(endOf(episode), width);
  pen.strokeStyle = colour;
  pen.fillStyle = colour;
  pen.lineWidth = 1.5;
  pen.beginPath();
  reached.forEach(({ x, y }, at) => {
    if (at === 0) pen.moveTo(x, y);
    else {
      pen.lineTo(x, reached[at - 1].y);
      pen.lineTo(x, y);
    }
  });
  pen.stroke();
  if (end - last.x > 9) {
    pen.globalAlpha = 0.3;
    pen.fillRect(last.x, last.y - 2.5, end - last.x, 5);
    pen.globalAlpha = 1;
  }
  for (const { shape, x, y } of reached) drawShape(pen, shape, x, y, colour, colours);
}

// Several episodes in one place: a bar of all that came so far, divided by tone, the worst below.
function drawBar(pen, indices, box, colours) {
  const height = box.height / indices.length;
  let { top } = box;
  for (const tone of TONE_ORDER) {
    const count = indices.filter((index) => toneOf(EPISODES[index]) === tone).length;
    pen.fillStyle = colours[tone];
    pen.fillRect(box.left, top, box.width, count * height);
    top += count * height;
  }
}

function drawCluster(pen, slot, colours) {
  const box = { left: slot.x - 4, width: Math.max(8, slot.last - slot.x + 8), height: 14 };
  for (let lane = 0; lane < LANE_NAMES.length; lane++) {
    const here = slot.indices.filter((index) => EPISODES[index].journey[lane] !== null);
    if (here.length === 0) continue;
    // A lane that few of them reached has a low bar.
    const height = Math.max(4, box.height * (here.length / slot.indices.length));
    drawBar(pen, here, { ...box, height, top: laneY(slot.row, lane) + box.height / 2 - height }, colours);
  }
}

// The shapes of the tones, as in templates/symbols.html.
const TONE_SHAPES = {
  good: new Path2D("M8 1a7 7 0 1 1 0 14a7 7 0 1 1 0-14Z"),
  warn: new Path2D("M8 1 15.4 14.4H.6Z"),
  bad: new Path2D("M5 1h6l4 4v6l-4 4H5l-4-4V5Z"),
};
const TONE_SIZE = 12; // CSS pixels

// A closed thread has one lane: the shape of the tone, or a bar for several.
function drawClosed(pen, slot, colours) {
  const y = slot.row.top + CLOSED_HEIGHT / 2;
  if (slot.indices.length > 1) {
    const width = Math.max(8, slot.last - slot.x + 8);
    drawBar(pen, slot.indices, { left: slot.x - 4, width, top: y - 7, height: 14 }, colours);
    return;
  }
  const tone = toneOf(EPISODES[slot.indices[0]]);
  pen.save();
  pen.translate(slot.x - TONE_SIZE / 2, y - TONE_SIZE / 2);
  pen.scale(TONE_SIZE / 16, TONE_SIZE / 16);
  pen.fillStyle = colours[tone];
  pen.fill(TONE_SHAPES[tone]);
  pen.restore();
}
