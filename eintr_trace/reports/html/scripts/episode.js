// One episode, opened: the call it met, the four layers, what it cost, what to do, and the rest
// of what is known of it.
const DETAIL = byId("detail");

// A part of an episode with a heading.
function block(title, note, ...children) {
  return el(
    "section.block",
    null,
    el("h3", null, title, note === null ? null : el("span.soft.small", null, `  ${note}`)),
    ...children,
  );
}

function listed(title, texts, kind) {
  if (!texts?.length) return null;
  return block(title, null, el(`ul.${kind}`, null, texts.map((made) => el("li", null, text(made)))));
}

function head(episode) {
  const tone = toneOf(episode);
  return el(
    `header.episode-head.${tone}`,
    null,
    el(
      "div.episode-line",
      null,
      el("a.episode-id", { href: `#episode-${episode.id}`, title: "Link to this episode" }, `#${episode.id}`),
      outcomeLabel(episode.outcome),
      episode.inferred ? el("span.tag", { title: "By a rule, from what was seen" }, "inferred") : null,
      episode.induced ? el("span.tag.warn", null, `tracer-induced: ${episode.induced}`) : null,
      el("span.episode-time.soft", null, text(episode.clock)),
    ),
    el("h2", null, text(episode.headline) || text(episode.what)),
    text(episode.headline) ? el("p.soft", null, text(episode.what)) : null,
  );
}

function met(episode) {
  if (!episode.met) return null;
  const [call, result, again] = episode.met.map(text);
  return el(
    "div.met.code",
    null,
    el("div", null, call, " ", el("strong", null, result)),
    again === undefined ? null : el("div.soft", null, again),
  );
}

// What the glossary says of the episode's words; open for the next episode, too, once opened.
let wordsAreOpen = false;

function words(episode) {
  const known = part(episode.words);
  if (known === null) return null;
  return el(
    "details.words.small",
    { open: wordsAreOpen, ontoggle: (event) => { wordsAreOpen = event.target.open; } },
    el("summary", null, `What ${known.map(([word]) => text(word)).join(", ")} mean${known.length > 1 ? "" : "s"}`),
    el("dl.facts", null, known.flatMap(([word, short]) => [el("dt", null, text(word)), el("dd", null, text(short))])),
    el("p.soft", null, "eintr-trace explain says more of each."),
  );
}

function way(episode) {
  const path = part(episode.path);
  const decision = part(episode.decision);
  if (path === null && decision === null) return null;
  const children = [];
  let note = null;
  const figure = episode.figure === undefined ? null : byId(`figure-${episode.figure}`);
  if (figure !== null) children.push(figure.content.cloneNode(true));
  if (path?.of) note = `as #${path.of} went it, single-stepped`;
  else if (path) note = "single-stepped";
  if (path === null) {
    children.push(el("p.code.functions", null, decision.map(text).join(" → ")));
    note = "from the sampled stack, to who decided";
  }
  if (path?.steps.length) {
    children.push(
      el(
        "details.steps",
        null,
        el("summary", null, `${path.steps.length} steps, function by function`),
        el("ol.code", { tabindex: "0", "aria-label": "steps" }, path.steps.map((step) => el("li", null, text(step)))),
      ),
    );
  }
  return block("The way through C", note, ...children);
}

function straceLines(episode) {
  if (!episode.lines) return null;
  const lines = episode.lines.map(([label, made, note]) =>
    el(
      "div.strace-line",
      null,
      el("span.source-number", null, label ?? ""),
      el("div", null, el("span.code", null, text(made)), note === null ? null : el("div.strace-note", null, text(note))),
    ),
  );
  return block("In strace's words", null, el("div.strace", null, lines));
}

// All of an episode, as children of an element; also what is printed.
function episodeParts(episode) {
  const reduced = (episode.reduced ?? []).map((made) => el("p.notice.small", null, "Missing here: ", text(made)));
  return [
    head(episode),
    met(episode),
    words(episode),
    ...reduced,
    straceLines(episode),
    layers(episode),
    listed("What it cost", episode.costs, "costs"),
    listed("What to do", episode.advice, "advice"),
    exceptions(episode),
    pythonStack(episode),
    way(episode),
  ].filter((one) => one !== null);
}

// The button that was pressed is made anew with the episode: who uses the keyboard stays on it.
function step(by) {
  move(by);
  (DETAIL.querySelector(`[data-by="${by}"]:enabled`) ?? DETAIL).focus({ preventScroll: true });
}

function steps() {
  const place = passing.indexOf(chosen);
  const button = (label, by, isOff) =>
    el("button.quiet", { type: "button", disabled: isOff, "data-by": by, onclick: () => step(by) }, label);
  return el(
    "div.episode-tools.screen-only",
    null,
    el("button.quiet.back", { type: "button", onclick: leaveEpisode }, "← List"),
    el("span.spring", null),
    button("↑ Previous", -1, place === 0),
    button("Next ↓", 1, place === passing.length - 1),
  );
}

// Have the episode in view, at least its beginning.
function bringIntoView() {
  const { top } = DETAIL.getBoundingClientRect();
  if (NARROW.matches) DETAIL.scrollIntoView({ block: "start" });
  else if (top > window.innerHeight * 0.75) window.scrollBy(0, top - window.innerHeight * 0.5);
}

function leaveEpisode() {
  stopReading();
  LIST.focus({ preventScroll: true });
}

function showEpisode() {
  byId("split").classList.toggle("reading", reading);
  if (chosen === null) {
    DETAIL.replaceChildren(el("p.soft", null, "Choose an episode to see what became of it."));
    return;
  }
  DETAIL.replaceChildren(steps(), ...episodeParts(EPISODES[chosen]));
}

// The list tells its own options; what is chosen from elsewhere is said here.
function sayChosen() {
  if (document.activeElement === LIST || chosen === null) return;
  const { id, outcome, headline, what } = EPISODES[chosen];
  byId("chosen-said").textContent = `#${id}, ${outcome}: ${text(headline) || text(what)}`;
}

whenChanged((what) => {
  if (what === "choice") {
    showEpisode();
    sayChosen();
  }
  else if (chosen !== null) DETAIL.querySelector(".episode-tools")?.replaceWith(steps());
});
