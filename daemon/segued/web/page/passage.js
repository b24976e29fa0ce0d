// One passage in full: its marks, why it is said to be what it is, how it sounds.

import { tell } from "./api.js";
import { decision } from "./decision.js";
import { sure } from "./files.js";
import { flavor } from "./flavor.js";
import { measures } from "./measures.js";
import { outside } from "./musicbrainz.js";
import { html, nothing } from "./vendor/lit-html.js";
import { position } from "./words.js";

const FLAVORING = 9;

export function passageDetails(page, { file, phases }, passage, decided) {
  async function retry() {
    try {
      await tell("/api/retry", { file: file.file });
    } catch (error) {
      page.warn(error);
      return;
    }
    page.say("It is tried again.");
    decided();
  }

  return html`
    <article class="details" data-test="details" data-ordinal=${passage.ordinal} aria-label="Passage ${passage.ordinal}">
      ${names(passage)} ${marks(passage)} ${why(passage)} ${decision(page, file, passage, decided)}
      ${measures(passage)} ${flavor(passage, awaited(phases, page.live.status), retry)}
    </article>
  `;
}

/** Why it is not known yet how a file sounds, where it will be. */
function awaited(phases, status) {
  const needs = phases.find((each) => each.phase === FLAVORING)?.needs;
  if (!needs) return null;
  const { analysis = "" } = status ?? {};
  if (needs === "leisure") return analysis.startsWith("waits") ? `Not yet: analysis ${analysis}.` : "Not yet: others come first.";
  return `Not yet: it waits for ${needs}.`;
}

function names(passage) {
  const { recording_mbid: recording, release_mbid: release } = passage;
  return html`
    <header>
      <h3>${passage.title ?? "Without a name"}</h3>
      <p>${passage.artist ?? "Nobody that is known"}${passage.album ? html` <span class="soft">· ${passage.album}</span>` : nothing}</p>
      <p class="links">
        ${recording ? outside(`recording/${recording}`, "recording") : html`<span class="soft">no recording</span>`}
        ${release ? outside(`release/${release}`, "release") : nothing}
      </p>
    </header>
  `;
}

function marks(passage) {
  const { start_ticks: start, end_ticks: end, lead_in_ticks: into, lead_out_ticks: out, fade_in_ticks: fading, fade_out_ticks: faded } = passage;
  const cell = (title, ticks, note) => html`
    <div>
      <dt>${title}</dt>
      <dd>${position(ticks)}${note ? html` <span class="soft">${note}</span>` : nothing}</dd>
    </div>
  `;
  return html`
    <dl class="times-of">
      ${cell("Start", start)} ${cell("Lead-in", into, into == null ? "" : `+${position(into - start)}`)}
      ${cell("Lead-out", out, out == null ? "" : `−${position(end - out)}`)} ${cell("End", end)}
      ${fading == null ? nothing : cell("Fade-in", fading)} ${faded == null ? nothing : cell("Fade-out", faded)}
      ${cell("Length", end - start)}
    </dl>
  `;
}

function why({ confidence, score, reason, evidence, rejected }) {
  const kinds = Object.entries(evidence);
  return html`
    <section data-test="why">
      <h4>Why</h4>
      <p>${sure(confidence)} <span class="figure">${score.toFixed(2)}</span> ${reason}</p>
      ${kinds.length
        ? html`<table class="evidence">
            <caption class="unseen">Evidence</caption>
            <tbody>
              ${kinds.map(([kind, what]) => html`<tr><th scope="row">${kind}</th><td>${what}</td></tr>`)}
            </tbody>
          </table>`
        : nothing}
      ${rejected.length
        ? html`<details>
            <summary>Not taken: ${rejected.length}</summary>
            <ul class="names">
              ${rejected.map((what) => html`<li>${what}</li>`)}
            </ul>
          </details>`
        : nothing}
    </section>
  `;
}
