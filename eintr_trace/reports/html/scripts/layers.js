// The four layers of an episode: sentences, and beside them what they rest on, by number.
function citation(number) {
  return el(
    "button.citation",
    { type: "button", "data-evidence": number, "aria-label": `evidence ${number}` },
    String(number),
  );
}

function sentence(one) {
  const [, made, cited, inferred] = one;
  const numbers = part(cited);
  const whole = el("p.sentence", { "data-cites": numbers.join(" ") }, text(made));
  if (inferred) whole.append(" ", el("span.tag", { title: "A rule is part of its evidence" }, "inferred"));
  if (numbers.length) whole.append(" ", el("span.citations", null, numbers.map(citation)));
  return whole;
}

function evidenceItem(one, number) {
  const [kind, made, after] = one;
  return el(
    "li.evidence",
    { "data-number": number, tabindex: "-1" },
    el("span.evidence-number", null, String(number)),
    el(
      "div",
      null,
      el("span.evidence-kind", null, DATA.kinds[kind], after === null ? "" : `, ${text(after)}`),
      el("span.evidence-text", null, text(made)),
    ),
  );
}

// The layer beside which an evidence stands: the first that cites it; null: none does.
function layerOf(episode, number) {
  const citing = (episode.sentences ?? []).filter((one) => part(one[2]).includes(number));
  return citing.length ? Math.min(...citing.map((one) => one[0])) : null;
}

function evidenceList(items) {
  return items.length ? el("ol.evidences", null, items) : null;
}

function layers(episode) {
  const places = DATA.layers.map(() => []);
  const others = [];
  (episode.evidence ?? []).forEach((one, at) => {
    const layer = layerOf(episode, at + 1);
    (layer === null ? others : places[layer]).push(evidenceItem(one, at + 1));
  });
  const shown = DATA.layers.map((name, layer) => {
    const sentences = (episode.sentences ?? []).filter((one) => one[0] === layer);
    if (sentences.length === 0) return null;
    return el(
      `section.layer.layer-${name.toLowerCase()}`,
      null,
      el("h3.layer-name", null, name),
      el("div.layer-sentences", null, sentences.map(sentence)),
      evidenceList(places[layer]),
    );
  });
  if (others.length === 0 && shown.every((one) => one === null)) return null;
  const whole = el("div.layers", null, shown);
  if (others.length) {
    whole.append(
      el(
        "details.layer-others",
        null,
        el("summary", null, others.length === 1 ? "one more observation" : `${others.length} more observations`),
        evidenceList(others),
      ),
    );
  }
  linkEvidence(whole);
  return whole;
}

// Pointing at a number lights what it names, and at an evidence the sentences that rest on it.
function linkEvidence(whole) {
  const lit = (target) => {
    for (const one of whole.querySelectorAll(".lit")) one.classList.remove("lit");
    const button = target?.closest("[data-evidence]");
    const item = target?.closest("[data-number]");
    const number = button?.dataset.evidence ?? item?.dataset.number;
    if (number === undefined) return;
    whole.querySelector(`[data-number="${number}"]`)?.classList.add("lit");
    for (const one of whole.querySelectorAll(`[data-cites~="${number}"]`)) {
      if (item || one.contains(target)) one.classList.add("lit");
    }
  };
  whole.addEventListener("pointerover", (event) => lit(event.target));
  whole.addEventListener("pointerleave", () => lit(null));
  whole.addEventListener("focusin", (event) => lit(event.target));
  whole.addEventListener("focusout", () => lit(null));
  whole.addEventListener("click", (event) => {
    const number = event.target.closest("[data-evidence]")?.dataset.evidence;
    if (number === undefined) return;
    const item = whole.querySelector(`[data-number="${number}"]`);
    item.scrollIntoView({ block: "nearest" });
    item.focus({ preventScroll: true });
  });
}
