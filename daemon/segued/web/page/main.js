// The page: which view is shown, and when it is drawn.

import { failuresView } from "./failures.js";
import { fileView } from "./file.js";
import { filesView } from "./files.js";
import { listenToKeys } from "./keys.js";
import { follow } from "./live.js";
import { nowView } from "./now.js";
import { passagesView } from "./passages.js";
import { places } from "./places.js";
import { parse } from "./router.js";
import { settingsView } from "./settings.js";
import { shell } from "./shell.js";
import { html, render } from "./vendor/lit-html.js";

const SAID_MS = 6000;
const WARNED_MS = 20_000;

const VIEWS = {
  now: nowView,
  files: filesView,
  passages: passagesView,
  failures: failuresView,
  file: fileView,
  settings: settingsView,
};

/** What a view is given: the daemon as it is, and ways to be drawn and heard. */
const page = { live: null, draw, go, say, warn, route: null, messages: [] };

const scrolled = places();
let view = null;
let shown = null;
let isNew = false;
let isDrawing = false;

function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    render(shell(page, view), document.body);
    view.drawn?.();
    scrolled.drawn();
    // Who cannot see it is told that another view is there.
    if (isNew) document.querySelector("main h1")?.focus({ preventScroll: true });
    isNew = false;
  });
}

/** Take the address as it is; another view, or another file, starts afresh. */
function routed() {
  const route = parse(location.hash);
  const key = `${route.view}/${route.id ?? ""}`;
  const isOther = key !== shown;
  const isTurned = route.params.page !== page.route?.params.page;
  page.route = route;
  if (isOther) {
    view?.stop?.();
    page.messages = page.messages.filter((each) => each.kind !== "good");
    view = (VIEWS[route.view] ?? lostView)(page, route);
    // The first view is where the reader already is.
    isNew = shown !== null;
    shown = key;
  }
  scrolled.arrive(isOther || isTurned);
  view.update?.(route);
  document.title = `${view.title} · segued`;
  draw();
}

/** Change the address without a step in the history: typing is no journey. */
function go(hash) {
  history.replaceState(null, "", hash);
  routed();
}

function say(text) {
  speak(text, "good", SAID_MS);
}

function warn(error) {
  speak(error.message, "bad", WARNED_MS);
}

function speak(text, kind, lasting_ms) {
  const message = { text, kind, drop };
  function drop() {
    page.messages = page.messages.filter((each) => each !== message);
    draw();
  }
  page.messages = [...page.messages.slice(-3), message];
  setTimeout(drop, lasting_ms);
  draw();
}

function lostView() {
  return {
    title: "Nothing here",
    template: () => html`
      <h1 tabindex="-1">Nothing here</h1>
      <p data-test="not-found">There is no such page. <a href="#/">Go to what happens now.</a></p>
    `,
  };
}

page.live = follow((names) => {
  view?.heard?.(names);
  if (view) draw();
});
addEventListener("hashchange", routed);
listenToKeys();
routed();
