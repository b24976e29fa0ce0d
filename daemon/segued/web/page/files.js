// The view of the files: every one that was found, and what became of it.

import { fileLink } from "./router.js";
import { shelfView } from "./shelf.js";
import { html, nothing } from "./vendor/lit-html.js";
import { STATUSES, coding, count, length } from "./words.js";

export const filesView = (page) =>
  shelfView(page, {
    name: "files",
    one: "file",
    title: "Files",
    by: "status",
    kinds: STATUSES,
    counts: "statuses",
    hint: "Path, title, artist or album",
    none: "No file is like that.",
    empty: "The library is empty.",
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
  const called = [file.title, file.artist].filter(Boolean);
  return html`
    <tr data-row data-file=${file.file}>
      <th scope="row" class="main">
        <a href=${fileLink(file.file)} title=${file.path}>${file.name}</a>
        <span class="under path"><bdi>${file.folder}</bdi></span>
        <span class="under narrow">${called.join(" · ") || "–"}</span>
      </th>
      <td class="wide">
        <span class="over">${file.title ?? "–"}</span>
        <span class="under">${file.artist ?? ""}</span>
      </td>
      <td class="right wide">${length(file.duration_ticks)}</td>
      <td class="wider soft">${coding(file.codec)}</td>
      <td class="right wider">${file.passages ? count(file.passages) : ""}</td>
      <td class="wide">${sure(file.confidence)}</td>
      <td class="last">
        <span class="badge" data-state=${file.status} title=${file.failure_code ?? ""}>${STATUSES[file.status] ?? file.status}</span>
        <span class="under narrow">${length(file.duration_ticks)} ${file.confidence ?? ""}</span>
      </td>
    </tr>
  `;
}

export const sure = (confidence) =>
  confidence ? html`<span class="badge sure" data-sure=${confidence}>${confidence}</span>` : nothing;
