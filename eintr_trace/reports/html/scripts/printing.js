// On paper: the episodes that pass the filters, opened, up to a bound; in light colours.
const MOST_PRINTED = 100;

function printedEpisodes() {
  const made = passing.slice(0, MOST_PRINTED).map((index) => el("article.detail", null, episodeParts(EPISODES[index])));
  if (passing.length > MOST_PRINTED) {
    made.push(el("p", null, `${passing.length - MOST_PRINTED} more episodes are not printed: filter them to print those you need.`));
  }
  for (const one of made.flatMap((article) => [...article.querySelectorAll(".chain details")])) one.open = true;
  return made;
}

window.addEventListener("beforeprint", () => {
  byId("printed").replaceChildren(...printedEpisodes());
  drawTimeline("light");
});
window.addEventListener("afterprint", () => {
  byId("printed").replaceChildren();
  drawTimeline();
});
