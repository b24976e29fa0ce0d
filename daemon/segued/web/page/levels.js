// How loud a file is along its way: asked for as fine as it is looked at.

import { ask, isGivenUp } from "./api.js";

const COLUMNS = [600, 1200, 2400, 4800, 9600, 38400, 153600];
const SILENT = 120; // half decibels below full scale: -60 dBFS

/** Ask for the levels of a file; `changed` is called when finer ones are there. */
export function levels(file, changed) {
  const state = { curve: null, error: null, ask: want, stop };
  const giveUp = new AbortController();
  let asked = 0;
  let most = COLUMNS.at(-1);

  async function want(columns) {
    const finest = COLUMNS.find((each) => each >= columns) ?? COLUMNS.at(-1);
    const wanted = Math.min(most, finest);
    if (wanted <= asked) return;
    asked = wanted;
    try {
      const curve = await ask(`/api/files/${encodeURIComponent(file)}/levels`, { columns: wanted }, giveUp.signal);
      if (curve.columns < wanted) most = curve.columns;
      if (curve.columns > (state.curve?.columns ?? 0)) Object.assign(state, { curve, error: null });
    } catch (error) {
      if (isGivenUp(error)) return;
      // What is there already is only less fine.
      most = state.curve?.columns ?? most;
      if (!state.curve) state.error = error;
    }
    changed();
  }

  function stop() {
    giveUp.abort();
  }

  return state;
}

/** The outline of a stretch of a curve, mirrored at `middle`, `half` pixels high. */
export function outline(values, columns, at, middle, half, loudest) {
  const heights = heightsOf(values, columns, at, half, loudest);
  const last = heights.length - 1;
  const up = heights.map((high, x) => `${x === 0 ? "M" : "L"}${x},${(middle - high).toFixed(2)}`);
  const down = heights.map((_, x) => `L${last - x},${(middle + heights[last - x]).toFixed(2)}`);
  return `${up.join("")}${down.join("")}Z`;
}

// Of the columns that share a pixel the loudest counts, or the quietest.
function heightsOf(values, columns, { from, span, duration, width }, half, loudest) {
  const pick = loudest ? Math.min : Math.max;
  const column = (pixel) => ((from + (pixel / width) * span) / duration) * columns;
  const heights = [];
  for (let pixel = 0; pixel <= Math.ceil(width); pixel += 1) {
    const first = Math.min(columns - 1, Math.max(0, Math.floor(column(pixel - 0.5))));
    const end = Math.min(columns, Math.max(first + 1, Math.floor(column(pixel + 0.5))));
    let level = values[first];
    for (let each = first + 1; each < end; each += 1) level = pick(level, values[each]);
    heights.push(half * Math.max(0, 1 - level / SILENT));
  }
  return heights;
}

/** How far from the middle a level is drawn. */
export const height = (dbfs, half) => half * Math.max(0, 1 + dbfs / 60);
