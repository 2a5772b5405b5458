// On paper: the episodes that pass the filters, opened, up to a bound; in light colours.
const MOST_PRINTED = 100;

function printedEpisodes() {
  const made = passing.slice(0, MOST_PRINTED).map((index) => el("article.detail", null, episodeParts(EPISODES[index])));
  for (const one of made.flatMap((article) => [...article.querySelectorAll(".chain details")])) one.open = true;
  return [printedHead(), ...made];
}

// Which episodes are on paper, said before the first of them; null: all.
function printedHead() {
  const said = [];
  if (isFiltered()) {
    said.push(`${passing.length} of ${EPISODES.length} episodes pass the filters: ${filtersInWords()}.`);
  }
  if (passing.length > MOST_PRINTED) {
    const whose = isFiltered() ? "these" : `${passing.length} episodes`;
    said.push(`Printed are the first ${MOST_PRINTED} of ${whose}; filter the page to print others.`);
  }
  const left = threadRows().filter((row) => AXIS + row.top + row.height > PAPER_HEIGHT).length;
  if (left) said.push(`The timeline has the first ${byThread.size - left} of ${byThread.size} threads.`);
  return said.length ? el("p.notice", null, said.join(" ")) : null;
}

window.addEventListener("beforeprint", () => {
  byId("printed").replaceChildren(...printedEpisodes().filter((one) => one !== null));
  drawForPaper();
});
window.addEventListener("afterprint", () => {
  byId("printed").replaceChildren();
  drawForScreen();
});
