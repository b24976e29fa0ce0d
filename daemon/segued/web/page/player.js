// One passage, heard in the browser: from where to where, and where it is.

import { TICKS_PER_SECOND, seconds, ticks } from "./words.js";

/**
 * A player of a file's own bytes.
 *
 * `moved` is called while it plays and after every jump, `changed` when it
 * begins, stops or fails. What it cannot do is in `trouble`, as a sentence.
 */
export function player({ source, file, moved, changed }) {
  const sound = new Audio();
  const state = { at: 0, until: null, isPlaying: false, trouble: refusal(sound, file) };
  let frame = 0;
  let isLoaded = false;

  sound.preload = "none";
  sound.addEventListener("playing", begun);
  sound.addEventListener("pause", ended);
  sound.addEventListener("ended", ended);
  sound.addEventListener("error", () => isLoaded && failed());

  function load() {
    if (isLoaded) return;
    isLoaded = true;
    sound.src = source;
  }

  async function play(from = state.at, until = null) {
    if (state.trouble) return;
    load();
    Object.assign(state, { at: from, until });
    try {
      await ready(sound);
      sound.currentTime = seconds(from);
      await sound.play();
    } catch (error) {
      // A play that was cut short by a pause is what was asked for.
      if (error?.name !== "AbortError") failed();
    }
  }

  function pause() {
    sound.pause();
  }

  /** Go to a position; what plays goes on from there, until `until`. */
  function seek(at, until = state.until) {
    Object.assign(state, { at, until });
    if (isLoaded && sound.readyState > 0) sound.currentTime = seconds(at);
    moved();
  }

  function begun() {
    state.isPlaying = true;
    cancelAnimationFrame(frame);
    step();
    changed();
  }

  function ended() {
    cancelAnimationFrame(frame);
    if (!state.isPlaying) return;
    state.isPlaying = false;
    here();
    moved();
    changed();
  }

  function step() {
    here();
    moved();
    if (state.until !== null && state.at >= state.until) {
      state.at = state.until;
      sound.pause();
    } else {
      frame = requestAnimationFrame(step);
    }
  }

  function here() {
    const at = Math.min(file.duration_ticks ?? Infinity, ticks(sound.currentTime));
    state.at = state.until === null ? at : Math.min(at, state.until);
  }

  function failed() {
    state.trouble = "The browser could not play this file.";
    state.isPlaying = false;
    cancelAnimationFrame(frame);
    changed();
  }

  /** Be silent, and let go of the file. */
  function stop() {
    isLoaded = false;
    state.isPlaying = false;
    cancelAnimationFrame(frame);
    sound.pause();
    sound.removeAttribute("src");
    sound.load();
  }

  return { state, play, pause, seek, stop };
}

function refusal(sound, { status, playable, audio_type: type }) {
  if (status === "MISSING") return "The file is not there, so it cannot be played.";
  if (!playable) return "This kind of file cannot be played in a browser.";
  if (type && sound.canPlayType(type) === "") return `This browser does not play ${type}.`;
  return null;
}

// A position that is set before the length is known may be lost.
function ready(sound) {
  if (sound.readyState >= HTMLMediaElement.HAVE_METADATA) return Promise.resolve();
  return new Promise((resolve, reject) => {
    sound.preload = "auto";
    sound.addEventListener("loadedmetadata", resolve, { once: true });
    sound.addEventListener("error", reject, { once: true });
    sound.load();
  });
}

/** Some seconds before a mark, but not before its passage. */
export const before = (mark, start) => Math.max(start, mark - 5 * TICKS_PER_SECOND);
