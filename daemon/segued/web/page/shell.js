// What is around every view: the head with the state, the foot, what is said.

import { link } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";

const NAV = [
  ["now", "Now"],
  ["files", "Files"],
  ["passages", "Passages"],
  ["failures", "Failures"],
  ["settings", "Settings"],
];

export function shell(page, view) {
  return html`
    <a class="skip" href="#main" @click=${skip}>To the content</a>
    ${head(page)}
    <main id="main" tabindex="-1">${view.template()}</main>
    ${foot(page)} ${notice(page.live)} ${messages(page)}
  `;
}

// The address is the view, so a jump inside the page must not go there.
function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function head(page) {
  const { status, connected } = page.live;
  const here = page.route.view === "file" ? "files" : page.route.view;
  return html`
    <header class="head">
      <a class="brand" href="#/" aria-label="segued, to what happens now">
        <img src="/page/icon.svg" alt="" width="24" height="24">segued
      </a>
      <nav aria-label="Views">
        ${NAV.map(
          ([name, title]) => html`<a
            href=${link(name)}
            data-nav=${name}
            aria-current=${name === here ? "page" : nothing}
            >${title}</a
          >`,
        )}
      </nav>
      <div class="lamps ${connected ? "" : "stale"}">
        <span class="percent" data-test="percent" title="Files done"
          >${status ? `${status.percent.toFixed(1)} %` : ""}</span
        >
        ${chip(status)}
        <button class="quiet" data-test="theme" aria-label="Light or dark" title="Light or dark" @click=${() => window.theme.toggle()}>
          <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
            <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.6" />
            <path d="M10 3 A7 7 0 0 1 10 17 Z" fill="currentColor" />
          </svg>
        </button>
      </div>
    </header>
  `;
}

function chip(status) {
  const state = status?.state ?? "";
  return html`<span class="chip state" id="state" data-test="state" data-state=${state} role="status"
    >${state || "…"}</span
  >`;
}

function foot(page) {
  const { status } = page.live;
  return html`
    <footer class="foot">
      <span data-test="version">segued ${status?.version ?? ""}</span>
      <span data-test="library" class="path">${status?.library ?? ""}</span>
      <span class="keys"
        ><kbd>/</kbd> search <kbd>j</kbd> <kbd>k</kbd> rows <kbd>Space</kbd> play</span
      >
    </footer>
  `;
}

function notice(live) {
  return html`
    <div class="connection" data-test="connection" role="status" ?data-lost=${live.lost}>
      ${live.lost ? html`<p><span class="dot"></span>No connection to segued; trying again.</p>` : nothing}
    </div>
  `;
}

function messages(page) {
  return html`
    <div class="messages" data-test="messages" role="log" aria-live="polite" aria-label="Messages">
      ${page.messages.map(
        ({ text, kind, drop }) => html`
          <div class="message ${kind}" data-kind=${kind}>
            <p>${text}</p>
            <button class="quiet" aria-label="Close this message" @click=${drop}>×</button>
          </div>
        `,
      )}
    </div>
  `;
}
