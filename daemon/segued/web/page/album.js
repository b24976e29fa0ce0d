// The view of one album: its tracks in running order, what is missing, and playback.

import { albumPicture } from "./album_card.js";
import { confidenceBadge } from "./files.js";
import { artistLink, fileLink } from "./router.js";
import { singleView } from "./single.js";
import { trackPlayer } from "./track_player.js";
import { html, nothing } from "./vendor/lit-html.js";
import { clock, length, pluralize, seconds, signed } from "./wording.js";

export function albumView(page, { id }) {
  const player = trackPlayer(page);
  const path = `/api/albums/${encodeURIComponent(id)}`;
  const draw = ({ album, tracks, missing }) => html`${header(album)} ${notices(missing, tracks)} ${trackTable(album, tracks, player)}`;
  return singleView(page, "Album", path, draw, player.stop);
}

function header(album) {
  const facts = [
    album.date,
    pluralize(album.tracks, "track"),
    clock(seconds(album.length_ticks)),
    album.loudness_lufs == null ? null : `${signed(album.loudness_lufs)} LUFS`,
  ].filter(Boolean);
  return html`
    <header class="album-header">
      ${albumPicture(album, "large")}
      <div>
        <h1 tabindex="-1">${album.title || "untitled"}</h1>
        <p class="by">${album.artist_key ? html`<a href=${artistLink(album.artist_key)}>${album.artist}</a>` : "–"}</p>
        <p class="muted">${facts.join(" · ")}</p>
      </div>
    </header>
  `;
}

function notices(missing, tracks) {
  const doubled = tracks.filter((each) => each.is_double).length;
  const discs = new Set(tracks.map((each) => each.disc)).size;
  const name = ([disc, track]) => (discs > 1 ? `${disc}-${track}` : String(track));
  const shown = missing.slice(0, 20).map(name).join(", ");
  return html`
    ${missing.length
      ? html`<p class="notice" data-test="missing">${missing.length === 1 ? "Track" : "Tracks"} ${shown}${missing.length > 20 ? " and more are" : missing.length === 1 ? " is" : " are"} missing.</p>`
      : nothing}
    ${doubled ? html`<p class="notice" data-test="doubled">${pluralize(doubled, "track is here more than once", "tracks are here more than once")}.</p>` : nothing}
  `;
}

function trackTable(album, tracks, player) {
  const discs = new Set(tracks.map((each) => each.disc)).size;
  return html`
    <div class="table">
      <table data-test="tracks">
        <thead>
          <tr>
            <th scope="col" class="play-cell"><span class="visually-hidden">Play</span></th>
            <th scope="col" class="right track-number">#</th>
            <th scope="col">Title</th>
            <th scope="col" class="right wide">LUFS</th>
            <th scope="col" class="right length">Length</th>
            <th scope="col" class="confidence-cell">Confidence</th>
          </tr>
        </thead>
        <tbody>
          ${tracks.map((track, index) => row(album, track, index, discs, tracks, player))}
        </tbody>
      </table>
    </div>
  `;
}

function row(album, track, index, discs, tracks, player) {
  const isPlaying = player.current === track.passage;
  const number = track.track ? (discs > 1 ? `${track.disc}-${track.track}` : track.track) : "–";
  return html`
    <tr data-row data-passage=${track.passage} ?data-playing=${isPlaying}>
      <td class="play-cell">
        <button
          class="quiet"
          data-test="play"
          aria-label=${isPlaying ? `Stop ${track.title ?? track.name}` : `Play from ${track.title ?? track.name}`}
          @click=${() => (isPlaying ? player.stop() : player.playFrom(tracks, index))}
        >
          ${isPlaying ? "■" : "▶"}
        </button>
      </td>
      <td class="right muted">${number}</td>
      <th scope="row" class="main">
        <a href=${fileLink(track.file, track.ordinal)}>${track.title ?? track.name}</a>
        ${track.artist && track.artist !== album.artist ? html`<span class="secondary">${track.artist}</span>` : nothing}
      </th>
      <td class="right wide">${track.loudness_lufs == null ? "–" : signed(track.loudness_lufs)}</td>
      <td class="right">${length(track.end_ticks - track.start_ticks)}</td>
      <td>${confidenceBadge(track.confidence)}</td>
    </tr>
  `;
}
