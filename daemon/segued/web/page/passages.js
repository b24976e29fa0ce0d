// The view of the passages: every song there is, and how sure it is.

import { sure } from "./files.js";
import { fileLink } from "./router.js";
import { shelfView } from "./shelf.js";
import { html } from "./vendor/lit-html.js";
import { CONFIDENCES, bpm, key, length, position, signed } from "./words.js";

const WORDS = Object.fromEntries(CONFIDENCES.map((each) => [each, each]));

export const passagesView = (page) =>
  shelfView(page, {
    name: "passages",
    one: "passage",
    title: "Passages",
    by: "confidence",
    kinds: WORDS,
    counts: "confidences",
    hint: "Title, artist, album or path",
    none: "No passage is like that.",
    empty: "No passage is known yet.",
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

// Lead-in and lead-out are told as lengths: that is what overlaps.
function row(passage) {
  const { start_ticks: start, end_ticks: end, lead_in_ticks: into, lead_out_ticks: out, loudness_lufs: loudness } = passage;
  return html`
    <tr data-row data-passage=${passage.passage}>
      <th scope="row" class="main">
        <a href=${fileLink(passage.file, passage.ordinal)}>${passage.title ?? "without a name"}</a>
        <span class="under">${passage.artist ?? "–"}</span>
        <span class="under narrow">${passage.album ?? passage.name}</span>
      </th>
      <td class="wide"><span class="over">${passage.album ?? "–"}</span></td>
      <td class="wide path" title=${passage.path}>
        <span class="over">${passage.name}</span>
        <span class="under">passage ${passage.ordinal}</span>
      </td>
      <td class="right wider">${position(start)}</td>
      <td class="right wider">${into == null ? "–" : position(into - start)}</td>
      <td class="right wider">${out == null ? "–" : position(end - out)}</td>
      <td class="right wide">${length(end - start)}</td>
      <td class="right widest" data-measure="bpm">${bpm(passage) ?? "–"}</td>
      <td class="widest" data-measure="key">${key(passage) ?? "–"}</td>
      <td class="right widest" data-measure="loudness">${loudness == null ? "–" : signed(loudness)}</td>
      <td class="last">
        ${sure(passage.confidence)}
        <span class="under narrow">${length(end - start)}</span>
      </td>
    </tr>
  `;
}
