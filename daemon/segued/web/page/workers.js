// One panel per worker, also if it is idle, so that the layout does not move.

import { fileLink } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";
import { PHASES } from "./wording.js";

export function workersPanel(live, workerCount) {
  const { status, connected, workersAt } = live;
  // Between two events the seconds are counted by the browser's clock.
  const since = connected ? (performance.now() - workersAt) / 1000 : 0;
  const busy = new Map(status.workers.map((each) => [each.worker, each]));
  const numbers = Array.from({ length: workerCount }, (_, index) => index + 1);
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
        <span class="seconds" data-test="seconds">${line ? formatSeconds(line.seconds + since) : ""}</span>
      </header>
      <p class="name">
        ${line
          ? html`<a href=${fileLink(line.file)} title=${line.name}>${line.name}</a>`
          : html`<span class="muted">idle</span>`}
      </p>
      <p class="phase">
        <span>${line ? `Phase ${line.phase} ${line.title}` : nothing}</span>
        <span class="passage-number muted" ?hidden=${!line?.passage}>${line?.passage ? `passage ${line.passage}/${line.passages}` : nothing}</span>
      </p>
      ${steps(line?.phase ?? 0)}
    </article>
  `;
}

function steps(phase) {
  const kind = (step) => (step < phase ? "done" : step === phase ? "current" : "pending");
  return html`
    <div class="steps" role="img" aria-label=${phase ? `phase ${phase} of ${PHASES.length}` : "no phase"}>
      ${PHASES.map((title, index) => html`<i class=${kind(index + 1)} title="${index + 1} ${title}"></i>`)}
    </div>
  `;
}

// Padded with figure spaces, so that a growing number does not move.
const formatSeconds = (seconds) => `${seconds.toFixed(1).padStart(6, "\u2007")} s`;
