// The passages that sound most like one, once they are asked for, and a playlist of them.

import { getJson } from "./api.js";
import { fileLink } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";

const COUNT = 12;

/** The last answer: it is of one passage. */
let found = { passage: null, similar: [] };

export function similar(page, { passage, flavor }) {
  if (!flavor) return nothing;
  const path = `/api/passages/${encodeURIComponent(passage)}/similar`;

  async function search() {
    try {
      const { similar } = await getJson(path, { count: COUNT });
      found = { passage, similar };
    } catch (error) {
      page.showError(error);
      return;
    }
    page.draw();
  }

  return html`
    <section class="similar" data-test="similar">
      <h4>Sounds like</h4>
      ${found.passage === passage
        ? songs(found.similar, passage)
        : html`<p class="actions"><button data-similar="search" @click=${search}>Find similar songs</button></p>`}
    </section>
  `;
}

function songs(rows, passage) {
  if (!rows.length) return html`<p class="muted">No other song has a flavor from the same source.</p>`;
  const playlist = `/api/playlist/m3u8?${new URLSearchParams({ like: passage, urls: "true" })}`;
  return html`
    <table>
      <thead class="visually-hidden">
        <tr>
          <th scope="col">Song</th>
          <th scope="col">Distance</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) => html`
            <tr data-row data-passage=${row.passage_id}>
              <th scope="row" class="main">
                <a href=${fileLink(row.file_id, row.ordinal)} title=${row.path}>${row.title ?? row.path.split("/").at(-1)}</a>
                <span class="secondary">${row.artist ?? "–"}</span>
              </th>
              <td class="right figure">${row.distance.toFixed(3)}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
    <p class="actions"><a href=${playlist} download="similar.m3u8">A playlist of an hour</a></p>
  `;
}
