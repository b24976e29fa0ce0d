// One question about a match: what is known, the recordings to choose from, the answers.

import { confidenceBadge } from "./files.js";
import { mbidIn, musicBrainzLink } from "./musicbrainz.js";
import { fileLink } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";
import { TICKS_PER_SECOND, clock, length } from "./wording.js";

const END_TICKS = 15 * TICKS_PER_SECOND;

/** `answer(action, fields)` sends an answer about this song. */
export function songQuestion(passage, { player, search, isSending, isOneOfMany, answer }) {
  const name = passage.title ?? passage.name;
  return html`
    <section class="song-question" data-row data-passage=${passage.passage} data-test="song" aria-label=${name}>
      <div class="song-head">
        <span>
          <a class="primary" href=${fileLink(passage.file, passage.ordinal)}>${name}</a>
          <span class="secondary">${[passage.artist, length(passage.end_ticks - passage.start_ticks)].filter(Boolean).join(" · ")}</span>
        </span>
        ${ends(passage, player)} ${confidenceBadge(passage.confidence)}
      </div>
      ${isOneOfMany ? html`<p data-test="song-question">${passage.text}</p>` : nothing}
      <p class="muted">${passage.reason}</p>
      ${passage.candidates.length
        ? html`<ol class="candidates">
            ${passage.candidates.map((each, index) => candidate(each, index + 1, isSending, answer))}
          </ol>`
        : nothing}
      <div class="actions">
        ${isOneOfMany ? html`<button data-answer="accept" ?disabled=${isSending} @click=${() => answer("accept")}>Accept this song</button>` : nothing}
        <button data-answer="no-song" ?disabled=${isSending} @click=${() => answer("no song")}>No song</button>
        <details>
          <summary>Another recording</summary>
          ${search(passage, (mbid) => answer("recording", { recording: mbid }))} ${otherRecording(isSending, answer)}
        </details>
      </div>
    </section>
  `;
}

/** Buttons that play the start and the end of a song. */
function ends(passage, player) {
  const last = { ...passage, start_ticks: Math.max(passage.start_ticks, passage.end_ticks - END_TICKS) };
  const isPlaying = player.current === passage.passage;
  return html`
    <span class="ends" role="group" aria-label="Listen">
      <button data-test="play-start" @click=${() => (isPlaying ? player.stop() : player.playFrom([passage], 0))}>${isPlaying ? "■ Stop" : "▶ Start"}</button>
      <button data-test="play-end" @click=${() => player.playFrom([last], 0)}>▶ End</button>
    </span>
  `;
}

function candidate({ mbid, title, artist, seconds, evidence_for: pro, evidence_against: contra, is_current: isCurrent }, key, isSending, answer) {
  return html`
    <li data-candidate=${mbid} ?data-current=${isCurrent}>
      <span class="description">
        <span class="primary">${title || "untitled"}</span>
        <span class="secondary">
          ${artist || "–"}${seconds == null ? "" : ` · ${clock(Math.round(seconds))}`} · ${musicBrainzLink(`recording/${mbid}`, "view")}
        </span>
        ${pro.length ? html`<span class="secondary pro">+ ${pro.join("; ")}</span>` : nothing}
        ${contra.length ? html`<span class="secondary contra">− ${contra.join("; ")}</span>` : nothing}
      </span>
      <kbd>${key}</kbd>
      <button data-key=${key} data-answer="recording" ?disabled=${isSending} @click=${() => answer("recording", { recording: mbid })}>
        ${isCurrent ? "Confirm" : "Use this"}
      </button>
    </li>
  `;
}

function otherRecording(isSending, answer) {
  function submit(event) {
    event.preventDefault();
    const { mbid } = event.target.elements;
    const found = mbidIn(mbid.value);
    mbid.setCustomValidity(found ? "" : "A MusicBrainz ID looks like 8f3471b5-7e6a-48da-86a9-c1c07a0f47ae.");
    if (event.target.reportValidity()) answer("recording", { recording: found });
  }
  return html`
    <form class="other-recording" novalidate @submit=${submit}>
      <label class="full-width"
        >MusicBrainz ID or URL of the recording
        <input name="mbid" required autocomplete="off" spellcheck="false" @input=${(event) => event.target.setCustomValidity("")} />
      </label>
      <button data-answer="other" ?disabled=${isSending}>Use this recording</button>
    </form>
  `;
}
