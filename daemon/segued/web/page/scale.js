// From ticks to pixels and back, and which stretch of a file is looked at.

import { TICKS_PER_SECOND, clock } from "./words.js";

const SHORTEST_TICKS = TICKS_PER_SECOND / 2;
const STEPS_SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

/** A stretch of a file drawn `width` pixels wide; the whole of it by default. */
export function scale(duration, width, from = 0, to = duration) {
  const span = to - from;
  const x = (ticks) => ((ticks - from) / span) * width;
  return {
    duration,
    width,
    from,
    to,
    span,
    x,
    isWhole: from === 0 && to === duration,
    ticks: (pixels) => Math.round(Math.min(duration, Math.max(0, from + (pixels / width) * span))),
    isIn: (ticks) => from <= ticks && ticks <= to,
  };
}

/** The stretch of `span` ticks around `middle`, kept inside the file. */
export function around(duration, middle, span) {
  const long = Math.min(duration, Math.max(SHORTEST_TICKS, span));
  const from = Math.round(Math.min(duration - long, Math.max(0, middle - long / 2)));
  return [from, Math.round(from + long)];
}

/** Round moments at least `apart` pixels from each other, with their names. */
export function moments({ from, to, span, width, x }, apart = 76) {
  const per = (span / TICKS_PER_SECOND / width) * apart;
  const step = STEPS_SECONDS.find((each) => each >= per) ?? STEPS_SECONDS.at(-1);
  const found = [];
  for (let n = Math.ceil(from / TICKS_PER_SECOND / step); ; n += 1) {
    const at = n * step * TICKS_PER_SECOND;
    if (at > to) return found;
    found.push({ x: x(at), name: named(n * step, step) });
  }
}

function named(seconds, step) {
  if (step >= 1) return clock(Math.round(seconds));
  const tenths = Math.round(seconds * 10);
  return `${clock(Math.floor(tenths / 10))}.${tenths % 10}`;
}
