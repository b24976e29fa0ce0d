// The view of all albums; its search finds songs and artists as well.

import { albumCards } from "./album_card.js";
import { getJson, isAborted } from "./api.js";
import { searchBox } from "./listing.js";
import { growingList, growingState, moreButton } from "./more.js";
import { artistLink, link } from "./router.js";
import { songTable } from "./song_table.js";
import { html, nothing } from "./vendor/lit-html.js";
import { count, pluralize } from "./wording.js";

const ORDERS = { artist: "Artist", title: "Title", year: "Year", new: "Newest" };

export function albumsView(page) {
  const list = growingList(page, "/api/albums", "albums");
  const search = searchBox(page, "albums");
  let params = {};
  let hits = null;
  let controller = new AbortController();

  function update(route) {
    params = route.params;
    search.sync(params);
    list.load({ query: params.query, order: params.order, uncertain: params.uncertain });
    findOthers(params.query);
  }

  /** Find the songs and artists of a search. */
  async function findOthers(query) {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    if (!query) {
      hits = null;
      return;
    }
    try {
      hits = await getJson("/api/search", { query }, signal);
    } catch (error) {
      if (!isAborted(error)) page.showError(error);
      return;
    }
    page.draw();
  }

  function template() {
    const rows = list.rows ?? [];
    return html`
      <div class="top">
        <h1 tabindex="-1">Albums</h1>
        ${search.template("Album, artist or song")}
      </div>
      ${list.rows ? orderChips(params) : nothing} ${hits ? foundArtists(hits) : nothing}
      ${growingState(list, params.query || params.uncertain ? "No albums match." : "The library has no albums yet.")}
      ${rows.length ? albumCards(rows) : nothing} ${rows.length ? moreButton(list, "album", "albums") : nothing}
      ${hits ? foundSongs(hits, params.query) : nothing}
    `;
  }

  function stop() {
    list.stop();
    search.stop();
    controller.abort();
  }

  return { title: "Albums", update, template, stop };
}

function orderChips(params) {
  const order = params.order ?? "artist";
  return html`
    <nav class="chips" aria-label="Order and filter">
      ${Object.entries(ORDERS).map(
        ([name, title]) => html`<a
          class="chip"
          data-order=${name}
          href=${link("albums", { ...params, order: name === "artist" ? null : name })}
          aria-current=${name === order ? "true" : nothing}
          >${title}</a
        >`,
      )}
      <a
        class="chip"
        data-test="uncertain"
        href=${link("albums", { ...params, uncertain: params.uncertain ? null : "true" })}
        aria-current=${params.uncertain ? "true" : nothing}
        >with uncertain songs</a
      >
    </nav>
  `;
}

function foundArtists({ artists, artists_total: total }) {
  if (!total) return nothing;
  return html`
    <section class="found" aria-labelledby="found-artists" data-test="found-artists">
      <h2 id="found-artists">${pluralize(total, "artist")}</h2>
      <p class="chips">
        ${artists.map((each) => html`<a class="chip" href=${artistLink(each.artist_key)}>${each.name} <b>${count(each.songs)}</b></a>`)}
      </p>
    </section>
  `;
}

function foundSongs({ songs, songs_total: total, songs_more: more }, query) {
  if (!total) return nothing;
  return html`
    <section class="found" aria-labelledby="found-songs" data-test="found-songs">
      <h2 id="found-songs">${more ? "more than " : ""}${pluralize(total, "song")}</h2>
      ${songTable(songs)}
      ${total > songs.length ? html`<p class="more"><a class="button" href=${link("passages", { query })}>All songs</a></p>` : nothing}
    </section>
  `;
}
