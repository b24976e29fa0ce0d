// The view of what happens now: how far the import is, who is at what.

import { ask, tell } from "./api.js";
import { countersTable } from "./counters.js";
import { foldersPanel, servicesPanel } from "./folders.js";
import { html, nothing } from "./vendor/lit-html.js";
import { workersPanel } from "./workers.js";
import { clock, count, counted, duration } from "./words.js";

const TICK_MS = 200;

const SENTENCES = {
  SCANNING: "The folders are being looked through.",
  PROCESSING: "Files are being imported, each on its own.",
  PAUSED: "Paused: nothing is worked on until you resume, not even after a restart.",
  COMPLETED: "All is imported. What arrives in the folders is imported by itself.",
  CANCELLED: "Cancelled: what is done stays done. Resume or scan to go on.",
  FAILED: "The import cannot go on.",
};

const ACTIONS = [
  { name: "pause", title: "Pause", path: "/api/import/pause/current", at: ["SCANNING", "PROCESSING", "COMPLETED"] },
  { name: "resume", title: "Resume", path: "/api/import/resume/current", at: ["PAUSED", "CANCELLED", "FAILED"] },
  { name: "cancel", title: "Cancel", path: "/api/import/cancel/current", at: ["SCANNING", "PROCESSING", "PAUSED"] },
  { name: "scan", title: "Scan now", path: "/api/import/session/start", at: ["PROCESSING", "COMPLETED", "CANCELLED", "FAILED"] },
];

export function nowView(page) {
  let planned = 0;
  let most = 0;
  let asking = null;
  const timer = setInterval(() => moves(page.live) && page.draw(), TICK_MS);

  // How many workers there are to be, so that each has its place from the start.
  const settled = ask("/api/settings").then(
    (settings) => (planned = Number(settings.ai_processing_thread_count) || 0),
    () => {},
  );
  let ready = false;
  settled.then(() => {
    ready = true;
    page.draw();
  });

  async function act(action) {
    asking = action.name;
    page.draw();
    try {
      await tell(action.path);
    } catch (error) {
      page.warn(error);
    }
    asking = null;
    page.draw();
  }

  function template() {
    const { status, lost } = page.live;
    // Drawn at once when all is there: nothing that is shown moves.
    if (!status || !ready) return html`<h1 class="unseen" tabindex="-1">Now</h1>`;
    most = Math.max(planned, most, ...status.workers.map((each) => each.worker));
    return html`
      <h1 class="unseen" tabindex="-1">Now</h1>
      <div class="now ${lost ? "stale" : ""}" data-test="now">
        ${overall(page.live, asking, act)} ${workersPanel(page.live, most)} ${countersTable(status.counters)}
        <div class="side">${servicesPanel(status)} ${foldersPanel(status.folders)}</div>
      </div>
    `;
  }

  return { title: "Now", template, stop: () => clearInterval(timer) };
}

const isAtWork = ({ state }) => state === "SCANNING" || state === "PROCESSING";

const moves = ({ status, connected }) =>
  connected && status && !document.hidden && (isAtWork(status) || status.workers.length > 0);

function overall(live, asking, act) {
  const { status } = live;
  const { files_done: done, files_total: total, files_analysed: analysed, percent } = status;
  return html`
    <section class="panel overall" aria-label="Progress">
      <p class="line" data-test="overall">${`${count(done)} of ${count(total)} files (${percent.toFixed(1)} %)`}</p>
      <p class="analysed" data-test="analysed">${`Fully analysed ${count(analysed)} of ${count(total)}`}</p>
      <div
        class="bar"
        role="progressbar"
        data-test="bar"
        aria-label="Files done"
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${percent}
      >
        <svg width="100%" height="100%" aria-hidden="true"><rect width="${Math.min(100, percent)}%" height="100%" /></svg>
      </div>
      ${sentence(status)} ${readouts(live)}
      <div class="actions">
        ${ACTIONS.map(
          (action) => html`<button
            data-action=${action.name}
            ?disabled=${!live.connected || asking !== null || !action.at.includes(status.state)}
            @click=${() => act(action)}
          >
            ${action.title}
          </button>`,
        )}
      </div>
    </section>
  `;
}

function sentence(status) {
  const { trouble } = status;
  const text = trouble ? `${trouble.detail} (${trouble.code})` : saidOf(status);
  return html`<p class="sentence" role="status" data-test="trouble" ?data-trouble=${trouble !== null && trouble !== undefined} title=${text}>
    ${text}
  </p>`;
}

// A sentence that is read out must not change with every file.
function saidOf({ state, files_failed: failed, analysis = "" }) {
  const waits = analysis.startsWith("waits") ? ` Analysis ${analysis}.` : "";
  if (state !== "COMPLETED" || !(failed || analysis)) return `${SENTENCES[state] ?? ""}${waits}`;
  const all = failed ? `${counted(failed, "file")} failed, all else is imported` : "All is imported";
  return waits || !analysis ? `${all}.${waits}` : `${all}; not all is analysed yet.`;
}

function readouts(live) {
  const { status } = live;
  const { files_per_second: rate, seconds_left: left, files_failed: failed } = status;
  const since = isAtWork(status) && live.connected ? (performance.now() - live.elapsedAt) / 1000 : 0;
  const goesOn = left != null && status.files_done < status.files_total;
  return html`
    <dl class="readouts">
      ${readout("rate", "Rate", rate == null ? "–" : `${rate.toFixed(1)} files/s`)}
      ${readout("left", "Time left", goesOn ? duration(left) : "–")}
      ${readout("elapsed", "Elapsed", clock(status.elapsed_seconds + since))}
      ${readout(
        "failed",
        "Failed",
        failed ? html`<a href="#/failures" aria-label=${counted(failed, "file") + " failed"}>${count(failed)}</a>` : "0",
        failed > 0,
      )}
      ${readout("deferred", "Deferred", count(status.files_deferred))}
      ${readout("lookups", "Lookups to go", count(status.lookups))}
    </dl>
  `;
}

const readout = (name, title, value, warns = false) => html`
  <div class="readout" data-readout=${name} ?data-warns=${warns}>
    <dt>${title}</dt>
    <dd>${value ?? nothing}</dd>
  </div>
`;
