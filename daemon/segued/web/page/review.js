// The view of what needs a person: questions about matches, the worst first.

import { albumPicture } from "./album_card.js";
import { sendJson } from "./api.js";
import { history } from "./history.js";
import { listState, listing, pager } from "./listing.js";
import { songQuestion } from "./question.js";
import { recordingSearches } from "./recording_search.js";
import { releaseChoices } from "./release_choice.js";
import { albumLink, artistLink, link } from "./router.js";
import { isEditable } from "./shortcuts.js";
import { trackPlayer } from "./track_player.js";
import { html, nothing } from "./vendor/lit-html.js";
import { pluralize } from "./wording.js";

const PER = 10;

/** The fields of the status that change when questions do. */
const NAMES_OF_CHANGES = ["cards", "files_again", "state"];

const DONE = {
  accept: "Accepted.",
  leave: "Left as it is.",
  recording: "The recording is set.",
  "no song": "Marked as no song.",
  release: "The release is chosen: it is matched again.",
};

export function reviewView(page) {
  const list = listing(page, "/api/review");
  const past = history(page, (number) => undo(number));
  const player = trackPlayer(page);
  const search = recordingSearches(page);
  const otherRelease = releaseChoices(page);
  let params = {};
  let isSending = false;
  let focusRow = null;

  function update(route) {
    params = route.params;
    list.load({ page: params.page, per: PER });
  }

  /** Send a change; the row that takes the place of the answered one gets the focus. */
  async function send(path, body, message) {
    if (isSending) return;
    isSending = true;
    const row = Math.max(0, focusedRow());
    page.draw();
    try {
      await sendJson(path, body);
      player.stop();
      page.showMessage(message);
      await Promise.all([list.reload(true), past.reload()]);
      focusRow = row;
    } catch (error) {
      page.showError(error);
    }
    isSending = false;
    page.draw();
  }

  const answer = (card, action, fields = {}) => send("/api/review/answer", { card: card.card, action, ...fields }, DONE[action]);

  const undo = (number = null) => send("/api/review/undo", { answer: number }, "Undone: everything is as it was before.");

  function pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isEditable(event.target)) return;
    const key = event.key.toLowerCase();
    if (key === "u") undo();
    const row = document.querySelectorAll("[data-row]")[Math.max(0, focusedRow())];
    const button = row?.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? row?.closest("[data-card]")?.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!button || key === "u") return;
    event.preventDefault();
    button.click();
  }

  addEventListener("keydown", pressed);

  function afterDraw() {
    if (focusRow === null || list.busy) return;
    const rows = [...document.querySelectorAll("[data-row]")];
    rows[Math.min(focusRow, rows.length - 1)]?.querySelector("a, button")?.focus({ preventScroll: false });
    focusRow = null;
  }

  function template() {
    const cards = list.answer?.cards ?? [];
    return html`
      <div class="top">
        <h1 tabindex="-1">Needs you</h1>
        <a href=${link("copies")} data-test="to-copies">Copies</a>
        <p class="muted review-keys"><kbd>j</kbd> <kbd>k</kbd> songs <kbd>1</kbd>–<kbd>9</kbd> choose <kbd>a</kbd> accept <kbd>l</kbd> leave <kbd>u</kbd> undo</p>
      </div>
      ${listState(list, !cards.length, "Nothing needs you: no question about your music is open.")}
      ${cards.length ? html`<div class="review" aria-busy=${list.busy ? "true" : "false"}>${cards.map(reviewCard)}</div>` : nothing}
      ${list.answer?.pages > 1 ? pager("review", params, list.answer, list.answer.total === 1 ? "album or file" : "albums and files") : nothing}
      ${list.answer ? past.template() : nothing}
    `;
  }

  function reviewCard(card) {
    const { passages, album } = card;
    const many = passages.length > 1;
    return html`
      <article class="panel review-card" data-card=${card.card} data-test="card" aria-label=${cardTitle(card)}>
        <header>
          ${albumPicture(album ?? { title: cardTitle(card) }, "small", album !== null)}
          <div>
            <h2>${album ? html`<a href=${albumLink(album.album_id)}>${album.title || "untitled"}</a>` : cardTitle(card)}</h2>
            ${album?.artist_key ? html`<p class="by"><a href=${artistLink(album.artist_key)}>${album.artist}</a></p>` : nothing}
            <p class="question" data-test="question">${card.text}</p>
            <div class="actions" ?data-row=${!passages.length}>
              ${passages.length
                ? html`<button class="strong" data-key="a" data-answer="accept" ?disabled=${isSending} @click=${() => answer(card, "accept")}>
                    ${many ? `Accept all ${passages.length}` : "Accept"}
                  </button>`
                : nothing}
              <button data-key="l" data-answer="leave" ?disabled=${isSending} @click=${() => answer(card, "leave")}>Leave it so</button>
              ${many ? html`<span class="muted">${pluralize(passages.length, "song")}</span>` : nothing}
              ${otherRelease(card.card, {
                artist: album?.artist ?? passages[0]?.artist,
                title: album?.title ?? passages[0]?.album,
                current: album?.release_mbid,
                isSending,
                isOpen: card.question === "edition",
                choose: (release) => answer(card, "release", { release }),
              })}
            </div>
          </div>
        </header>
        ${passages.map((passage) =>
          songQuestion(passage, {
            player,
            search,
            isSending,
            isOneOfMany: many || album !== null,
            answer: (action, fields = {}) => answer(card, action, { passages: [passage.passage], ...fields }),
          }),
        )}
      </article>
    `;
  }

  function stop() {
    removeEventListener("keydown", pressed);
    list.stop();
    past.stop();
    player.stop();
  }

  // After an answer, the songs are matched again: what they are then is known at the end.
  const statusChanged = (names) => !isSending && NAMES_OF_CHANGES.some((each) => names.includes(each)) && list.reload(true);

  return { title: "Needs you", update, template, afterDraw, stop, statusChanged };
}

const focusedRow = () => [...document.querySelectorAll("[data-row]")].findIndex((row) => row.contains(document.activeElement));

const cardTitle = ({ album, passages }) => album?.title ?? passages[0]?.title ?? passages[0]?.name ?? "untitled";
