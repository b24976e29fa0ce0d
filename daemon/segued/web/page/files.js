// The view of all files, with their status.

import { fileLink } from "./router.js";
import { listingView } from "./listing_view.js";
import { html, nothing } from "./vendor/lit-html.js";
import { CONFIDENCE_TEXTS, STATUSES, codecName, count, length } from "./wording.js";

export const filesView = (page) =>
  listingView(page, {
    name: "files",
    singular: "file",
    title: "Files",
    filter: "status",
    filterLabels: STATUSES,
    counts: "statuses",
    placeholder: "Path, title, artist or album",
    noMatch: "No files match.",
    emptyText: "The library has no files yet.",
    table,
  });

function table(rows, busy) {
  return html`
    <div class="table" aria-busy=${busy ? "true" : "false"}>
      <table data-test="files">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" class="wide">Title</th>
            <th scope="col" class="right wide">Length</th>
            <th scope="col" class="wider">Codec</th>
            <th scope="col" class="right wider">Passages</th>
            <th scope="col" class="wide">Confidence</th>
            <th scope="col">Status</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(row)}
        </tbody>
      </table>
    </div>
  `;
}

function row(file) {
  const names = [file.title, file.artist].filter(Boolean);
  return html`
    <tr data-row data-file=${file.file}>
      <th scope="row" class="main">
        <a href=${fileLink(file.file)} title=${file.path}>${file.name}</a>
        <span class="secondary path"><bdi>${file.folder}</bdi></span>
        <span class="secondary narrow">${names.join(" · ") || "–"}</span>
      </th>
      <td class="wide">
        <span class="primary">${file.title ?? "–"}</span>
        <span class="secondary">${file.artist ?? ""}</span>
      </td>
      <td class="right wide">${length(file.duration_ticks)}</td>
      <td class="wider muted">${codecName(file.codec)}</td>
      <td class="right wider">${file.passages ? count(file.passages) : ""}</td>
      <td class="wide">${confidenceBadge(file.confidence)}</td>
      <td class="last">
        <span class="badge" data-state=${file.status} title=${file.failure_code ?? ""}>${STATUSES[file.status] ?? file.status}</span>
        <span class="secondary narrow">${length(file.duration_ticks)} ${file.confidence ?? ""}</span>
      </td>
    </tr>
  `;
}

export const confidenceBadge = (confidence) =>
  confidence
    ? html`<span class="badge confidence" data-confidence=${confidence} title=${CONFIDENCE_TEXTS[confidence] ?? ""}>${confidence}</span>`
    : nothing;
