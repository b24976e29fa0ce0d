// How a passage sounds: its characteristics as bars, its measures as figures.

import { html, nothing } from "./vendor/lit-html.js";
import { figure, spaced } from "./words.js";

const UNITS = { hertz: "Hz", lufs: "LUFS", lu: "LU", db: "dB", bpm: "bpm" };

export function flavor({ flavor: known, flavor_source: source }) {
  if (!known) {
    return html`<section data-test="flavor">
      <h4>How it sounds</h4>
      <p class="soft">Not worked out.</p>
    </section>`;
  }
  const measures = Object.entries(known.measures ?? {});
  return html`
    <section class="flavor" data-test="flavor">
      <h4>How it sounds</h4>
      <div class="bars">${Object.entries(known.characteristics ?? {}).map(([name, shares]) => bars(name, shares))}</div>
      <dl class="measures">${measures.map(([name, value]) => measure(name, value))}</dl>
      ${source ? html`<p class="soft source">${source}</p>` : nothing}
    </section>
  `;
}

function bars(name, shares) {
  const labels = Object.entries(shares).sort(([, one], [, other]) => other - one);
  return html`
    <div class="characteristic" data-characteristic=${name}>
      <h5>${spaced(name)}</h5>
      ${labels.map(
        ([label, share]) => html`
          <div class="part" data-label=${label}>
            <span>${spaced(label)}</span>
            <svg width="100%" height="8" role="img" aria-label="${(share * 100).toFixed(0)} %">
              <rect class="track" width="100%" height="8" rx="2" />
              <rect class="fill" width="${Math.min(100, share * 100)}%" height="8" rx="2" />
            </svg>
            <span class="figure">${(share * 100).toFixed(0)} %</span>
          </div>
        `,
      )}
    </div>
  `;
}

// Units are the last word of a name.
function measure(name, value) {
  const words = name.split("_");
  const unit = UNITS[words.at(-1)];
  const title = unit && words.length > 1 ? words.slice(0, -1).join(" ") : spaced(name);
  return html`
    <div>
      <dt>${title === "bpm" ? "tempo" : title}</dt>
      <dd>${figure(value)}${unit ? ` ${unit}` : ""}</dd>
    </div>
  `;
}
