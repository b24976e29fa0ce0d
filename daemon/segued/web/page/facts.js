// What is on record of a file: its facts, tags, phases and copies.

import { fileLink } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";
import { coding, count, joined, moment, position, size, spaced } from "./words.js";

const NEEDS = { leisure: "its turn" };

export function facts({ file, tags, phases, duplicates }) {
  return html`
    <div class="records">
      ${pairs("Facts", "facts", [
        ["path", file.path],
        ["music folder", file.root],
        ["length", file.duration_ticks == null ? null : position(file.duration_ticks)],
        ["sound", sound(file)],
        ["size", size(file.size_bytes)],
        ["changed", moment(file.modified_at)],
        ["added", moment(file.added_at)],
        ["finished", file.finished_at && moment(file.finished_at)],
        ["content hash", file.content_hash],
        ["audio hash", file.audio_hash],
        ["id", file.file],
      ])}
      ${pairs("Tags", "tags", Object.entries(tags).map(([name, value]) => [spaced(name), joined(value)]))}
      ${phasesTable(phases)}
      ${duplicates.length
        ? html`<section class="panel" data-test="duplicates" aria-labelledby="duplicates">
            <h2 id="duplicates">The same content</h2>
            <ul class="names">
              ${duplicates.map((each) => html`<li><a href=${fileLink(each.file)}>${each.path}</a></li>`)}
            </ul>
          </section>`
        : nothing}
    </div>
  `;
}

function sound({ codec, sample_rate: rate, channels }) {
  const parts = [coding(codec), rate && `${count(rate)} Hz`, channels && (channels === 1 ? "mono" : channels === 2 ? "stereo" : `${channels} channels`)];
  return parts.filter(Boolean).join(", ");
}

function pairs(title, name, all) {
  const there = all.filter(([, value]) => value);
  return html`
    <section class="panel" data-test=${name} aria-labelledby=${name}>
      <h2 id=${name}>${title}</h2>
      ${there.length
        ? html`<table class="pairs">
            <tbody>
              ${there.map(([key, value]) => html`<tr><th scope="row">${key}</th><td>${value}</td></tr>`)}
            </tbody>
          </table>`
        : html`<p class="soft">None.</p>`}
    </section>
  `;
}

function phasesTable(phases) {
  return html`
    <section class="panel" data-test="phases" aria-labelledby="phases">
      <h2 id="phases">Phases done</h2>
      ${phases.length
        ? html`<table class="pairs">
            <tbody>
              ${phases.map(
                ({ phase, title, at, needs }) => html`<tr>
                  <th scope="row"><span class="number">${phase}</span> ${title}</th>
                  <td>${moment(at)}${needs ? html` <span class="badge" data-state="deferred">waits for ${NEEDS[needs] ?? needs}</span>` : nothing}</td>
                </tr>`,
              )}
            </tbody>
          </table>`
        : html`<p class="soft">None.</p>`}
    </section>
  `;
}
