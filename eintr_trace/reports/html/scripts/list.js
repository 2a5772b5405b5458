// The list of episodes. Only the rows in view are there, so that 10,000 cost what 30 do.
const LIST = byId("list");
const LIST_SPACE = byId("list-space");
const ROW_HEIGHT = 76; // CSS pixels, as in list.css
const ROWS_BEYOND = 6; // above and below what is in view
const ROWS = new Map(); // by place in the list

function row(place) {
  const index = passing[place];
  const one = EPISODES[index];
  const isChosen = index === chosen;
  const made = el(
    "div.row",
    {
      role: "option",
      id: `row-${one.id}`,
      "aria-selected": String(isChosen),
      "aria-posinset": place + 1,
      "aria-setsize": passing.length,
      onclick: () => {
        choose(index, true);
        if (NARROW.matches) bringIntoView();
      },
    },
    el(
      "div.row-first",
      null,
      el("span.row-id", null, `#${one.id}`),
      outcomeLabel(one.outcome),
      el("span.row-time", null, text(one.clock)),
    ),
    el(
      "div.row-second",
      { title: text(one.headline) },
      one.induced ? el("span.tag.warn", null, "tracer-induced") : null,
      text(one.headline) || text(one.what),
    ),
  );
  made.style.top = `${place * ROW_HEIGHT}px`;
  return made;
}

function showRows() {
  const first = Math.max(0, Math.floor(LIST.scrollTop / ROW_HEIGHT) - ROWS_BEYOND);
  const last = Math.min(
    passing.length,
    Math.ceil((LIST.scrollTop + LIST.clientHeight) / ROW_HEIGHT) + ROWS_BEYOND,
  );
  for (const [place, made] of ROWS) {
    if (place < first || place >= last) {
      made.remove();
      ROWS.delete(place);
    }
  }
  for (let place = first; place < last; place++) {
    if (ROWS.has(place)) continue;
    const made = row(place);
    ROWS.set(place, made);
    LIST_SPACE.append(made);
  }
}

function showList() {
  for (const made of ROWS.values()) made.remove();
  ROWS.clear();
  LIST_SPACE.style.height = `${passing.length * ROW_HEIGHT}px`;
  LIST.classList.toggle("empty", passing.length === 0);
  showRows();
}

function showChosenRow() {
  for (const [place, made] of ROWS) {
    made.setAttribute("aria-selected", String(passing[place] === chosen));
  }
  const place = passing.indexOf(chosen);
  if (place < 0) {
    LIST.removeAttribute("aria-activedescendant");
    return;
  }
  const top = place * ROW_HEIGHT;
  if (top < LIST.scrollTop) LIST.scrollTop = top;
  else if (top + ROW_HEIGHT > LIST.scrollTop + LIST.clientHeight) {
    LIST.scrollTop = top + ROW_HEIGHT - LIST.clientHeight;
  }
  showRows();
  LIST.setAttribute("aria-activedescendant", `row-${EPISODES[chosen].id}`);
}

LIST.addEventListener("scroll", showRows, { passive: true });
new ResizeObserver(showRows).observe(LIST);
whenChanged((what) => {
  if (what === "filter") showList();
  showChosenRow();
});
