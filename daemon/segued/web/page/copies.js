// The view of files with the same sound: which is best, and why the others are not.

import { listState, listing, pager } from "./listing.js";
import { fileLink } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";
import { codecName, length, pluralize, size } from "./wording.js";

const PER = 20;

export function copiesView(page) {
  const list = listing(page, "/api/copies");
  let params = {};

  function update(route) {
    params = route.params;
    list.load({ page: params.page, per: PER });
  }

  function template() {
    const { answer } = list;
    const groups = answer?.groups ?? [];
    return html`
      <div class="top">
        <h1 tabindex="-1">Copies</h1>
        ${groups.length ? html`<p class="muted" data-test="more-bytes">${size(answer.more_bytes)} besides the best ones; segued deletes nothing</p>` : nothing}
      </div>
      ${listState(list, !groups.length, "No song is here twice.")}
      ${groups.length ? html`<div class="groups">${groups.map(group)}</div>` : nothing}
      ${groups.length ? pager("copies", params, answer, answer.total === 1 ? "song" : "songs") : nothing}
    `;
  }

  return { title: "Copies", update, template, stop: list.stop, statusChanged: (names) => names.includes("files_done") && list.reload() };
}

function group({ copy_id: id, title, artist, files }) {
  return html`
    <section class="panel group" data-group=${id} aria-label=${title ?? files[0].name}>
      <header>
        <strong>${title ?? files[0].name}</strong>
        <span class="muted">${artist ?? ""}</span>
        <span class="figure">${pluralize(files.length, "file")}</span>
      </header>
      ${copyTable(files)}
    </section>
  `;
}

/** The files with one sound, the best first. */
export function copyTable(files) {
  return html`
    <div class="table">
      <table data-test="copies">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" class="wide">Audio</th>
            <th scope="col" class="right wide">Length</th>
            <th scope="col" class="right length">Size</th>
          </tr>
        </thead>
        <tbody>
          ${files.map(row)}
        </tbody>
      </table>
    </div>
  `;
}

function row(each) {
  const rate = each.bit_rate ? `${Math.round(each.bit_rate / 1000)} kbit/s` : "";
  return html`
    <tr data-row data-file=${each.file} ?data-best=${each.is_best}>
      <th scope="row" class="main">
        <a href=${fileLink(each.file)} title=${each.path}>${each.path}</a>
        <span class="secondary">${each.is_best ? "best" : [each.kind, each.why].filter(Boolean).join(": ")}</span>
      </th>
      <td class="wide muted">${[codecName(each.codec), rate].filter(Boolean).join(", ")}</td>
      <td class="right wide">${length(each.duration_ticks)}</td>
      <td class="right">${size(each.size_bytes)}</td>
    </tr>
  `;
}
