// The waveform of a file, with its passages, their marks, and where one is.

import { height, levels, outline } from "./levels.js";
import { around, moments, scale } from "./scale.js";
import { html, nothing, ref, svg } from "./vendor/lit-html.js";
import { TICKS_PER_SECOND, position } from "./words.js";

const TOP = 22;
const BOTTOM = 20;
const HIGH = 210;
const HIGH_NARROW = 168;
const NARROW = 560;
const STEP_TICKS = 5 * TICKS_PER_SECOND;
const ROOM = 12;
const GRID_DBFS = [-20, -40];

/**
 * A waveform.
 *
 * `chosen()` and `at()` tell which passage is chosen and where one is;
 * `seek(ticks)` is called when somebody points somewhere.
 */
export function waveform({ file, duration, passages, chosen, at, seek, draw }) {
  const curve = levels(file, draw);
  let width = 0;
  let window_ = [0, duration];
  let line = null;
  let drawn = { key: null };

  const sized = new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now && now !== width) {
      width = now;
      draw();
    }
  });

  // lit calls this again only when the element is another one.
  let box = null;
  const boxed = (element) => {
    if (box) sized.unobserve(box);
    box = element ?? null;
    if (box) sized.observe(box);
  };
  const lined = (element) => {
    line = element ?? null;
  };

  function now() {
    return scale(duration, width, ...window_);
  }

  function look(from, to) {
    window_ = [from, to];
    draw();
  }

  const whole = () => look(0, duration);
  const closer = (factor, middle = at()) => look(...around(duration, middle, (window_[1] - window_[0]) / factor));
  const onto = ({ start_ticks: start, end_ticks: end }) =>
    look(...around(duration, (start + end) / 2, (end - start) * 1.08));

  /** Put the play line where one is; cheaper than drawing all of it. */
  function place() {
    if (!line || !width) return;
    const here = now();
    line.setAttribute("transform", `translate(${here.x(at()).toFixed(2)} 0)`);
    line.setAttribute("visibility", here.isIn(at()) ? "visible" : "hidden");
    line.dataset.ticks = at();
  }

  function pointed(event) {
    const { left } = event.currentTarget.getBoundingClientRect();
    seek(now().ticks(event.clientX - left));
  }

  function pressed(event) {
    const step = { ArrowRight: STEP_TICKS, ArrowLeft: -STEP_TICKS }[event.key];
    if (!step) return;
    event.preventDefault();
    seek(Math.min(duration, Math.max(0, at() + step)));
  }

  function template() {
    return html`
      <div class="waveform" ${ref(boxed)}>
        ${width ? picture() : nothing}
      </div>
      ${controls()}
    `;
  }

  function picture() {
    const here = now();
    const high = width < NARROW ? HIGH_NARROW : HIGH;
    const half = (high - TOP - BOTTOM) / 2;
    const middle = TOP + half;
    curve.ask(Math.ceil((width * duration) / here.span));
    return html`
      <svg
        data-test="waveform"
        data-from-ticks=${here.from}
        data-to-ticks=${here.to}
        width=${width}
        height=${high}
        viewBox="0 0 ${width} ${high}"
        role="slider"
        tabindex="0"
        aria-label="Position in the file"
        aria-valuemin="0"
        aria-valuemax=${Math.round(duration / TICKS_PER_SECOND)}
        aria-valuenow=${Math.round(at() / TICKS_PER_SECOND)}
        aria-valuetext="${position(at())}${chosen() ? `, passage ${chosen()}` : ""}"
        @click=${pointed}
        @keydown=${pressed}
      >
        ${passages().map((each) => region(each, here, high, each.ordinal === chosen()))}
        ${grid(here, middle, half, high)} ${shape(here, middle, half)} ${scaleOf(here, middle, half)}
        ${passages().map((each) => marks(each, here, high, each.ordinal === chosen()))}
        <g class="play" data-test="play-line" ${ref(lined)}>
          <line x1="0" x2="0" y1="0" y2=${high - BOTTOM} />
          <path d="M-5 0 L5 0 L0 7 Z" />
        </g>
      </svg>
    `;
  }

  function shape(here, middle, half) {
    if (!curve.curve) return nothing;
    const { columns, peaks, floors } = curve.curve;
    const key = [columns, here.from, here.to, width].join();
    if (drawn.key !== key) {
      drawn = {
        key,
        peaks: outline(peaks, columns, here, middle, half, true),
        floors: outline(floors, columns, here, middle, half, false),
      };
    }
    return svg`<path class="peaks" d=${drawn.peaks} /><path class="floors" d=${drawn.floors} />`;
  }

  function controls() {
    const here = now();
    const one = passages().find((each) => each.ordinal === chosen());
    return html`
      <div class="zoom" role="group" aria-label="What is shown of the file">
        <button data-zoom="whole" ?disabled=${here.isWhole} @click=${whole}>Whole file</button>
        <button data-zoom="passage" ?disabled=${!one} @click=${() => onto(one)}>Passage</button>
        <button data-zoom="out" aria-label="Farther" ?disabled=${here.isWhole} @click=${() => closer(0.5)}>−</button>
        <button data-zoom="in" aria-label="Closer" @click=${() => closer(2)}>+</button>
        <input
          type="range"
          aria-label="Which part is shown"
          min="0"
          max=${Math.max(1, duration - here.span)}
          .value=${String(here.from)}
          ?disabled=${here.isWhole}
          @input=${(event) => look(...around(duration, Number(event.target.value) + here.span / 2, here.span))}
        />
        <span class="soft figure">${position(here.from)} – ${position(here.to)}</span>
      </div>
      ${curve.error ? html`<p class="notice" role="status">${curve.error.message}</p>` : nothing}
    `;
  }

  function stop() {
    sized.disconnect();
    curve.stop();
  }

  return { template, place, onto, whole, stop };
}

