// The row of filters: what there is to choose comes from the episodes.
const SELECTS = { signal: "filter-signal", call: "filter-call", thread: "filter-thread", induced: "filter-induced" };

function tally(name) {
  const counts = new Map();
  for (const episode of EPISODES) counts.set(name(episode), (counts.get(name(episode)) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1]);
}

function offer(select, choices) {
  select.append(el("option", { value: "" }, "any"));
  for (const [value, label] of choices) select.append(el("option", { value }, label));
}

// A value that an address names, or "" where there is no such choice.
function offered(filter, value) {
  return [...byId(SELECTS[filter]).options].some((option) => option.value === value) ? value : "";
}

function filtersInWords() {
  const said = FILTER.outcomes.size ? [`outcome ${[...FILTER.outcomes].join(" or ")}`] : [];
  for (const [filter, id] of Object.entries(SELECTS)) {
    if (FILTER[filter] === "") continue;
    const label = byId(id).closest("label").firstChild.textContent.trim();
    const choice = byId(id).selectedOptions[0].textContent.replace(/ \(\d+\)$/, ""); // without its count
    said.push(`${label.toLowerCase()} ${choice}`);
  }
  if (FILTER.search) said.push(`text “${FILTER.search}”`);
  return said.join(", ");
}

function showFilters() {
  for (const [filter, id] of Object.entries(SELECTS)) {
    const select = byId(id);
    select.value = FILTER[filter];
    select.classList.toggle("used", select.value !== "");
  }
  const search = byId("search");
  if (search.value !== FILTER.search) search.value = FILTER.search;
  byId("clear").hidden = !isFiltered();
  const count = passing.length === EPISODES.length ? "all" : `${passing.length} of`;
  byId("shown").textContent = isFiltered() ? `${count} ${EPISODES.length} shown` : "";
}

offer(byId("filter-signal"), tally(signalName).map(([name, count]) => [name, `${name} (${count})`]));
offer(byId("filter-call"), tally(callName).map(([name, count]) => [name, `${name} (${count})`]));
offer(
  byId("filter-thread"),
  tally((episode) => episode.thread).map(([index, count]) => [index, `${DATA.threads[index].name} (${count})`]),
);
for (const [filter, id] of Object.entries(SELECTS)) {
  byId(id).addEventListener("change", (event) => setFilter({ [filter]: event.target.value }));
}
byId("filter-induced").closest("label").hidden = !EPISODES.some((episode) => episode.induced);
byId("search").addEventListener("input", (event) => setFilter({ search: event.target.value }));
byId("clear").addEventListener("click", () => {
  clearFilter();
  LIST.focus({ preventScroll: true }); // the button is gone
});
byId("filters").addEventListener("submit", (event) => event.preventDefault());
whenChanged(showFilters);
