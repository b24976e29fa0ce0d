// How a passage sounds: its characteristics as bars, its measures as figures.

import { html, nothing } from "./vendor/lit-html.js";
import { figure, moment, spaced } from "./words.js";

const UNITS = { hertz: "Hz", lufs: "LUFS", lu: "LU", db: "dB", bpm: "bpm" };

/** `waits` says why it is not known yet, where it will be; `retry` has it tried again. */
export function flavor(passage, waits, retry) {
  const { flavor: known, flavor_failure: failure } = passage;
  return html`
    <section class="flavor" data-test="flavor">
      <h4>How it sounds</h4>
      ${failure ? failed(passage, retry) : nothing}
      ${known ? chart(passage) : failure ? nothing : html`<p class="soft">${waits ?? "Not worked out."}</p>`}
    </section>
  `;
}

function failed({ flavor: known, flavor_failure: failure }, retry) {
  return html`
    <p class="notice again" data-test="flavor-failure">
      <span>${known ? "Not all was found out" : "It could not be found out"}: ${failure}</span>
      <button data-retry="flavor" @click=${retry}>Try again</button>
    </p>
  `;
}

function chart(passage) {
  const { flavor: known, flavor_source: source, flavor_version: version, flavored_at: at } = passage;
  // What was measured of the passage itself is shown as that.
  const measures = Object.entries(known.measures ?? {}).filter(([name]) => passage[name] == null);
  const said = [source, version, at ? moment(at) : null].filter(Boolean);
  return html`
    <div class="bars">${Object.entries(known.characteristics ?? {}).map(([name, shares]) => bars(name, shares))}</div>
    ${measures.length ? html`<dl class="measures">${measures.map(([name, value]) => measure(name, value))}</dl>` : nothing}
    <p class="soft source" data-test="source">${said.join(" · ")}</p>
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
