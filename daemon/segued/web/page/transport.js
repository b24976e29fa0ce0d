// The keys to play with, and what the marks mean.

import { before } from "./player.js";
import { html, nothing, svg } from "./vendor/lit-html.js";
import { position } from "./words.js";

export function transport(state, passage, { toggle, play }) {
  if (state.trouble) return html`<p class="notice" role="status" data-test="unplayable">${state.trouble}</p>`;
  const { start_ticks: start, end_ticks: end, lead_in_ticks: into, lead_out_ticks: out } = passage ?? {};
  return html`
    <div class="transport" role="group" aria-label="Play">
      <button class="strong" data-play="toggle" @click=${toggle}>
        ${state.isPlaying ? bars : triangle} ${state.isPlaying ? "Pause" : "Play"}${passage ? ` passage ${passage.ordinal}` : ""}
      </button>
      ${passage
        ? html`
            <button data-play="start" @click=${() => play(start, end)}>${more('From the ')}start</button>
            <button data-play="lead-in" ?disabled=${into == null} @click=${() => play(before(into, start), end)}>
              ${more("Listen to the ")}lead-in
            </button>
            <button data-play="lead-out" ?disabled=${out == null} @click=${() => play(before(out, start), end)}>
              ${more("Listen to the ")}lead-out
            </button>
          `
        : nothing}
      <span class="figure" data-test="clock" role="timer" aria-live="off"></span>
    </div>
  `;
}

const triangle = html`<svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><path fill="currentColor" d="M1 0 L12 6 L1 12 Z" /></svg>`;
const bars = html`<svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><path fill="currentColor" d="M1 0 h3.5 v12 h-3.5 Z M7.5 0 h3.5 v12 h-3.5 Z" /></svg>`;

// What a narrow screen has no room for.
const more = (words) => html`<span class="more">${words}</span>`;

/** Where one is, in the file and in the passage. */
transport.clock = (at, passage) =>
  passage
    ? `${position(at)}   (${position(Math.max(0, at - passage.start_ticks))} of ${position(passage.end_ticks - passage.start_ticks)})`
    : position(at);

export function legend() {
  return html`
    <ul class="legend" aria-label="What the marks mean">
      <li>${sample(svg`<line class="mark" data-legend="start" x1="9" x2="9" y1="0" y2="14" />`)} start and end</li>
      <li>
        ${sample(svg`<line class="mark" data-legend="lead-in" x1="6" x2="6" y1="0" y2="14" /><path class="flag" data-flag="lead-in" d="M6 0 l7 4 l-7 4 Z" />`)}
        lead-in: the song before may sound until here
      </li>
      <li>
        ${sample(svg`<line class="mark" data-legend="lead-out" x1="12" x2="12" y1="0" y2="14" /><path class="flag" data-flag="lead-out" d="M12 14 l-7 -4 l7 -4 Z" />`)}
        lead-out: the next one may begin here
      </li>
      <li>${sample(svg`<rect class="peaks" x="1" y="0" width="16" height="14" /><rect class="floors" x="1" y="4" width="16" height="6" />`)} loudest and quietest</li>
    </ul>
  `;
}

const sample = (what) => html`<svg width="18" height="14" viewBox="0 0 18 14" aria-hidden="true">${what}</svg>`;
