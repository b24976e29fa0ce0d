// The view of one album: its tracks in running order, what is missing, playback, and the
// choice of another release.

import { albumPicture } from "./album_card.js";
import { getJson, sendJson } from "./api.js";
import { confidenceBadge } from "./files.js";
import { musicBrainzLink } from "./musicbrainz.js";
import { releaseChoices } from "./release_choice.js";
import { albumLink, artistLink, fileLink } from "./router.js";
import { singleView } from "./single.js";
import { trackPlayer } from "./track_player.js";
import { html, nothing } from "./vendor/lit-html.js";
import { clock, length, pluralize, seconds, signed } from "./wording.js";

/** The fields of the status that change when an album is matched again. */
const NAMES_OF_CHANGES = ["files_again", "state"];

const RELOAD_MS = 1000;
const RELOADS_MAX = 60;
const SETTLING_MS = 10_000;

/** When a release was chosen last, in any album. */
const answered = { at: -Infinity };

export function albumView(page, { id }) {
  const player = trackPlayer(page);
  const path = `/api/albums/${encodeURIComponent(id)}`;
  const otherRelease = releaseChoices(page);
  let isSending = false;
  let isStopped = false;
  let file = null;
  let timer = 0;
  let reloads = 0;

  async function answer(fields, message) {
    isSending = true;
    reloads = 0;
    answered.at = performance.now();
    page.draw();
    try {
      await sendJson("/api/review/answer", { card: id, ...fields });
      page.showMessage(message);
      await refresh();
    } catch (error) {
      page.showError(error);
    }
    isSending = false;
    page.draw();
  }

  const choose = (release) => answer({ action: "release", release }, "The release is chosen: the album is matched again. “Needs you” has it to undo.");
  const takeBack = () => answer({ action: "any release" }, "The release is determined automatically again.");

  /** Load the album again; one of another release is another album, with the same files. */
  async function refresh() {
    const found = file && (await getJson(`/api/files/${encodeURIComponent(file)}`).catch(() => null));
    if (isStopped) return;
    const album = found?.passages.find((each) => each.album_id)?.album_id;
    if (album && album !== id) location.replace(albumLink(album));
    else if (!(await view.reload())) reloadLater(); // gone meanwhile: the file knows where to
  }

  // What is matched again may be done before the next change of the status.
  function reloadLater() {
    if (isStopped || timer || reloads++ >= RELOADS_MAX) return;
    timer = setTimeout(() => {
      timer = 0;
      refresh();
    }, RELOAD_MS);
  }

  function stop() {
    isStopped = true;
    clearTimeout(timer);
    player.stop();
  }

  function draw({ album, tracks, missing, chosen_release: chosen, matched_again: again }) {
    file = tracks[0]?.file ?? file;
    // The songs come to another album one by one.
    const isNew = performance.now() - answered.at < SETTLING_MS;
    if (again || isNew || (chosen && chosen !== album.release_mbid)) reloadLater();
    return html`
      ${header(album)} ${notices(missing, tracks)}
      ${chosen
        ? html`<p class="chosen-release" data-test="chosen-release">
            ${musicBrainzLink(`release/${chosen}`, "The release")} is chosen by
            hand${chosen === album.release_mbid ? "." : "; MusicBrainz has not described it yet."}
            <button data-test="any-release" ?disabled=${isSending} @click=${takeBack}>Undo manual choice</button>
          </p>`
        : nothing}
      ${trackTable(album, tracks, player)}
      ${otherRelease(id, { artist: album.artist, title: album.title, current: album.release_mbid, isSending, choose })}
    `;
  }

  const view = singleView(page, "Album", path, draw, stop);
  const statusChanged = (names) => !isSending && NAMES_OF_CHANGES.some((each) => names.includes(each)) && refresh();
  return { ...view, statusChanged };
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
