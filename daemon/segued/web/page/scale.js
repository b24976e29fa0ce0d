// Converts ticks to pixels and back for the visible range of a file.

import { TICKS_PER_SECOND, clock } from "./wording.js";

const RANGE_TICKS_MIN = TICKS_PER_SECOND / 2;
const STEPS_SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

/** The range `from` to `to` of a file, drawn `width` pixels wide; the whole file by default. */
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
    contains: (ticks) => from <= ticks && ticks <= to,
  };
}

/** The range of `span` ticks around `middle`, moved inside the file. */
export function rangeAround(duration, middle, span) {
  const length = Math.min(duration, Math.max(RANGE_TICKS_MIN, span));
  const from = Math.round(Math.min(duration - length, Math.max(0, middle - length / 2)));
  return [from, Math.round(from + length)];
}

/** The labels of the time axis, at round times at least `distance` pixels apart. */
export function timeLabels({ from, to, span, width, x }, distance = 76) {
  const minSeconds = (span / TICKS_PER_SECOND / width) * distance;
  const step = STEPS_SECONDS.find((each) => each >= minSeconds) ?? STEPS_SECONDS.at(-1);
  const labels = [];
  for (let n = Math.ceil(from / TICKS_PER_SECOND / step); ; n += 1) {
    const at = n * step * TICKS_PER_SECOND;
    if (at > to) return labels;
    labels.push({ x: x(at), text: labelText(n * step, step) });
  }
}

function labelText(seconds, step) {
  if (step >= 1) return clock(Math.round(seconds));
  const tenths = Math.round(seconds * 10);
  return `${clock(Math.floor(tenths / 10))}.${tenths % 10}`;
}
