// The page's first view: the albums, the status until something is imported, or the first
// questions while nothing is known.

import { getJson } from "./api.js";
import { link } from "./router.js";
import { html } from "./vendor/lit-html.js";

const SEGMENTING = "4";

export function homeView(page) {
  const controller = new AbortController();
  let isAsking = false;

  // Nothing is known before the first status arrives.
  async function choose() {
    const { status } = page.live;
    if (!status || isAsking) return;
    isAsking = true;
    const view = status.counters[SEGMENTING]?.passages ? "albums" : await emptyView();
    if (!controller.signal.aborted) page.replaceHash(link(view));
  }

  async function emptyView() {
    try {
      const { is_first_visit: isFirstVisit } = await getJson("/api/setup", {}, controller.signal);
      return isFirstVisit ? "setup" : "status";
    } catch {
      return "status";
    }
  }

  const template = () => html`<h1 class="visually-hidden" tabindex="-1">segued</h1><p class="muted loading">Loading …</p>`;

  return { title: "segued", update: choose, template, statusChanged: choose, stop: () => controller.abort() };
}
