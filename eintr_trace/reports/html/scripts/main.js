// Last: show what the address asks for.
byId("live").hidden = EPISODES.length === 0;
if (EPISODES.length) {
  const isNamed = readHash();
  showEpisode();
  fitTimeline();
  if (isNamed) {
    requestAnimationFrame(() => {
      showChosenMark(); // once the timeline has its height
      bringIntoView();
    });
  }
}
