// How it stands with the music folders and the outside services.

import { html, nothing } from "./vendor/lit-html.js";
import { counted, count } from "./words.js";

const SERVICES = { acoustid: "AcoustID", musicbrainz: "MusicBrainz" };

export function servicesPanel({ services }) {
  const names = Object.keys({ ...SERVICES, ...services });
  return html`
    <section class="panel services" aria-labelledby="services">
      <h2 id="services">Services</h2>
      <ul class="facts">
        ${names.map(
          (name) => html`
            <li data-service=${name}>
              <span>${SERVICES[name] ?? name}</span>
              <span class="badge" data-state=${services[name] ?? "none"}>${services[name] ?? "not asked yet"}</span>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}

export function foldersPanel(folders) {
  return html`
    <section class="panel folders" aria-labelledby="folders">
      <h2 id="folders">Music folders</h2>
      ${folders.length
        ? html`<ul>
            ${folders.map(folder)}
          </ul>`
        : html`<p class="soft">None is watched.</p>`}
    </section>
  `;
}

// Each folder has its two lines whether or not there is something to say.
function folder({ root, state, why, unsettled, restless, unreadable }) {
  const troubled = restless.length + unreadable.length;
  const parts = [
    why,
    unsettled ? `${counted(unsettled, "file")} being written` : null,
    restless.length ? `${counted(restless.length, "file")} not coming to rest` : null,
    unreadable.length ? `${count(unreadable.length)} not looked into` : null,
  ].filter(Boolean);
  const said = parts.join(" · ");
  return html`
    <li class="folder" data-folder=${root} data-state=${state}>
      <p class="path" title=${root}><bdi>${root}</bdi></p>
      <span class="badge" data-state=${state}>${state}</span>
      <p class="why soft" title=${said}>${said}</p>
      <details ?hidden=${!troubled}>
        <summary>Which</summary>
        ${list("Does not come to rest", restless)} ${list("Not looked into", unreadable)}
      </details>
    </li>
  `;
}

const list = (title, names) =>
  names.length
    ? html`<h3>${title}</h3>
        <ul class="names">
          ${names.map((name) => html`<li>${name}</li>`)}
        </ul>`
    : nothing;
