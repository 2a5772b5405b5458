// Last: show what the address asks for.
byId("live").hidden = EPISODES.length === 0;
if (EPISODES.length) {
  readHash();
  showEpisode();
  fitTimeline();
}
