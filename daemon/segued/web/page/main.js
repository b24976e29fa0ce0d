// The page: shows the view that the address names, and redraws it.

import { albumView } from "./album.js";
import { askForMissingCovers } from "./album_card.js";
import { albumsView } from "./albums.js";
import { artistView, artistsView } from "./artists.js";
import { filesView } from "./files.js";
import { homeView } from "./home.js";
import { lazyView } from "./lazy_view.js";
import { followStatus } from "./live.js";
import { passagesView } from "./passages.js";
import { parse } from "./router.js";
import { keepScrollPositions } from "./scroll_positions.js";
import { shell } from "./shell.js";
import { listenToShortcuts } from "./shortcuts.js";
import { statusView } from "./status.js";
import { html, render } from "./vendor/lit-html.js";

const MESSAGE_MS = 6000;
const ERROR_MS = 20_000;

const VIEWS = {
  home: homeView,
  status: statusView,
  albums: albumsView,
  album: albumView,
  artists: artistsView,
  artist: artistView,
  review: lazyView("Needs you", async () => (await import("./review.js")).reviewView),
  copies: lazyView("Copies", async () => (await import("./copies.js")).copiesView),
  files: filesView,
  passages: passagesView,
  failures: lazyView("Failures", async () => (await import("./failures.js")).failuresView),
  file: lazyView("File", async () => (await import("./file.js")).fileView),
  settings: lazyView("Settings", async () => (await import("./settings.js")).settingsView),
  setup: lazyView("Set up segued", async () => (await import("./setup.js")).setupView),
};

/** What a view is given: the daemon's status, the route, and functions to redraw and report. */
const page = { live: null, draw, replaceHash, showMessage, showError, route: null, messages: [] };

const scrollPositions = keepScrollPositions();
let view = null;
let shownKey = null;
let isNew = false;
let isScheduled = false;

/** Redraw the page before the next frame; `withFocus`: and focus its heading. */
function draw(withFocus = false) {
  isNew ||= withFocus === true;
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    render(shell(page, view), document.body);
    view.afterDraw?.();
    scrollPositions.afterDraw();
    // Focus the heading, so that a screen reader announces the new view.
    if (isNew) document.querySelector("main h1")?.focus({ preventScroll: true });
    isNew = false;
  });
}

/** Show the view that the address names; another view or file starts with new state. */
function applyRoute() {
  const route = parse(location.hash);
  const key = `${route.view}/${route.id ?? ""}`;
  const isOtherView = key !== shownKey;
  const isOtherPage = route.params.page !== page.route?.params.page;
  page.route = route;
  if (isOtherView) {
    view?.stop?.();
    page.messages = page.messages.filter((each) => each.kind !== "good");
    view = (VIEWS[route.view] ?? notFoundView)(page, route);
    // When the page loads, the focus is already at its start.
    isNew = shownKey !== null;
    shownKey = key;
  }
  scrollPositions.navigated(isOtherView || isOtherPage);
  view.update?.(route);
  document.title = `${view.title} · segued`;
  draw();
}

/** Change the address without a history entry: one per typed letter would be too many. */
function replaceHash(hash) {
  history.replaceState(null, "", hash);
  applyRoute();
}

function showMessage(text) {
  addMessage(text, "good", MESSAGE_MS);
}

function showError(error) {
  addMessage(error.message, "bad", ERROR_MS);
}

function addMessage(text, kind, duration_ms) {
  const message = { text, kind, drop };
  function drop() {
    page.messages = page.messages.filter((each) => each !== message);
    draw();
  }
  page.messages = [...page.messages.slice(-3), message];
  setTimeout(drop, duration_ms);
  draw();
}

function notFoundView() {
  return {
    title: "Page not found",
    template: () => html`
      <h1 tabindex="-1">Page not found</h1>
      <p data-test="not-found">This page does not exist. <a href="#/">Go to the start.</a></p>
    `,
  };
}

page.live = followStatus((names) => {
  if (names.includes("covers") && page.live.status.covers) askForMissingCovers(page.live.status.covers);
  view?.statusChanged?.(names);
  if (view) draw();
});
addEventListener("hashchange", applyRoute);
listenToShortcuts();
applyRoute();
