// Plays tracks one after another; a track is a part of a file.

import { seconds } from "./wording.js";

/** `current` is the id of the passage that is played; null if none is. */
export function trackPlayer(page) {
  const audio = new Audio();
  const player = { current: null, playFrom, stop };
  let queue = [];
  let end = 0;

  audio.addEventListener("timeupdate", () => {
    if (player.current !== null && audio.currentTime >= end) next();
  });
  audio.addEventListener("ended", next);
  audio.addEventListener("error", () => {
    if (player.current === null) return;
    page.showError(new Error("The browser cannot play this file."));
    next();
  });

  function playFrom(tracks, index) {
    queue = tracks.slice(index);
    next();
  }

  function next() {
    const track = queue.shift();
    if (!track) {
      stop();
      return;
    }
    player.current = track.passage;
    end = seconds(track.end_ticks);
    const start = seconds(track.start_ticks);
    const url = `/api/files/${encodeURIComponent(track.file)}/audio`;
    audio.src = start ? `${url}#t=${start}` : url;
    audio.play().catch(() => {});
    page.draw();
  }

  function stop() {
    queue = [];
    player.current = null;
    audio.pause();
    audio.removeAttribute("src");
    page.draw();
  }

  return player;
}
