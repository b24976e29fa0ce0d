// Links to MusicBrainz, and MusicBrainz IDs in pasted text.

import { html } from "./vendor/lit-html.js";

const MBID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

/** The MusicBrainz ID in a text, alone or in a URL; null if there is none. */
export const mbidIn = (text) => text.match(MBID)?.[0].toLowerCase() ?? null;

export const musicBrainzLink = (path, title) => html`
  <a href="https://musicbrainz.org/${path}" target="_blank" rel="noreferrer"
    >${title}<span class="visually-hidden"> on MusicBrainz, in a new tab</span> ↗</a
  >
`;
