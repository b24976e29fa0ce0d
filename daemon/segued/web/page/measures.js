// The measurements of a passage: tempo, key, loudness, and the playback gain.

import { html, nothing } from "./vendor/lit-html.js";
import { bpm, key, signed } from "./wording.js";

const TARGET_LUFS = -18; // the reference level of ReplayGain 2

export function measures(passage) {
  const { key_strength: strength, loudness_lufs: loudness, loudness_range_lu: range, true_peak_dbtp: peak } = passage;
  const cells = [
    ["bpm", "Tempo", bpm(passage)],
    ["key", "Key", key(passage), strength == null ? "" : `strength ${strength.toFixed(2)}`],
    ["loudness_lufs", "Loudness", loudness == null ? null : `${signed(loudness)} LUFS`],
    ["loudness_range_lu", "Loudness range", range == null ? null : `${range.toFixed(1)} LU`],
    ["true_peak_dbtp", "True peak", peak == null ? null : `${signed(peak)} dBTP`],
    ["gain", `Gain to ${signed(TARGET_LUFS, 0)} LUFS`, loudness == null ? null : `${signed(TARGET_LUFS - loudness, 1, "+")} dB`],
  ].filter(([, , value]) => value !== null);
  return html`
    <section data-test="measures">
      <h4>Measurements</h4>
      ${cells.length ? html`<dl class="mark-times">${cells.map(cell)}</dl>` : html`<p class="muted">Nothing yet.</p>`}
    </section>
  `;
}

const cell = ([name, title, value, note]) => html`
  <div data-measure=${name}>
    <dt>${title}</dt>
    <dd>${value}${note ? html` <span class="muted">${note}</span>` : nothing}</dd>
  </div>
`;
