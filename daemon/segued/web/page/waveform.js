// The waveform of a file, with its passages, their marks, and the play position.

import { levelHeight, levels, outline } from "./levels.js";
import { rangeAround, scale, timeLabels } from "./scale.js";
import { html, nothing, ref, svg } from "./vendor/lit-html.js";
import { TICKS_PER_SECOND, position } from "./wording.js";

const TOP = 22;
const BOTTOM = 20;
const HEIGHT = 210;
const HEIGHT_NARROW = 168;
const NARROW_WIDTH = 560;
const KEY_STEP_TICKS = 5 * TICKS_PER_SECOND;
const ORDINAL_WIDTH = 12;
const GRID_DBFS = [-20, -40];

/**
 * A waveform with zoom controls.
 *
 * `passages()`, `selected()` and `playPosition()` return the passages, the ordinal of
 * the selected one, and the play position in ticks; `seek(ticks)` is called when the
 * user clicks or presses an arrow key.
 */
export function waveform({ file, duration, passages, selected, playPosition, seek, draw }) {
  const curve = levels(file, draw);
  let width = 0;
  let range = [0, duration];
  let playLine = null;
  let outlines = { key: null };

  const resizeObserver = new ResizeObserver(([entry]) => {
    const newWidth = Math.floor(entry.contentRect.width);
    if (newWidth && newWidth !== width) {
      width = newWidth;
      draw();
    }
  });

  // lit calls a ref only when the element changes.
  let box = null;
  const setBox = (element) => {
    if (box) resizeObserver.unobserve(box);
    box = element ?? null;
    if (box) resizeObserver.observe(box);
  };
  const setPlayLine = (element) => {
    playLine = element ?? null;
  };

  function currentScale() {
    return scale(duration, width, ...range);
  }

  function showRange(from, to) {
    range = [from, to];
    draw();
  }

  const showAll = () => showRange(0, duration);
  const zoom = (factor) => showRange(...rangeAround(duration, playPosition(), (range[1] - range[0]) / factor));
  const showPassage = ({ start_ticks: start, end_ticks: end }) =>
    showRange(...rangeAround(duration, (start + end) / 2, (end - start) * 1.08));

  /** Move the play line to the play position; cheaper than a full redraw. */
  function movePlayLine() {
    if (!playLine || !width) return;
    const view = currentScale();
    const at = playPosition();
    playLine.setAttribute("transform", `translate(${view.x(at).toFixed(2)} 0)`);
    playLine.setAttribute("visibility", view.contains(at) ? "visible" : "hidden");
    playLine.dataset.ticks = at;
  }

  function onClick(event) {
    const { left } = event.currentTarget.getBoundingClientRect();
    seek(currentScale().ticks(event.clientX - left));
  }

  function onKey(event) {
    const step = { ArrowRight: KEY_STEP_TICKS, ArrowLeft: -KEY_STEP_TICKS }[event.key];
    if (!step) return;
    event.preventDefault();
    seek(Math.min(duration, Math.max(0, playPosition() + step)));
  }

  function template() {
    return html`
      <div class="waveform" ${ref(setBox)}>
        ${width ? picture() : nothing}
      </div>
      ${controls()}
    `;
  }

  function picture() {
    const view = currentScale();
    const height = width < NARROW_WIDTH ? HEIGHT_NARROW : HEIGHT;
    const half = (height - TOP - BOTTOM) / 2;
    const middle = TOP + half;
    const at = playPosition();
    curve.load(Math.ceil((width * duration) / view.span));
    return html`
      <svg
        data-test="waveform"
        data-from-ticks=${view.from}
        data-to-ticks=${view.to}
        width=${width}
        height=${height}
        viewBox="0 0 ${width} ${height}"
        role="slider"
        tabindex="0"
        aria-label="Position in the file"
        aria-valuemin="0"
        aria-valuemax=${Math.round(duration / TICKS_PER_SECOND)}
        aria-valuenow=${Math.round(at / TICKS_PER_SECOND)}
        aria-valuetext="${position(at)}${selected() ? `, passage ${selected()}` : ""}"
        @click=${onClick}
        @keydown=${onKey}
      >
        ${passages().map((each) => region(each, view, height, each.ordinal === selected()))}
        ${grid(view, middle, half, height)} ${levelShapes(view, middle, half)} ${levelLabels(view, middle, half)}
        ${passages().map((each) => marks(each, view, height, each.ordinal === selected()))}
        <g class="play" data-test="play-line" ${ref(setPlayLine)}>
          <line x1="0" x2="0" y1="0" y2=${height - BOTTOM} />
          <path d="M-5 0 L5 0 L0 7 Z" />
        </g>
      </svg>
    `;
  }

  function levelShapes(view, middle, half) {
    if (!curve.curve) return nothing;
    const { columns, peaks, floors } = curve.curve;
    const key = [columns, view.from, view.to, width].join();
    if (outlines.key !== key) {
      outlines = {
        key,
        peaks: outline(peaks, columns, view, middle, half, true),
        floors: outline(floors, columns, view, middle, half, false),
      };
    }
    return svg`<path class="peaks" d=${outlines.peaks} /><path class="floors" d=${outlines.floors} />`;
  }

  function controls() {
    const view = currentScale();
    const passage = passages().find((each) => each.ordinal === selected());
    const scrollTo = (from) => showRange(...rangeAround(duration, from + view.span / 2, view.span));
    return html`
      <div class="zoom" role="group" aria-label="Zoom">
        <button data-zoom="whole" ?disabled=${view.isWhole} @click=${showAll}>Whole file</button>
        <button data-zoom="passage" ?disabled=${!passage} @click=${() => showPassage(passage)}>Passage</button>
        <button data-zoom="out" aria-label="Zoom out" ?disabled=${view.isWhole} @click=${() => zoom(0.5)}>−</button>
        <button data-zoom="in" aria-label="Zoom in" @click=${() => zoom(2)}>+</button>
        <input
          type="range"
          aria-label="Start of the visible range"
          min="0"
          max=${Math.max(1, duration - view.span)}
          .value=${String(view.from)}
          ?disabled=${view.isWhole}
          @input=${(event) => scrollTo(Number(event.target.value))}
        />
        <span class="muted figure">${position(view.from)} – ${position(view.to)}</span>
      </div>
      ${curve.error ? html`<p class="notice" role="status">${curve.error.message}</p>` : nothing}
    `;
  }

  function stop() {
    resizeObserver.disconnect();
    curve.stop();
  }

  return { template, movePlayLine, stop };
}

