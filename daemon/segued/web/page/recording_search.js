// A search of MusicBrainz for a recording by its names.

import { getJson } from "./api.js";
import { musicBrainzLink } from "./musicbrainz.js";
import { html, nothing } from "./vendor/lit-html.js";
import { clock } from "./wording.js";

/** The searches of the songs on a page; each keeps its results until the view is left. */
export function recordingSearches(page) {
  const bySong = new Map();

  async function search(song, event) {
    event.preventDefault();
    const { artist, title } = event.target.elements;
    const state = { isBusy: true, found: null };
    bySong.set(song, state);
    page.draw();
    try {
      const { recordings } = await getJson("/api/review/search", { artist: artist.value, title: title.value });
      state.found = recordings;
    } catch (error) {
      page.showError(error);
    }
    state.isBusy = false;
    page.draw();
  }

  /** The form for a song, and what it found; `choose(mbid)` is called with a recording. */
  return ({ passage: song, artist, title }, choose) => {
    const { isBusy = false, found = null } = bySong.get(song) ?? {};
    return html`
      <form class="other-recording" data-test="search-form" @submit=${(event) => search(song, event)}>
        <label>Artist <input name="artist" maxlength="200" autocomplete="off" .defaultValue=${artist ?? ""} /></label>
        <label>Title <input name="title" maxlength="200" autocomplete="off" .defaultValue=${title ?? ""} /></label>
        <button data-test="search-musicbrainz" ?disabled=${isBusy}>Search MusicBrainz</button>
      </form>
      ${found ? results(found, choose) : nothing}
    `;
  };
}

function results(found, choose) {
  if (!found.length) return html`<p class="muted" data-test="nothing-found">MusicBrainz finds nothing with these names.</p>`;
  return html`
    <ul class="candidates" data-test="found-recordings">
      ${found.map(
        ({ recording_mbid: mbid, title, artist, seconds, note }) => html`
          <li data-candidate=${mbid}>
            <span class="description">
              <span class="primary">${title}${note ? html` <span class="muted">(${note})</span>` : nothing}</span>
              <span class="secondary">${artist || "–"}${seconds == null ? "" : ` · ${clock(Math.round(seconds))}`} · ${musicBrainzLink(`recording/${mbid}`, "view")}</span>
            </span>
            <span></span>
            <button data-answer="found" @click=${() => choose(mbid)}>Use this</button>
          </li>
        `,
      )}
    </ul>
  `;
}
