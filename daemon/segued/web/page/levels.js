// The level curve of a file, loaded at the resolution that is displayed.

import { getJson, isAborted } from "./api.js";

const COLUMNS = [600, 1200, 2400, 4800, 9600, 38400, 153600];
const SILENT = 120; // half decibels below full scale: -60 dBFS

/** The level curve of a file; `changed` is called when a finer one has arrived. */
export function levels(file, changed) {
  const state = { curve: null, error: null, load, stop };
  const controller = new AbortController();
  let requested = 0;
  let available = COLUMNS.at(-1);

  /** Load the curve with at least `columns` columns, unless it is loaded already. */
  async function load(columns) {
    const rounded = COLUMNS.find((each) => each >= columns) ?? COLUMNS.at(-1);
    const wanted = Math.min(available, rounded);
    if (wanted <= requested) return;
    requested = wanted;
    try {
      const curve = await getJson(`/api/files/${encodeURIComponent(file)}/levels`, { columns: wanted }, controller.signal);
      if (curve.columns < wanted) available = curve.columns;
      if (curve.columns > (state.curve?.columns ?? 0)) Object.assign(state, { curve, error: null });
    } catch (error) {
      if (isAborted(error)) return;
      // A coarser curve, if one is loaded, stays visible.
      available = state.curve?.columns ?? available;
      if (!state.curve) state.error = error;
    }
    changed();
  }

  function stop() {
    controller.abort();
  }

  return state;
}

/**
 * The SVG path of a part of a curve, mirrored at `middle`, `half` pixels high.
 *
 * `values` are half decibels below full scale, one per column; `scale` is the
 * visible part; `isPeak` takes the loudest of the columns that share a pixel,
 * else the quietest.
 */
export function outline(values, columns, scale, middle, half, isPeak) {
  const heights = pixelHeights(values, columns, scale, half, isPeak);
  const last = heights.length - 1;
  const up = heights.map((high, x) => `${x === 0 ? "M" : "L"}${x},${(middle - high).toFixed(2)}`);
  const down = heights.map((_, x) => `L${last - x},${(middle + heights[last - x]).toFixed(2)}`);
  return `${up.join("")}${down.join("")}Z`;
}

function pixelHeights(values, columns, { from, span, duration, width }, half, isPeak) {
  const pick = isPeak ? Math.min : Math.max;
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

/** The distance in pixels from the middle at which a level is drawn. */
export const levelHeight = (dbfs, half) => half * Math.max(0, 1 + dbfs / 60);
