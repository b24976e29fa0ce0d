// One panel for each worker, busy or not, so that nothing jumps.

import { fileLink } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";
import { PHASES } from "./words.js";

export function workersPanel(live, most) {
  const { status, connected, at } = live;
  // Between two events the seconds go on by our own clock.
  const since = connected ? (performance.now() - at) / 1000 : 0;
  const busy = new Map(status.workers.map((line) => [line.worker, line]));
  const numbers = Array.from({ length: most }, (_, index) => index + 1);
  return html`
    <section class="workers" aria-label="Workers">
      ${numbers.map((number) => panel(number, busy.get(number), since))}
    </section>
  `;
}

function panel(number, line, since) {
  return html`
    <article
      class="panel worker"
      data-worker=${number}
      data-state=${line ? (line.stalled ? "stalled" : "busy") : "idle"}
      aria-label="Worker ${number}"
    >
      <header>
        <h2>Worker ${number}</h2>
        <span class="badge stalled" ?hidden=${!line?.stalled}>stalled</span>
        <span class="seconds" data-test="seconds">${line ? told(line.seconds + since) : ""}</span>
      </header>
      <p class="name">
        ${line
          ? html`<a href=${fileLink(line.file)} title=${line.name}>${line.name}</a>`
          : html`<span class="soft">idle</span>`}
      </p>
      <p class="phase">
        <span>${line ? `Phase ${line.phase} ${line.title}` : nothing}</span>
        <span class="part-of soft" ?hidden=${!line?.passage}>${line?.passage ? `passage ${line.passage}/${line.passages}` : nothing}</span>
      </p>
      ${steps(line?.phase ?? 0)}
    </article>
  `;
}

function steps(phase) {
  const kind = (step) => (step < phase ? "done" : step === phase ? "under-way" : "ahead");
  return html`
    <div class="steps" role="img" aria-label=${phase ? `phase ${phase} of ${PHASES.length}` : "no phase"}>
      ${PHASES.map((title, index) => html`<i class=${kind(index + 1)} title="${index + 1} ${title}"></i>`)}
    </div>
  `;
}

// Filled up with spaces as wide as figures: what grows must not move.
const told = (seconds) => `${seconds.toFixed(1).padStart(6, "\u2007")} s`;
