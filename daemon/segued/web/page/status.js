// The status view: progress of the import, workers, counters, services, music folders.

import { getJson, sendJson } from "./api.js";
import { countersTable } from "./counters.js";
import { foldersPanel, servicesPanel } from "./folders.js";
import { nodesPanel } from "./nodes.js";
import { html, nothing } from "./vendor/lit-html.js";
import { workersPanel } from "./workers.js";
import { clock, count, pluralize, duration } from "./wording.js";

const TICK_MS = 200;

const STATE_TEXTS = {
  SCANNING: "The music folders are being scanned.",
  PROCESSING: "Files are being imported.",
  PAUSED: "Paused until you resume, also after a restart.",
  COMPLETED: "New files in the music folders are imported automatically.",
  CANCELLED: "Cancelled: finished files stay imported. Resume or scan to continue.",
  FAILED: "The import cannot continue.",
};

const ACTIONS = [
  { name: "pause", title: "Pause", path: "/api/import/pause/current", at: ["SCANNING", "PROCESSING", "COMPLETED"] },
  { name: "resume", title: "Resume", path: "/api/import/resume/current", at: ["PAUSED", "CANCELLED", "FAILED"] },
  { name: "cancel", title: "Cancel", path: "/api/import/cancel/current", at: ["SCANNING", "PROCESSING", "PAUSED"] },
  { name: "scan", title: "Scan now", path: "/api/import/session/start", at: ["PROCESSING", "COMPLETED", "CANCELLED", "FAILED"] },
];

export function statusView(page) {
  let configuredWorkers = 0;
  let workerCount = 0;
  let pendingAction = null;
  let isReady = false;
  const timer = setInterval(() => isCounting(page.live) && page.draw(), TICK_MS);

  // The configured number of workers, so that each has its panel from the start.
  const settingsRead = getJson("/api/settings").then(
    (settings) => (configuredWorkers = Number(settings.ai_processing_thread_count) || 0),
    () => {},
  );
  settingsRead.then(() => {
    isReady = true;
    page.draw();
  });

  async function act(action) {
    pendingAction = action.name;
    page.draw();
    try {
      await sendJson(action.path);
    } catch (error) {
      page.showError(error);
    }
    pendingAction = null;
    page.draw();
  }

  function template() {
    const { status, lost } = page.live;
    // Drawn only when everything has arrived, so that nothing moves afterwards.
    if (!status || !isReady) return html`<h1 class="visually-hidden" tabindex="-1">Status</h1>`;
    workerCount = Math.max(configuredWorkers, workerCount, ...status.workers.map((each) => each.worker));
    return html`
      <h1 class="visually-hidden" tabindex="-1">Status</h1>
      <div class="status ${lost ? "stale" : ""}" data-test="now">
        ${progressPanel(page.live, pendingAction, act)} ${workersPanel(page.live, workerCount)}
        ${countersTable(status)}
        <div class="side">${servicesPanel(status)} ${foldersPanel(status.folders)} ${nodesPanel(status)}</div>
      </div>
    `;
  }

  return { title: "Status", template, stop: () => clearInterval(timer) };
}

const isRunning = ({ state }) => state === "SCANNING" || state === "PROCESSING";

/** Whether the page shows seconds that count on between two events. */
const isCounting = ({ status, connected }) =>
  connected && status && !document.hidden && (isRunning(status) || status.workers.length > 0);

function progressPanel(live, pendingAction, act) {
  const { status } = live;
  const { files_done: done, files_total: total, files_analysed: analyzed, percent } = status;
  return html`
    <section class="panel overall" aria-label="Progress">
      <p class="line" data-test="overall">${total ? `Imported ${count(done)} of ${count(total)}` : "No music files yet"}</p>
      ${progressBar("bar", "Files imported", percent)}
      <p class="analyzed" data-test="analysed">${analysisText(status)}</p>
      ${progressBar("analysis-bar", "Files analysed", total ? (100 * analyzed) / total : 0)}
      ${stateLine(status)} ${readouts(live)}
      <div class="actions">
        ${ACTIONS.map(
          (action) => html`<button
            data-action=${action.name}
            ?disabled=${!live.connected || pendingAction !== null || !action.at.includes(status.state)}
            @click=${() => act(action)}
          >
            ${action.title}
          </button>`,
        )}
      </div>
    </section>
  `;
}

// Both bars are always there, so that nothing moves when the analysis begins or ends.
function progressBar(name, label, percent) {
  const shown = Math.min(100, percent);
  return html`
    <div
      class="bar"
      role="progressbar"
      data-test=${name}
      aria-label=${label}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${shown.toFixed(1)}
    >
      <svg width="100%" height="100%" aria-hidden="true">
        <rect width="${shown}%" height="100%" />
      </svg>
    </div>
  `;
}

function analysisText(status) {
  const { files_analysed: analyzed, files_done: done, files_total: total, analysis } = status;
  if (!total) return "Nothing to analyze yet";
  const { analysis_per_hour: perHour = null, analysis_seconds_left: left = null } = status;
  const parts = [`Analyzed ${count(analyzed)} of ${count(total)}`];
  if (analysis.startsWith("waits")) parts.push(analysis);
  if (perHour !== null) parts.push(`${count(Math.round(perHour))} files per hour`);
  if (left) parts.push(`${duration(left)} left`);
  const mayStop = total > 0 && done === total && analyzed < total;
  return parts.join(", ") + (mayStop ? "; you may stop now, nothing is lost" : "");
}

function stateLine(status) {
  const { trouble } = status;
  const text = trouble ? `${trouble.detail} (${trouble.code})` : stateText(status);
  return html`<p class="sentence" role="status" data-test="trouble" ?data-trouble=${trouble !== null && trouble !== undefined} title=${text}>
    ${text}
  </p>`;
}

// Screen readers announce each change of this text, so it must not contain the count of
// files to go.
function stateText({ state, files_failed: failed, files_again: again }) {
  const text = STATE_TEXTS[state] ?? "";
  const problems = state === "COMPLETED" && failed ? `${pluralize(failed, "file")} failed. ` : "";
  return again ? `${problems}Imported files are matched again with new answers.` : problems + text;
}

function readouts(live) {
  const { status } = live;
  const { files_per_second: rate, seconds_left: left, files_failed: failed } = status;
  const since = isRunning(status) && live.connected ? (performance.now() - live.elapsedAt) / 1000 : 0;
  const isUnfinished = left != null && status.files_done < status.files_total;
  return html`
    <dl class="readouts">
      ${readout("rate", "Rate", rate == null ? "–" : `${rate.toFixed(1)} files/s`)}
      ${readout("left", "Time left", isUnfinished ? duration(left) : "–")}
      ${readout("elapsed", "Elapsed", clock(status.elapsed_seconds + since))}
      ${readout(
        "failed",
        "Failed",
        failed ? html`<a href="#/failures" aria-label=${pluralize(failed, "file") + " failed"}>${count(failed)}</a>` : "0",
        failed > 0,
      )}
      ${readout("deferred", "Deferred", count(status.files_deferred))}
      ${readout("lookups", "Pending lookups", count(status.lookups))}
    </dl>
  `;
}

const readout = (name, title, value, warns = false) => html`
  <div class="readout" data-readout=${name} ?data-warns=${warns}>
    <dt>${title}</dt>
    <dd>${value ?? nothing}</dd>
  </div>
`;
