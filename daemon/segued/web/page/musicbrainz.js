// Links to MusicBrainz, and its ids as people paste them.

import { html } from "./vendor/lit-html.js";

const MBID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

/** The id in what was pasted, alone or in an address; null if there is none. */
export const mbidIn = (text) => text.match(MBID)?.[0].toLowerCase() ?? null;

export const outside = (path, title) => html`
  <a href="https://musicbrainz.org/${path}" target="_blank" rel="noreferrer"
    >${title}<span class="unseen"> on MusicBrainz, in a new tab</span> ↗</a
  >
`;
