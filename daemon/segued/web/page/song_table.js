// Songs in a narrow table: title, artist, album, length, confidence.

import { confidenceBadge } from "./files.js";
import { fileLink } from "./router.js";
import { html } from "./vendor/lit-html.js";
import { length } from "./wording.js";

export function songTable(songs) {
  return html`
    <div class="table">
      <table data-test="songs">
        <thead>
          <tr>
            <th scope="col">Title</th>
            <th scope="col" class="wide">Album</th>
            <th scope="col" class="right length">Length</th>
            <th scope="col" class="confidence-cell">Confidence</th>
          </tr>
        </thead>
        <tbody>
          ${songs.map(
            (song) => html`
              <tr data-row data-passage=${song.passage}>
                <th scope="row" class="main">
                  <a href=${fileLink(song.file, song.ordinal)}>${song.title ?? song.name}</a>
                  <span class="secondary">${song.artist ?? "–"}</span>
                </th>
                <td class="wide"><span class="primary">${song.album ?? "–"}</span></td>
                <td class="right">${length(song.end_ticks - song.start_ticks)}</td>
                <td>${confidenceBadge(song.confidence)}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}
