// The choice of another release for an album or a file: by a search of MusicBrainz, or by
// its ID or URL.

import { getJson } from "./api.js";
import { mbidIn, musicBrainzLink } from "./musicbrainz.js";
import { html, nothing } from "./vendor/lit-html.js";
import { pluralize } from "./wording.js";

/** The choices on a page; each keeps what was found until the view is left. */
export function releaseChoices(page) {
  const byCard = new Map();

  async function search(card, event) {
    event.preventDefault();
    const { artist, title } = event.target.elements;
    const state = { isBusy: true, found: null };
    byCard.set(card, state);
    page.draw();
    try {
      const { releases } = await getJson("/api/review/releases", { artist: artist.value, title: title.value });
      state.found = releases;
    } catch (error) {
      page.showError(error);
    }
    state.isBusy = false;
    page.draw();
  }

  /** The forms for a card, and what was found; `choose(mbid)` is called with a release. */
  return (card, { artist, title, current, isSending, isOpen = false, choose }) => {
    const { isBusy = false, found = null } = byCard.get(card) ?? {};
    return html`
      <details class="other-release" data-test="other-release" ?open=${isOpen}>
        <summary>Another release</summary>
        <form class="other-recording" data-test="release-form" @submit=${(event) => search(card, event)}>
          <label>Artist <input name="artist" maxlength="200" autocomplete="off" .defaultValue=${artist ?? ""} /></label>
          <label>Album <input name="title" maxlength="200" autocomplete="off" .defaultValue=${title ?? ""} /></label>
          <button data-test="search-releases" ?disabled=${isBusy}>Search MusicBrainz</button>
        </form>
        ${found ? results(found, current, isSending, choose) : nothing} ${byId(isSending, choose)}
      </details>
    `;
  };
}

function results(found, current, isSending, choose) {
  if (!found.length) return html`<p class="muted" data-test="nothing-found">MusicBrainz finds nothing with these names.</p>`;
  return html`
    <ul class="candidates" data-test="found-releases">
      ${found.map(
        ({ release_mbid: mbid, title, artist, date, country, media, tracks, note }) => html`
          <li data-candidate=${mbid} ?data-current=${mbid === current}>
            <span class="description">
              <span class="primary">${title}${note ? html` <span class="muted">(${note})</span>` : nothing}</span>
              <span class="secondary">
                ${[artist || "–", date, country, media, tracks ? pluralize(tracks, "track") : null].filter(Boolean).join(" · ")} ·
                ${musicBrainzLink(`release/${mbid}`, "view")}
              </span>
            </span>
            <span></span>
            <button data-answer="release" ?disabled=${isSending} @click=${() => choose(mbid)}>${mbid === current ? "Confirm" : "Use this"}</button>
          </li>
        `,
      )}
    </ul>
  `;
}

function byId(isSending, choose) {
  function submit(event) {
    event.preventDefault();
    const { mbid } = event.target.elements;
    const found = releaseIn(mbid.value);
    mbid.setCustomValidity(found ? "" : "The URL of a release looks like https://musicbrainz.org/release/8f3471b5-7e6a-48da-86a9-c1c07a0f47ae.");
    if (event.target.reportValidity()) choose(found);
  }
  return html`
    <form class="other-recording" novalidate @submit=${submit}>
      <label class="full-width"
        >MusicBrainz ID or URL of the release
        <input name="mbid" required autocomplete="off" spellcheck="false" @input=${(event) => event.target.setCustomValidity("")} />
      </label>
      <button data-answer="release-id" ?disabled=${isSending}>Use this release</button>
    </form>
  `;
}

// The page of a recording or of a release group has an ID too, which is none of a release.
const releaseIn = (text) => (!text.includes("/") || /\/release\/[0-9a-f]/i.test(text) ? mbidIn(text) : null);
