// What somebody who knows better may say of a passage.

import { tell } from "./api.js";
import { mbidIn, outside } from "./musicbrainz.js";
import { html, nothing } from "./vendor/lit-html.js";
import { clock } from "./words.js";

export function decision(page, file, passage, decided) {
  const { ordinal, candidates, overruled, recording_mbid: recording } = passage;

  async function say(what, sentence) {
    try {
      await tell("/api/decide", { file: file.file, passage: ordinal, ...what });
    } catch (error) {
      page.warn(error);
      return false;
    }
    page.say(sentence);
    decided();
    return true;
  }

  const isIt = (mbid) => say({ recording: mbid }, `Passage ${ordinal} is what you say.`);
  const noSong = () => say({ recording: null }, `Passage ${ordinal} is no song.`);
  const forget = () => say({ clear: true }, `What was said of passage ${ordinal} is forgotten.`);

  async function another(event) {
    event.preventDefault();
    const form = event.target;
    const { mbid, title, artist } = form.elements;
    const found = mbidIn(mbid.value);
    mbid.setCustomValidity(found ? "" : "A MusicBrainz id looks like 8f3471b5-7e6a-48da-86a9-c1c07a0f47ae.");
    if (!form.reportValidity()) return;
    const names = Object.fromEntries(
      [["title", title], ["artist", artist]].map(([name, field]) => [name, field.value.trim()]).filter(([, value]) => value),
    );
    if (await say({ recording: found, ...names }, `Passage ${ordinal} is what you say.`)) form.reset();
  }

  const again = (event) => event.target.setCustomValidity("");

  return html`
    <section class="decision" data-test="decision">
      <h4>What it is</h4>
      ${candidates.length
        ? html`<ul class="candidates">
            ${candidates.map((each) => candidate(each, each.recording_mbid === recording, overruled, isIt))}
          </ul>`
        : html`<p class="soft">No recording was found for it.</p>`}
      <details>
        <summary>It is another recording</summary>
        <form class="another" novalidate @submit=${another}>
          <label class="whole"
            >MusicBrainz id of the recording, or its address
            <input name="mbid" required autocomplete="off" spellcheck="false" @input=${again} />
          </label>
          <label>Title, if another <input name="title" maxlength="500" autocomplete="off" /></label>
          <label>Artist, if another <input name="artist" maxlength="500" autocomplete="off" /></label>
          <button data-decide="other">It is this one</button>
        </form>
      </details>
      <p class="actions">
        <button data-decide="no-song" ?disabled=${overruled && recording === null} @click=${noSong}>It is no song</button>
        ${overruled
          ? html`<button data-decide="clear" @click=${forget}>Forget what was said</button>
              <span class="soft">Somebody said what it is.</span>`
          : nothing}
      </p>
    </section>
  `;
}

function candidate(one, isTaken, overruled, isIt) {
  const { recording_mbid: mbid, title, artist, score, sources, seconds } = one;
  return html`
    <li data-candidate=${mbid} ?data-taken=${isTaken}>
      <span class="what">
        <span class="over">${title ?? "without a name"}</span>
        <span class="under">
          ${artist ?? "–"}${seconds == null ? "" : ` · ${clock(Math.round(seconds))}`} · ${sources}
          ${sources === 1 ? "source" : "sources"} · ${outside(`recording/${mbid}`, "see")}
        </span>
      </span>
      <span class="figure" title="How alike it sounds">${score.toFixed(2)}</span>
      <button data-decide="this" ?disabled=${isTaken && overruled} @click=${() => isIt(mbid)}>
        ${isTaken ? (overruled ? "It is" : "Yes, this one") : "It is this one"}
      </button>
    </li>
  `;
}
