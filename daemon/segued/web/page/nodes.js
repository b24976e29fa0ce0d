// The other machines that analyze, on the status view.

import { html, nothing } from "./vendor/lit-html.js";
import { count, pluralize } from "./wording.js";

/** Nothing where no other machine may join, which is nearly everywhere. */
export function nodesPanel({ nodes = [], cluster = "" }) {
  if (!nodes.length && !cluster) return nothing;
  return html`
    <section class="panel folders nodes" aria-labelledby="nodes">
      <h2 id="nodes">Other machines</h2>
      ${cluster ? html`<p class="why muted">${cluster}</p>` : nothing}
      <ul>
        ${nodes.map(node)}
      </ul>
    </section>
  `;
}

function node({ name, host, slots, running, done, refused, sound_per_minute: sound, folders, missing, may, why_not: whyNot, seen_seconds: seen }) {
  const state = may.length ? "works" : "rests";
  const note = [
    `${running} with it, ${slots} at once`,
    `${count(done)} done`,
    refused ? `${count(refused)} refused` : null,
    `${(sound / 60).toFixed(1)} minutes of sound a minute`,
    `seen ${Math.round(seen)} s ago`,
    ...whyNot,
  ]
    .filter(Boolean)
    .join(" · ");
  return html`
    <li class="folder" data-node=${name} data-state=${state}>
      <p class="path" title=${host}><bdi>${name}</bdi></p>
      <span class="badge" data-state=${state}>${state}</span>
      <p class="why muted" title=${note}>${note}</p>
      <details>
        <summary>${pluralize(folders.length + missing.length, "folder")}</summary>
        <ul class="names">
          ${folders.map((each) => html`<li>${each}: there</li>`)} ${missing.map((each) => html`<li>${each}: not there, or empty</li>`)}
        </ul>
      </details>
    </li>
  `;
}
