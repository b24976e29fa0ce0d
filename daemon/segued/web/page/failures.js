// The failures view: groups by code, the files of each, and buttons to retry.

import { sendJson } from "./api.js";
import { listState, listing, pager } from "./listing.js";
import { fileLink, link } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";
import { PHASES, localTime, pluralize, toSentence, withoutPath } from "./wording.js";

// A file that was imported with a warning cannot be retried, except its flavor, which is
// determined independently of the import.
const canRetry = ({ code, fatal }) => fatal || code === "flavor";

export function failuresView(page) {
  const list = listing(page, "/api/failures");
  let params = {};
  let isRetrying = false;

  function update(route) {
    params = route.params;
    list.load({ code: params.code, page: params.page, per: params.code ? 50 : 1 });
  }

  async function retry(selection) {
    isRetrying = true;
    page.draw();
    try {
      const { reopened } = await sendJson("/api/retry", selection);
      page.showMessage(`Retrying ${pluralize(reopened, "file")}.`);
      await list.reload(true);
    } catch (error) {
      page.showError(error);
    }
    isRetrying = false;
    page.draw();
  }

  function template() {
    const groups = list.answer?.groups ?? [];
    const hasRetries = groups.some(canRetry);
    return html`
      <div class="top">
        <h1 tabindex="-1">Failures</h1>
        ${hasRetries ? retryButton("all", {}, "Retry all") : nothing}
      </div>
      ${listState(list, !groups.length, "No failures.")}
      <div class="groups">${groups.map(group)}</div>
    `;
  }

  function retryButton(name, selection, title = "Retry") {
    return html`<button data-retry=${name} ?disabled=${isRetrying} @click=${() => retry(selection)}>${title}</button>`;
  }

  function group({ code, meaning, fatal, count }) {
    const isOpen = params.code === code;
    return html`
      <section class="panel group" data-code=${code}>
        <header>
          <a class="toggle" href=${isOpen ? link("failures") : link("failures", { code })} aria-expanded=${isOpen ? "true" : "false"} role="button">
            <span class="disclosure" aria-hidden="true">${isOpen ? "▾" : "▸"}</span>
            <strong>${code}</strong>
            <span class="figure">${pluralize(count, "file")}</span>
          </a>
          <p class="meaning ${fatal ? "" : "soft"}">${toSentence(meaning)}</p>
          ${canRetry({ code, fatal }) ? retryButton("group", { code }) : nothing}
        </header>
        ${isOpen ? files() : nothing}
      </section>
    `;
  }

  function files() {
    const { answer } = list;
    // Until the answer arrives, the list holds the rows of the previous code.
    const rows = answer.failures.filter((each) => each.code === params.code);
    if (!rows.length) return html`<p class="muted">${list.busy ? "Loading …" : "None."}</p>`;
    return html`
      <div class="table" aria-busy=${list.busy ? "true" : "false"}>
        <table data-test="failures">
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col" class="wide">Phase</th>
              <th scope="col" class="wide">When</th>
              <th scope="col"><span class="visually-hidden">Retry</span></th>
            </tr>
          </thead>
          <tbody>
            ${rows.map(row)}
          </tbody>
        </table>
      </div>
      ${pager("failures", params, answer, answer.total === 1 ? "file" : "files")}
    `;
  }

  function row(failure) {
    const phase = failure.phase ? `${failure.phase} ${PHASES[failure.phase - 1]}` : "–";
    return html`
      <tr data-row data-file=${failure.file}>
        <th scope="row" class="main">
          <a href=${fileLink(failure.file)} title=${failure.path}>${failure.path}</a>
          <span class="secondary" title=${failure.detail}>${withoutPath(failure.path, failure.detail)}</span>
        </th>
        <td class="wide muted">${phase}</td>
        <td class="wide muted">
          ${localTime(failure.at)}
          ${failure.retry_at ? html`<span class="secondary">tried again by itself from ${localTime(failure.retry_at)}</span>` : nothing}
        </td>
        <td class="last">
          ${canRetry(failure) ? retryButton("file", { file: failure.file }) : nothing}
        </td>
      </tr>
    `;
  }

  const statusChanged = (names) => (names.includes("files_failed") || names.includes("files_analysed")) && list.reload();

  return { title: "Failures", update, template, stop: list.stop, statusChanged };
}
