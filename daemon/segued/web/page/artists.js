// The view of all artists, and that of one artist with albums and songs.

import { albumCards } from "./album_card.js";
import { searchBox } from "./listing.js";
import { growingList, growingState, moreButton } from "./more.js";
import { artistLink } from "./router.js";
import { singleView } from "./single.js";
import { songTable } from "./song_table.js";
import { html, nothing } from "./vendor/lit-html.js";
import { count, pluralize } from "./wording.js";

export function artistsView(page) {
  const list = growingList(page, "/api/artists", "artists");
  const search = searchBox(page, "artists");
  let params = {};

  function update(route) {
    params = route.params;
    search.sync(params);
    list.load({ query: params.query });
  }

  function template() {
    const rows = list.rows ?? [];
    return html`
      <div class="top">
        <h1 tabindex="-1">Artists</h1>
        ${search.template("Artist")}
      </div>
      ${growingState(list, params.query ? "No artists match." : "The library has no artists yet.")}
      ${rows.length ? artistTable(rows) : nothing} ${rows.length ? moreButton(list, "artist", "artists") : nothing}
    `;
  }

  function stop() {
    list.stop();
    search.stop();
  }

  return { title: "Artists", update, template, stop };
}

function artistTable(rows) {
  return html`
    <div class="table">
      <table data-test="artists">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" class="right length">Albums</th>
            <th scope="col" class="right length">Songs</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (each) => html`
              <tr data-row data-artist=${each.artist_key}>
                <th scope="row" class="main"><a href=${artistLink(each.artist_key)}>${each.name}</a></th>
                <td class="right">${count(each.albums)}</td>
                <td class="right">${count(each.songs)}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

export function artistView(page, { id }) {
  return singleView(page, "Artist", `/api/artists/${encodeURIComponent(id)}`, artistDetail);
}

function artistDetail({ artist, albums, songs }) {
  return html`
    <div class="top">
      <h1 tabindex="-1">${artist.name}</h1>
      <p class="muted">${pluralize(albums.length, "album")} · ${pluralize(artist.songs, "song")}</p>
    </div>
    ${albums.length ? albumCards(albums) : nothing}
    <section class="found" aria-labelledby="songs">
      <h2 id="songs">Songs</h2>
      ${songTable(songs)}
    </section>
  `;
}