function grid(view, middle, half, height) {
  const bottom = height - BOTTOM;
  const anchor = (x) => (x < 20 ? "start" : x > view.width - 20 ? "end" : "middle");
  return svg`
    <line class="axis" x1="0" x2=${view.width} y1=${middle} y2=${middle} />
    ${GRID_DBFS.map((dbfs) => {
      const offset = levelHeight(dbfs, half);
      return svg`
        <line class="grid" x1="0" x2=${view.width} y1=${middle - offset} y2=${middle - offset} />
        <line class="grid" x1="0" x2=${view.width} y1=${middle + offset} y2=${middle + offset} />`;
    })}
    ${timeLabels(view).map(
      ({ x, text }) => svg`
        <line class="time" x1=${x} x2=${x} y1=${bottom} y2=${bottom + 4} />
        <text class="time" x=${x} y=${height - 4} text-anchor=${anchor(x)}>${text}</text>`,
    )}`;
}

// Drawn after the levels, which would hide the labels.
function levelLabels(view, middle, half) {
  return GRID_DBFS.map((dbfs) => {
    const y = middle - levelHeight(dbfs, half);
    return svg`
      <rect class="label-background" x=${view.width - 42} width="42" y=${y - 7} height="14" rx="2" />
      <text class="level" x=${view.width - 3} y=${y + 4} text-anchor="end">−${-dbfs} dB</text>`;
  });
}

function region(passage, view, height, isSelected) {
  const { ordinal, start_ticks: start, end_ticks: end, lead_in_ticks: leadIn, lead_out_ticks: leadOut, title } = passage;
  if (end < view.from || view.to < start) return nothing;
  const band = (kind, from, to) =>
    svg`<rect class=${kind} x=${view.x(from)} width=${Math.max(0, view.x(to) - view.x(from))} y=${TOP} height=${height - TOP - BOTTOM} />`;
  return svg`
    <g class="region ${isSelected ? "selected" : ""}" data-region=${ordinal}>
      <title>${ordinal}  ${title ?? "untitled"}</title>
      ${band("body", start, end)}
      ${leadIn == null ? nothing : band("lead-in", start, leadIn)}
      ${leadOut == null ? nothing : band("lead-out", leadOut, end)}
    </g>`;
}

// Start and end are solid lines; lead-in and lead-out are dashed, with a flag that
// points into the passage, so that they differ without colors as well.
function marks(passage, view, height, isSelected) {
  const { ordinal, start_ticks: start, end_ticks: end, lead_in_ticks: leadIn, lead_out_ticks: leadOut } = passage;
  const bottom = height - BOTTOM;
  const mark = (kind, ticks) => {
    if (ticks == null || !view.contains(ticks)) return nothing;
    const x = view.x(ticks);
    return svg`<line class="mark" data-kind=${kind} data-passage=${ordinal} data-ticks=${ticks} x1=${x} x2=${x} y1=${TOP} y2=${bottom} />
      ${flag(kind, x, bottom)}`;
  };
  const left = Math.max(view.x(start), 0);
  const room = view.x(end) - left;
  // Hidden in a narrow passage, where it would overlap the next ordinal.
  const showsOrdinal = start <= view.to && (room > ORDINAL_WIDTH || (isSelected && room > 0));
  return svg`
    <g class="marks ${isSelected ? "selected" : ""}">
      ${mark("start", start)} ${mark("end", end)} ${mark("lead-in", leadIn)} ${mark("lead-out", leadOut)}
      ${showsOrdinal ? svg`<text class="ordinal" x=${left + 3} y=${TOP - 8}>${ordinal}</text>` : nothing}
    </g>`;
}

function flag(kind, x, bottom) {
  if (kind === "lead-in") return svg`<path class="flag" data-flag=${kind} d="M${x} ${TOP} l7 4 l-7 4 Z" />`;
  if (kind === "lead-out") return svg`<path class="flag" data-flag=${kind} d="M${x} ${bottom} l-7 -4 l7 -4 Z" />`;
  return nothing;
}
