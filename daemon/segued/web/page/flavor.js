// The flavor of a passage: its characteristics as bars, its measures as numbers.

import { html, nothing } from "./vendor/lit-html.js";
import { figure, localTime, withSpaces } from "./wording.js";

const UNITS = { hertz: "Hz", lufs: "LUFS", lu: "LU", db: "dB", bpm: "bpm" };

/** `pendingReason` is why the flavor is not known yet; `retry` starts the analysis again. */
export function flavor(passage, pendingReason, retry) {
  const { flavor: known, flavor_failure: failure } = passage;
  return html`
    <section class="flavor" data-test="flavor">
      <h4>Flavor</h4>
      ${failure ? failureNotice(passage, retry) : nothing}
      ${known ? chart(passage) : failure ? nothing : html`<p class="muted">${pendingReason ?? "Not determined."}</p>`}
    </section>
  `;
}

function failureNotice({ flavor: known, flavor_failure: failure }, retry) {
  return html`
    <p class="notice with-retry" data-test="flavor-failure">
      <span>${known ? "Incomplete" : "Could not be determined"}: ${failure}</span>
      <button data-retry="flavor" @click=${retry}>Retry</button>
    </p>
  `;
}

function chart(passage) {
  const { flavor: known, flavor_source: source, flavor_version: version, flavored_at: at } = passage;
  // Values that the passage itself has are shown among its measurements.
  const measures = Object.entries(known.measures ?? {}).filter(([name]) => passage[name] == null);
  const origin = [source, version, at ? localTime(at) : null].filter(Boolean);
  return html`
    <div class="bars">${Object.entries(known.characteristics ?? {}).map(([name, shares]) => bars(name, shares))}</div>
    ${measures.length ? html`<dl class="measures">${measures.map(([name, value]) => measure(name, value))}</dl>` : nothing}
    <p class="muted source" data-test="source">${origin.join(" · ")}</p>
  `;
}

function bars(name, shares) {
  const labels = Object.entries(shares).sort(([, one], [, other]) => other - one);
  return html`
    <div class="characteristic" data-characteristic=${name}>
      <h5>${withSpaces(name)}</h5>
      ${labels.map(
        ([label, share]) => html`
          <div class="part" data-label=${label}>
            <span>${withSpaces(label)}</span>
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

// The last word of a measure's name is its unit.
function measure(name, value) {
  const words = name.split("_");
  const unit = UNITS[words.at(-1)];
  const title = unit && words.length > 1 ? words.slice(0, -1).join(" ") : withSpaces(name);
  return html`
    <div>
      <dt>${title === "bpm" ? "tempo" : title}</dt>
      <dd>${figure(value)}${unit ? ` ${unit}` : ""}</dd>
    </div>
  `;
}
