// The Python side: the stack with its source lines, and the exceptions until somebody caught them.
function excerpt(index) {
  const { first, line, lines, changed } = DATA.excerpts[index];
  const code = el("pre.source", { tabindex: "0", role: "group", "aria-label": "source lines" });
  lines.forEach((source, at) => {
    const number = first + at;
    code.append(
      el(
        number === line ? "span.source-line.here" : "span.source-line",
        null,
        el("span.source-number", null, String(number)),
        el("span.source-text", null, source),
      ),
    );
  });
  if (!changed) return code;
  return el("div", null, el("p.notice.small", null, "This file has changed since the trace: these may not be the lines that ran."), code);
}

// A place in Python code: its lines open under it where they could be read.
function placeWithSource(place, lead, open) {
  const name = el("code", { title: text(place.whole) }, text(place.short));
  if (place.excerpt === null) return el("div.place", null, lead, name);
  return el("details.place", { open }, el("summary", null, lead, name), excerpt(place.excerpt));
}

function pythonStack(episode) {
  const side = part(episode.python);
  if (side === null || (side.stack.length === 0 && side.problem === null)) return null;
  const frames = side.stack.map((frame, at) => {
    const calls = frame.calls === null ? null : el("span.soft", null, ` calling ${text(frame.calls)}`);
    const shown = placeWithSource(frame.place, null, at === 0);
    (shown.querySelector("summary") ?? shown).append(calls ?? "");
    return el("li", null, shown);
  });
  return block(
    "Python stack",
    "innermost first",
    el("ol.stack", null, frames),
    side.problem === null ? null : el("p.soft.small", null, text(side.problem)),
    side.handler === null || side.handler.excerpt === null
      ? null
      : el("div.handler", null, placeWithSource(side.handler, el("span.soft", null, "the handler "), false)),
  );
}

function caughtText(raised) {
  if (raised.caught === null) return "caught: not known";
  return raised.caught ? "caught" : "not caught";
}

function exceptions(episode) {
  const raised = part(episode.raised);
  if (raised === null) return null;
  const steps = raised.chain.map((one, at) =>
    el(
      "li",
      null,
      el("div.exception", null, el("span.soft", null, at === 0 ? "raised " : "became "), el("code", null, text(one.what))),
      one.place === null ? null : placeWithSource(one.place, el("span.soft", null, "in "), false),
    ),
  );
  const end = el("li", null, el("div.exception", null, el("strong", null, caughtText(raised))));
  if (raised.by !== null) end.append(placeWithSource(raised.by, el("span.soft", null, "in "), false));
  return block("Exceptions", null, el("ol.chain", null, steps, end));
}
