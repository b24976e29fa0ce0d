// The view of all passages, with the confidence of their identification.

import { confidenceBadge } from "./files.js";
import { fileLink } from "./router.js";
import { listingView } from "./listing_view.js";
import { html } from "./vendor/lit-html.js";
import { CONFIDENCES, bpm, key, length, position, signed } from "./wording.js";

const LABELS = Object.fromEntries(CONFIDENCES.map((each) => [each, each]));

export const passagesView = (page) =>
  listingView(page, {
    name: "passages",
    singular: "passage",
    title: "Passages",
    filter: "confidence",
    filterLabels: LABELS,
    counts: "confidences",
    placeholder: "Title, artist, album or path",
    noMatch: "No passages match.",
    emptyText: "The library has no passages yet.",
    table,
  });

function table(rows, busy) {
  return html`
    <div class="table" aria-busy=${busy ? "true" : "false"}>
      <table data-test="passages">
        <thead>
          <tr>
            <th scope="col">Title</th>
            <th scope="col" class="wide">Album</th>
            <th scope="col" class="wide">File</th>
            <th scope="col" class="right wider">From</th>
            <th scope="col" class="right wider">Lead-in</th>
            <th scope="col" class="right wider">Lead-out</th>
            <th scope="col" class="right wide">Length</th>
            <th scope="col" class="right widest">Tempo</th>
            <th scope="col" class="widest">Key</th>
            <th scope="col" class="right widest" title="Loudness">LUFS</th>
            <th scope="col">Confidence</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(row)}
        </tbody>
      </table>
    </div>
  `;
}

// Lead-in and lead-out are shown as lengths, because that is what overlaps.
function row(passage) {
  const { start_ticks: start, end_ticks: end, lead_in_ticks: leadIn, lead_out_ticks: leadOut, loudness_lufs: loudness } = passage;
  return html`
    <tr data-row data-passage=${passage.passage}>
      <th scope="row" class="main">
        <a href=${fileLink(passage.file, passage.ordinal)}>${passage.title ?? "untitled"}</a>
        <span class="secondary">${passage.artist ?? "–"}</span>
        <span class="secondary narrow">${passage.album ?? passage.name}</span>
      </th>
      <td class="wide"><span class="primary">${passage.album ?? "–"}</span></td>
      <td class="wide path" title=${passage.path}>
        <span class="primary">${passage.name}</span>
        <span class="secondary">passage ${passage.ordinal}</span>
      </td>
      <td class="right wider">${position(start)}</td>
      <td class="right wider">${leadIn == null ? "–" : position(leadIn - start)}</td>
      <td class="right wider">${leadOut == null ? "–" : position(end - leadOut)}</td>
      <td class="right wide">${length(end - start)}</td>
      <td class="right widest" data-measure="bpm">${bpm(passage) ?? "–"}</td>
      <td class="widest" data-measure="key">${key(passage) ?? "–"}</td>
      <td class="right widest" data-measure="loudness">${loudness == null ? "–" : signed(loudness)}</td>
      <td class="last">
        ${confidenceBadge(passage.confidence)}
        <span class="secondary narrow">${length(end - start)}</span>
      </td>
    </tr>
  `;
}
