// The details of one passage: marks, identification, measurements, flavor.

import { albumPicture } from "./album_card.js";
import { sendJson } from "./api.js";
import { confidenceBadge } from "./files.js";
import { flavor } from "./flavor.js";
import { measures } from "./measures.js";
import { musicBrainzLink } from "./musicbrainz.js";
import { overrideForm } from "./override.js";
import { albumLink } from "./router.js";
import { similar } from "./similar.js";
import { html, nothing } from "./vendor/lit-html.js";
import { CONFIDENCE_TEXTS, position, whatWouldConfirm } from "./wording.js";

const FLAVOR_PHASE = 9;

/** `changed` is called after the daemon has accepted a change. */
export function passageDetails(page, { file, phases }, passage, changed) {
  async function retry() {
    try {
      await sendJson("/api/retry", { file: file.file });
    } catch (error) {
      page.showError(error);
      return;
    }
    page.showMessage("The file is analyzed again.");
    changed();
  }

  return html`
    <article class="details" data-test="details" data-ordinal=${passage.ordinal} aria-label="Passage ${passage.ordinal}">
      ${names(passage)} ${marks(passage)} ${identification(passage, page.live.status?.services)} ${overrideForm(page, file, passage, changed)}
      ${measures(passage)} ${flavor(passage, pendingReason(phases, page.live.status), retry)} ${similar(page, passage)}
    </article>
  `;
}

/** Why the flavor of a file is not known yet; null if it is not pending. */
function pendingReason(phases, status) {
  const needs = phases.find((each) => each.phase === FLAVOR_PHASE)?.needs;
  if (!needs) return null;
  const { analysis = "" } = status ?? {};
  if (needs === "idle") return analysis.startsWith("waits") ? `Not yet: analysis ${analysis}.` : "Not yet: files that are not imported come first.";
  return `Not yet: waits for ${needs}.`;
}

function names(passage) {
  const { recording_mbid: recording, release_mbid: release, album, album_id: albumId, disc, track } = passage;
  const place = track ? ` · ${disc > 1 ? `disc ${disc}, ` : ""}track ${track}` : "";
  const onAlbum = albumId ? html`<a href=${albumLink(albumId)} data-test="album-of-passage">${album || "untitled"}</a>${place}` : album;
  return html`
    <header class="passage-names" ?data-album=${albumId !== null}>
      ${albumId ? albumPicture({ album_id: albumId, title: album ?? "" }) : nothing}
      <div>
        <h3>${passage.title ?? "Untitled"}</h3>
        <p>${passage.artist ?? "Unknown artist"}${onAlbum ? html` <span class="muted">· ${onAlbum}</span>` : nothing}</p>
        <p class="links">
          ${recording ? musicBrainzLink(`recording/${recording}`, "recording") : html`<span class="muted">no recording</span>`}
          ${release ? musicBrainzLink(`release/${release}`, "release") : nothing}
        </p>
      </div>
    </header>
  `;
}

function marks(passage) {
  const { start_ticks: start, end_ticks: end, lead_in_ticks: leadIn, lead_out_ticks: leadOut, fade_in_ticks: fadeIn, fade_out_ticks: fadeOut } = passage;
  const cell = (title, ticks, note) => html`
    <div>
      <dt>${title}</dt>
      <dd>${position(ticks)}${note ? html` <span class="muted">${note}</span>` : nothing}</dd>
    </div>
  `;
  return html`
    <dl class="mark-times">
      ${cell("Start", start)} ${cell("Lead-in", leadIn, leadIn == null ? "" : `+${position(leadIn - start)}`)}
      ${cell("Lead-out", leadOut, leadOut == null ? "" : `−${position(end - leadOut)}`)} ${cell("End", end)}
      ${fadeIn == null ? nothing : cell("Fade-in", fadeIn)} ${fadeOut == null ? nothing : cell("Fade-out", fadeOut)}
      ${cell("Length", end - start)}
    </dl>
  `;
}

function identification({ confidence, score, reason, evidence, rejected }, services) {
  const kinds = Object.entries(evidence);
  const missing = whatWouldConfirm(confidence, services);
  return html`
    <section data-test="why">
      <h4>Identification</h4>
      <p>${confidenceBadge(confidence)} <span class="figure">${score.toFixed(2)}</span> ${reason}</p>
      ${missing ? html`<p class="muted" data-test="would-confirm">${CONFIDENCE_TEXTS[confidence]} ${missing}</p>` : nothing}
      ${kinds.length
        ? html`<table class="evidence">
            <caption class="visually-hidden">Evidence</caption>
            <tbody>
              ${kinds.map(([kind, text]) => html`<tr><th scope="row">${kind}</th><td>${text}</td></tr>`)}
            </tbody>
          </table>`
        : nothing}
      ${rejected.length
        ? html`<details>
            <summary>Rejected: ${rejected.length}</summary>
            <ul class="names">
              ${rejected.map((text) => html`<li>${text}</li>`)}
            </ul>
          </details>`
        : nothing}
    </section>
  `;
}
