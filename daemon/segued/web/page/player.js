// Plays a file or one of its passages in the browser.

import { TICKS_PER_SECOND, seconds, ticks } from "./wording.js";

/**
 * A player of a music file.
 *
 * `moved` is called while it plays and after every seek, `changed` when it
 * starts, stops or fails. `state` holds the position `at` and the end `until` in
 * ticks, and in `problem` why the file cannot be played, or null.
 */
export function player({ source, file, moved, changed }) {
  const audio = new Audio();
  const state = { at: 0, until: null, isPlaying: false, problem: unplayableReason(audio, file) };
  let frame = 0;
  let isLoaded = false;

  audio.preload = "none";
  audio.addEventListener("playing", onPlaying);
  audio.addEventListener("pause", onStopped);
  audio.addEventListener("ended", onStopped);
  audio.addEventListener("error", () => isLoaded && fail());

  function load() {
    if (isLoaded) return;
    isLoaded = true;
    audio.src = source;
  }

  async function play(from = state.at, until = null) {
    if (state.problem) return;
    load();
    Object.assign(state, { at: from, until });
    try {
      await metadataLoaded(audio);
      audio.currentTime = seconds(from);
      await audio.play();
    } catch (error) {
      // AbortError means that `pause` was called while the playback started.
      if (error?.name !== "AbortError") fail();
    }
  }

  function pause() {
    audio.pause();
  }

  /** Move to a position; a running playback continues there, to `until`. */
  function seek(at, until = state.until) {
    Object.assign(state, { at, until });
    if (isLoaded && audio.readyState > 0) audio.currentTime = seconds(at);
    moved();
  }

  function onPlaying() {
    state.isPlaying = true;
    cancelAnimationFrame(frame);
    step();
    changed();
  }

  function onStopped() {
    cancelAnimationFrame(frame);
    if (!state.isPlaying) return;
    state.isPlaying = false;
    readPosition();
    moved();
    changed();
  }

  function step() {
    readPosition();
    moved();
    if (state.until !== null && state.at >= state.until) {
      state.at = state.until;
      audio.pause();
    } else {
      frame = requestAnimationFrame(step);
    }
  }

  function readPosition() {
    const at = Math.min(file.duration_ticks ?? Infinity, ticks(audio.currentTime));
    state.at = state.until === null ? at : Math.min(at, state.until);
  }

  function fail() {
    state.problem = "The browser could not play this file.";
    state.isPlaying = false;
    cancelAnimationFrame(frame);
    changed();
  }

  /** Stop the playback, and release the file. */
  function stop() {
    isLoaded = false;
    state.isPlaying = false;
    cancelAnimationFrame(frame);
    audio.pause();
    audio.removeAttribute("src");
    audio.load();
  }

  return { state, play, pause, seek, stop };
}

function unplayableReason(audio, { status, playable, audio_type: type }) {
  if (status === "MISSING") return "The file is missing, so it cannot be played.";
  if (!playable) return "Browsers cannot play this file format.";
  if (type && audio.canPlayType(type) === "") return `This browser cannot play ${type}.`;
  return null;
}

// A position that is set before the metadata is loaded may be lost.
function metadataLoaded(audio) {
  if (audio.readyState >= HTMLMediaElement.HAVE_METADATA) return Promise.resolve();
  return new Promise((resolve, reject) => {
    audio.preload = "auto";
    audio.addEventListener("loadedmetadata", resolve, { once: true });
    audio.addEventListener("error", reject, { once: true });
    audio.load();
  });
}

/** The position 5 s before a mark, but not before the start of its passage. */
export const beforeMark = (mark, start) => Math.max(start, mark - 5 * TICKS_PER_SECOND);
