// What the library holds about a file: metadata, tags, phases and copies.

import { copyTable } from "./copies.js";
import { html, nothing } from "./vendor/lit-html.js";
import { codecName, count, joinValues, localTime, position, size, withSpaces } from "./wording.js";

const NEEDS = { idle: "idle time" };

export function facts({ file, tags, remembered_tags: remembered, phases, copies, kept_whole: keptWhole }) {
  return html`
    <div class="metadata">
      ${pairs("Facts", "facts", [
        ["path", file.path],
        ["music folder", file.root],
        ["length", file.duration_ticks == null ? null : position(file.duration_ticks)],
        ["audio", audioFormat(file)],
        ["one passage", keptWhole || null],
        ["size", size(file.size_bytes)],
        ["modified", localTime(file.modified_at)],
        ["added", localTime(file.added_at)],
        ["finished", file.finished_at && localTime(file.finished_at)],
        ["content hash", file.content_hash],
        ["audio hash", file.audio_hash],
        ["id", file.file],
      ])}
      ${pairs("Tags", "tags", Object.entries(tags).filter(([name]) => name !== "lyrics").map(([name, value]) => [withSpaces(name), joinValues(value)]))}
      ${tags.lyrics
        ? html`<section class="panel" data-test="lyrics" aria-labelledby="lyrics">
            <h2 id="lyrics">Lyrics</h2>
            <p class="lyrics">${tags.lyrics}</p>
          </section>`
        : nothing}
      ${Object.keys(remembered).length
        ? pairs("Remembered tags", "remembered-tags", Object.entries(remembered).map(rememberedTag))
        : nothing}
      ${phasesTable(phases)}
      ${copies.length
        ? html`<section class="panel" data-test="copies-of-file" aria-labelledby="copies">
            <h2 id="copies">Files with this sound</h2>
            ${copyTable(copies)}
          </section>`
        : nothing}
    </div>
  `;
}

// The file does not hold these any more; they identify nothing.
function rememberedTag([name, { value, read_at: readAt }]) {
  return [withSpaces(name), html`${joinValues(value)}${readAt ? html` <span class="muted">last read ${localTime(readAt)}</span>` : nothing}`];
}

function audioFormat({ codec, sample_rate: rate, channels }) {
  const parts = [codecName(codec), rate && `${count(rate)} Hz`, channels && (channels === 1 ? "mono" : channels === 2 ? "stereo" : `${channels} channels`)];
  return parts.filter(Boolean).join(", ");
}

function pairs(title, name, entries) {
  const present = entries.filter(([, value]) => value);
  return html`
    <section class="panel" data-test=${name} aria-labelledby=${name}>
      <h2 id=${name}>${title}</h2>
      ${present.length
        ? html`<table class="pairs">
            <tbody>
              ${present.map(([key, value]) => html`<tr><th scope="row">${key}</th><td>${value}</td></tr>`)}
            </tbody>
          </table>`
        : html`<p class="muted">None.</p>`}
    </section>
  `;
}

function phasesTable(phases) {
  return html`
    <section class="panel" data-test="phases" aria-labelledby="phases">
      <h2 id="phases">Completed phases</h2>
      ${phases.length
        ? html`<table class="pairs">
            <tbody>
              ${phases.map(
                ({ phase, title, at, needs }) => html`<tr>
                  <th scope="row"><span class="number">${phase}</span> ${title}</th>
                  <td>${localTime(at)}${needs ? html` <span class="badge" data-state="deferred">waits for ${NEEDS[needs] ?? needs}</span>` : nothing}</td>
                </tr>`,
              )}
            </tbody>
          </table>`
        : html`<p class="muted">None.</p>`}
    </section>
  `;
}
