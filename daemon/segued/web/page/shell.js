// The frame of every view: header with the state, footer, messages.

import { link } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";

/** The views that lead to the pages of single things. */
const PARENTS = { file: "files", album: "albums", artist: "artists", copies: "review" };

const NAV = [
  ["status", "Status"],
  ["albums", "Albums"],
  ["artists", "Artists"],
  ["review", "Needs you"],
  ["files", "Files"],
  ["passages", "Passages"],
  ["failures", "Failures"],
  ["settings", "Settings"],
];

export function shell(page, view) {
  return html`
    <a class="skip" href="#main" @click=${skip}>Skip to content</a>
    ${header(page)}
    <main id="main" tabindex="-1">${view.template()}</main>
    ${footer(page)} ${connectionNotice(page.live)} ${messages(page)}
  `;
}

// The hash names the view, so following `#main` would leave it.
function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function header(page) {
  const { status, connected } = page.live;
  const current = PARENTS[page.route.view] ?? page.route.view;
  return html`
    <header class="page-header">
      <a class="brand" href="#/" aria-label="segued, to the start">
        <img src="/page/icon.svg" alt="" width="24" height="24">segued
      </a>
      <nav aria-label="Views">
        ${NAV.map(
          ([name, title]) => html`<a
            href=${link(name)}
            data-nav=${name}
            aria-current=${name === current ? "page" : nothing}
            >${title}${name === "review" ? html`<b class="open-cards" data-test="cards" title="Albums and files with open questions">${status?.cards || nothing}</b>` : nothing}</a
          >`,
        )}
      </nav>
      <div class="indicators ${connected ? "" : "stale"}">
        <span class="percent" data-test="percent" title="Files done"
          >${status?.files_total ? `${status.percent.toFixed(1)} %` : ""}</span
        >
        ${stateChip(status)}
        <button class="quiet" data-test="theme" aria-label="Switch between light and dark" title="Switch between light and dark" @click=${() => window.theme.toggle()}>
          <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
            <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.6" />
            <path d="M10 3 A7 7 0 0 1 10 17 Z" fill="currentColor" />
          </svg>
        </button>
      </div>
    </header>
  `;
}

// A completed import is green only when nothing is being analyzed any more, and when there
// is anything that it has imported.
function stateChip(status) {
  const state = status?.state ?? "";
  const isBusy = status && (status.workers.length > 0 || (status.analysis && !status.analysis.startsWith("waits")));
  const isEmpty = state === "COMPLETED" && !status.files_total;
  return html`<span class="chip state" id="state" data-test="state" data-state=${state} ?data-busy=${isBusy} ?data-empty=${isEmpty} role="status"
    >${isEmpty ? "NO MUSIC YET" : state || "…"}</span
  >`;
}

function footer(page) {
  const { status } = page.live;
  return html`
    <footer class="page-footer">
      <span data-test="version">segued ${status?.version ?? ""}</span>
      <span data-test="library" class="path">${status?.library ?? ""}</span>
      <span class="keys"
        ><kbd>/</kbd> search <kbd>j</kbd> <kbd>k</kbd> rows <kbd>Space</kbd> play</span
      >
    </footer>
  `;
}

function connectionNotice(live) {
  return html`
    <div class="connection" data-test="connection" role="status" ?data-lost=${live.lost}>
      ${live.lost ? html`<p><span class="dot"></span>No connection to segued; reconnecting.</p>` : nothing}
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
