// The state of the music folders and the outside services.

import { html, nothing } from "./vendor/lit-html.js";
import { pluralize } from "./wording.js";

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
              <span class="badge" data-state=${services[name] ?? "none"}>${services[name] ?? "not used yet"}</span>
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
        : html`<p class="muted">No music folder is watched.</p>`}
    </section>
  `;
}

// Each folder takes two lines, also if the second is empty, so that the layout is stable.
function folder({ root, state, why, unsettled, restless, unreadable, passed_over }) {
  const hasDetails = restless.length + unreadable.length > 0;
  const parts = [
    why,
    unsettled ? `${pluralize(unsettled, "file")} being written` : null,
    restless.length ? pluralize(restless.length, "file keeps changing", "files keep changing") : null,
    unreadable.length ? pluralize(unreadable.length, "folder not readable", "folders not readable") : null,
    passedOver(passed_over),
  ].filter(Boolean);
  const note = parts.join(" · ");
  return html`
    <li class="folder" data-folder=${root} data-state=${state}>
      <p class="path" title=${root}><bdi>${root}</bdi></p>
      <span class="badge" data-state=${state}>${state}</span>
      <p class="why muted" title=${note}>${note}</p>
      <details ?hidden=${!hasDetails}>
        <summary>Details</summary>
        ${list("Keeps changing", restless)} ${list("Not readable", unreadable)}
      </details>
    </li>
  `;
}

const REASONS = {
  "moving-picture": ["video"],
  link: ["link"],
  hidden: ["hidden name"],
  "ignored-folder": ["ignored folder"],
  partial: ["partial download"],
  "not-regular": ["special file"],
  permission: ["folder without permission", "folders without permission"],
  unreadable: ["unreadable folder"],
  ending: ["other file"],
};

// What scans did not import; other files, such as covers, come last.
function passedOver(counts) {
  const parts = Object.entries(REASONS)
    .filter(([reason]) => counts[reason])
    .map(([reason, names]) => pluralize(counts[reason], ...names));
  return parts.length ? `passed over: ${parts.join(", ")}` : null;
}

const list = (title, names) =>
  names.length
    ? html`<h3>${title}</h3>
        <ul class="names">
          ${names.map((name) => html`<li>${name}</li>`)}
        </ul>`
    : nothing;
