// Albums as cards, and the picture of an album.

import { albumLink, artistLink } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";
import { pluralize } from "./wording.js";

/** The picture of an album; its initials where there is none, or `hasPicture` is false. */
export function albumPicture(album, size = "small", hasPicture = true) {
  const initials = [...album.title.matchAll(/[\p{L}\p{N}]+/gu)].slice(0, 2).map(([word]) => [...word][0]);
  const query = new URLSearchParams({ size, ...(album.cover ? { v: album.cover } : {}) });
  const pixels = size === "small" ? 256 : 800;
  return html`
    <span class="picture" data-size=${size} data-tint=${tint(album.title)} aria-hidden="true">
      <span class="initials">${initials.join("").toUpperCase() || "♪"}</span>
      ${hasPicture
        ? html`<img src="/api/albums/${album.album_id}/cover?${query}" alt="" width=${pixels} height=${pixels} loading="lazy" @load=${show} @error=${hide} />`
        : nothing}
    </span>
  `;
}

const JUST_MS = 10_000;
const arrived = { count: 0, at: -Infinity };

/** Ask again for the covers that are not shown: some arrived, of which `count` tells. */
export function askForMissingCovers(count) {
  Object.assign(arrived, { count, at: performance.now() });
  document.querySelectorAll(".picture img[data-none]").forEach(askAgain);
}

function askAgain(picture) {
  const address = new URL(picture.src);
  if (address.searchParams.get("n") === String(arrived.count)) return;
  address.searchParams.set("n", arrived.count);
  picture.loading = "eager"; // what is not displayed is never near the window
  picture.src = address;
}

// Without a cover, the answer is empty, and the initials stay. The cover may have arrived
// before the empty answer.
const show = ({ target }) => target.removeAttribute("data-none");
function hide({ target }) {
  target.setAttribute("data-none", "");
  if (performance.now() - arrived.at < JUST_MS) askAgain(target);
}

// One of six tints, always the same for a title.
const tint = (title) => [...title].reduce((sum, each) => (31 * sum + each.codePointAt(0)) >>> 0, 0) % 6;

export function albumCards(albums) {
  return html`
    <ul class="cards" data-test="albums">
      ${albums.map(card)}
    </ul>
  `;
}

function card(album) {
  const facts = [album.year || null, pluralize(album.tracks, "track")].filter(Boolean);
  return html`
    <li class="card" data-row data-album=${album.album_id}>
      <a class="card-link" href=${albumLink(album.album_id)} title=${album.title}>
        ${albumPicture(album)}
        <span class="primary">${album.title || "untitled"}</span>
      </a>
      <span class="secondary">${album.artist_key ? html`<a href=${artistLink(album.artist_key)}>${album.artist}</a>` : "–"}</span>
      <span class="secondary">
        ${facts.join(" · ")}${album.uncertain ? html` · <span title="Low or None">${album.uncertain} uncertain</span>` : nothing}
      </span>
    </li>
  `;
}
