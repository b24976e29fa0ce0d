// The page's first view: the albums, or the status until something is imported.

import { link } from "./router.js";
import { html } from "./vendor/lit-html.js";

const SEGMENTING = "4";

export function homeView(page) {
  // Nothing is known before the first status arrives.
  function choose() {
    const { status } = page.live;
    if (status) page.replaceHash(link(status.counters[SEGMENTING]?.passages ? "albums" : "status"));
  }

  const template = () => html`<h1 class="visually-hidden" tabindex="-1">segued</h1><p class="muted loading">Loading …</p>`;

  return { title: "segued", update: choose, template, statusChanged: choose };
}