function grid(here, middle, half, high) {
  const bottom = high - BOTTOM;
  return svg`
    <line class="axis" x1="0" x2=${here.width} y1=${middle} y2=${middle} />
    ${GRID_DBFS.map((dbfs) => {
      const away = height(dbfs, half);
      return svg`
        <line class="grid" x1="0" x2=${here.width} y1=${middle - away} y2=${middle - away} />
        <line class="grid" x1="0" x2=${here.width} y1=${middle + away} y2=${middle + away} />`;
    })}
    ${moments(here).map(
      ({ x, name }) => svg`
        <line class="moment" x1=${x} x2=${x} y1=${bottom} y2=${bottom + 4} />
        <text class="moment" x=${x} y=${high - 4} text-anchor=${x < 20 ? "start" : x > here.width - 20 ? "end" : "middle"}>${name}</text>`,
    )}`;
}

// On top of the sound, which would hide it.
function scaleOf(here, middle, half) {
  return GRID_DBFS.map((dbfs) => {
    const y = middle - height(dbfs, half);
    return svg`
      <rect class="under-level" x=${here.width - 42} width="42" y=${y - 7} height="14" rx="2" />
      <text class="level" x=${here.width - 3} y=${y + 4} text-anchor="end">−${-dbfs} dB</text>`;
  });
}

function region({ ordinal, start_ticks: start, end_ticks: end, lead_in_ticks: into, lead_out_ticks: out, title }, here, high, isChosen) {
  if (end < here.from || here.to < start) return nothing;
  const band = (kind, from, to) =>
    svg`<rect class=${kind} x=${here.x(from)} width=${Math.max(0, here.x(to) - here.x(from))} y=${TOP} height=${high - TOP - BOTTOM} />`;
  return svg`
    <g class="region ${isChosen ? "chosen" : ""}" data-region=${ordinal}>
      <title>${ordinal}  ${title ?? "without a name"}</title>
      ${band("body", start, end)}
      ${into == null ? nothing : band("into", start, into)}
      ${out == null ? nothing : band("out", out, end)}
    </g>`;
}

// Start and end are whole lines, lead-in and lead-out are dashed with a flag
// towards the sound, so that they are told apart without colours as well.
function marks(passage, here, high, isChosen) {
  const { ordinal, start_ticks: start, end_ticks: end, lead_in_ticks: into, lead_out_ticks: out } = passage;
  const bottom = high - BOTTOM;
  const mark = (kind, ticks) => {
    if (ticks == null || !here.isIn(ticks)) return nothing;
    const x = here.x(ticks);
    return svg`<line class="mark" data-kind=${kind} data-passage=${ordinal} data-ticks=${ticks} x1=${x} x2=${x} y1=${TOP} y2=${bottom} />
      ${flag(kind, x, bottom)}`;
  };
  const name = Math.max(here.x(start), 0);
  // Where there is no room for it, it would stand on the next one's.
  const room = here.x(end) - name;
  const isSeen = start <= here.to && (room > ROOM || (isChosen && room > 0));
  return svg`
    <g class="marks ${isChosen ? "chosen" : ""}">
      ${mark("start", start)} ${mark("end", end)} ${mark("lead-in", into)} ${mark("lead-out", out)}
      ${isSeen ? svg`<text class="ordinal" x=${name + 3} y=${TOP - 8}>${ordinal}</text>` : nothing}
    </g>`;
}

function flag(kind, x, bottom) {
  if (kind === "lead-in") return svg`<path class="flag" data-flag=${kind} d="M${x} ${TOP} l7 4 l-7 4 Z" />`;
  if (kind === "lead-out") return svg`<path class="flag" data-flag=${kind} d="M${x} ${bottom} l-7 -4 l7 -4 Z" />`;
  return nothing;
}
