// The form that sets the recording of a passage by hand.

import { sendJson } from "./api.js";
import { mbidIn, musicBrainzLink } from "./musicbrainz.js";
import { html, nothing } from "./vendor/lit-html.js";
import { clock } from "./wording.js";

/** `changed` is called after the daemon has accepted a change. */
export function overrideForm(page, file, passage, changed) {
  const { ordinal, candidates, overruled, recording_mbid: recording } = passage;

  async function send(fields, message) {
    try {
      await sendJson("/api/decide", { file: file.file, passage: ordinal, ...fields });
    } catch (error) {
      page.showError(error);
      return false;
    }
    page.showMessage(message);
    changed();
    return true;
  }

  const setRecording = (mbid) => send({ recording: mbid }, `The recording of passage ${ordinal} is set.`);
  const setNoSong = () => send({ recording: null }, `Passage ${ordinal} is marked as not a song.`);
  const clear = () => send({ clear: true }, `The recording of passage ${ordinal} is determined automatically again.`);

  async function submit(event) {
    event.preventDefault();
    const form = event.target;
    const { mbid, title, artist } = form.elements;
    const found = mbidIn(mbid.value);
    mbid.setCustomValidity(found ? "" : "A MusicBrainz ID looks like 8f3471b5-7e6a-48da-86a9-c1c07a0f47ae.");
    if (!form.reportValidity()) return;
    const names = Object.fromEntries(
      [["title", title], ["artist", artist]].map(([name, field]) => [name, field.value.trim()]).filter(([, value]) => value),
    );
    if (await send({ recording: found, ...names }, `The recording of passage ${ordinal} is set.`)) form.reset();
  }

  const clearError = (event) => event.target.setCustomValidity("");

  return html`
    <section class="override" data-test="decision">
      <h4>Recording</h4>
      ${candidates.length
        ? html`<ul class="candidates">
            ${candidates.map((each) => candidate(each, each.recording_mbid === recording, overruled, setRecording))}
          </ul>`
        : html`<p class="muted">No candidates.</p>`}
      <details>
        <summary>Another recording</summary>
        <form class="other-recording" novalidate @submit=${submit}>
          <label class="full-width"
            >MusicBrainz ID or URL of the recording
            <input name="mbid" required autocomplete="off" spellcheck="false" @input=${clearError} />
          </label>
          <label>Title, if different <input name="title" maxlength="500" autocomplete="off" /></label>
          <label>Artist, if different <input name="artist" maxlength="500" autocomplete="off" /></label>
          <button data-decide="other">Use this recording</button>
        </form>
      </details>
      <p class="actions">
        <button data-decide="no-song" ?disabled=${overruled && recording === null} @click=${setNoSong}>Not a song</button>
        ${overruled
          ? html`<button data-decide="clear" @click=${clear}>Undo manual choice</button>
              <span class="muted">Set manually.</span>`
          : nothing}
      </p>
    </section>
  `;
}

function candidate({ recording_mbid: mbid, title, artist, score, sources, seconds }, isCurrent, overruled, setRecording) {
  return html`
    <li data-candidate=${mbid} ?data-current=${isCurrent}>
      <span class="description">
        <span class="primary">${title ?? "untitled"}</span>
        <span class="secondary">
          ${artist ?? "–"}${seconds == null ? "" : ` · ${clock(Math.round(seconds))}`} · ${sources}
          ${sources === 1 ? "source" : "sources"} · ${musicBrainzLink(`recording/${mbid}`, "view")}
        </span>
      </span>
      <span class="figure" title="Similarity of the fingerprints">${score.toFixed(2)}</span>
      <button data-decide="this" ?disabled=${isCurrent && overruled} @click=${() => setRecording(mbid)}>
        ${isCurrent ? (overruled ? "Confirmed" : "Confirm") : "Use this"}
      </button>
    </li>
  `;
}
