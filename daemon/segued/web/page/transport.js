// The playback buttons, and the legend of the waveform's marks.

import { beforeMark } from "./player.js";
import { html, nothing, svg } from "./vendor/lit-html.js";
import { position } from "./wording.js";

export function transport(state, passage, { toggle, play }) {
  if (state.problem) return html`<p class="notice" role="status" data-test="unplayable">${state.problem}</p>`;
  const { start_ticks: start, end_ticks: end, lead_in_ticks: leadIn, lead_out_ticks: leadOut } = passage ?? {};
  return html`
    <div class="transport" role="group" aria-label="Play">
      <button class="strong" data-play="toggle" @click=${toggle}>
        ${state.isPlaying ? pauseIcon : playIcon} ${state.isPlaying ? "Pause" : "Play"}${passage ? ` passage ${passage.ordinal}` : ""}
      </button>
      ${passage
        ? html`
            <button data-play="start" @click=${() => play(start, end)}>${wideOnly("From the ")}start</button>
            <button data-play="lead-in" ?disabled=${leadIn == null} @click=${() => play(beforeMark(leadIn, start), end)}>
              ${wideOnly("Listen to the ")}lead-in
            </button>
            <button data-play="lead-out" ?disabled=${leadOut == null} @click=${() => play(beforeMark(leadOut, start), end)}>
              ${wideOnly("Listen to the ")}lead-out
            </button>
          `
        : nothing}
      <span class="figure" data-test="clock" role="timer" aria-live="off"></span>
    </div>
  `;
}

const playIcon = html`<svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><path fill="currentColor" d="M1 0 L12 6 L1 12 Z" /></svg>`;
const pauseIcon = html`<svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><path fill="currentColor" d="M1 0 h3.5 v12 h-3.5 Z M7.5 0 h3.5 v12 h-3.5 Z" /></svg>`;

// Text that the style sheet hides on narrow screens.
const wideOnly = (text) => html`<span class="wide-only">${text}</span>`;

/** The position in the file and in the passage. */
transport.clock = (at, passage) =>
  passage
    ? `${position(at)}   (${position(Math.max(0, at - passage.start_ticks))} of ${position(passage.end_ticks - passage.start_ticks)})`
    : position(at);

export function legend() {
  return html`
    <ul class="legend" aria-label="Legend">
      <li>${sample(svg`<line class="mark" data-legend="start" x1="9" x2="9" y1="0" y2="14" />`)} start and end</li>
      <li>
        ${sample(svg`<line class="mark" data-legend="lead-in" x1="6" x2="6" y1="0" y2="14" /><path class="flag" data-flag="lead-in" d="M6 0 l7 4 l-7 4 Z" />`)}
        lead-in: the previous passage may overlap until here
      </li>
      <li>
        ${sample(svg`<line class="mark" data-legend="lead-out" x1="12" x2="12" y1="0" y2="14" /><path class="flag" data-flag="lead-out" d="M12 14 l-7 -4 l7 -4 Z" />`)}
        lead-out: the next passage may begin here
      </li>
      <li>${sample(svg`<rect class="peaks" x="1" y="0" width="16" height="14" /><rect class="floors" x="1" y="4" width="16" height="6" />`)} loudest and quietest level</li>
    </ul>
  `;
}

const sample = (shapes) => html`<svg width="18" height="14" viewBox="0 0 18 14" aria-hidden="true">${shapes}</svg>`;
