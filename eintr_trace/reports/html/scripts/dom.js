// Elements. Text goes in as text only: nothing here, or anywhere, makes markup of a string.
const SVG = "http://www.w3.org/2000/svg";

function byId(id) {
  return document.getElementById(id);
}

// el("p.soft.small", {title: "…"}, "text", child, …): an element with classes, attributes and
// properties, and children; null children are left out.
function el(what, properties, ...children) {
  const [tag, ...classes] = what.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  add(made, children);
  return made;
}

function add(parent, children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) parent.append(child);
  }
}

// The shape of a tone: one of the page's symbols.
function mark(tone) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#mark-${tone}`);
  svg.append(use);
  return svg;
}

function outcomeLabel(outcome) {
  const tone = DATA.tones[outcome];
  return el(`span.outcome.${tone}`, null, mark(tone), outcome);
}

// A narrow window shows the list or an episode, a wide one both.
const NARROW = window.matchMedia("(max-width: 62rem)");
