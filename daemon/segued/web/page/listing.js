// What every paged list shares: the search, the chips, the pages, the asking.

import { ask, isGivenUp } from "./api.js";
import { link } from "./router.js";
import { html, live, nothing } from "./vendor/lit-html.js";
import { count } from "./words.js";

const TYPING_MS = 250;
const AGAIN_MS = 5000;

/**
 * Ask for pages of a list.
 *
 * A later question always gives up the earlier one, so that a late answer
 * never takes the place of a newer.
 */
export function listing(page, path) {
  const list = { answer: null, error: null, busy: false, load, again, stop };
  let asked = {};
  let at = 0;
  let giveUp = new AbortController();

  async function load(query) {
    giveUp.abort();
    giveUp = new AbortController();
    const { signal } = giveUp;
    asked = query;
    at = performance.now();
    list.busy = true;
    try {
      const answer = await ask(path, query, signal);
      if (signal.aborted) return;
      Object.assign(list, { answer, error: null });
    } catch (error) {
      if (signal.aborted || isGivenUp(error)) return;
      list.error = error;
      // What is there still holds if only nobody answered.
      if (error.status) list.answer = null;
    }
    list.busy = false;
    page.draw();
  }

  /** Ask the same again, not more often than it is worth. */
  function again(now = false) {
    const isDue = performance.now() - at > AGAIN_MS;
    return now || (isDue && !list.busy && !document.hidden) ? load(asked) : null;
  }

  function stop() {
    giveUp.abort();
  }

  return list;
}

/** The box to search in; what is typed goes into the address, a little later. */
export function searching(page, view) {
  let timer = 0;
  let typed = null;

  const went = () => {
    const { params } = page.route;
    page.go(link(view, { ...params, query: typed?.trim(), page: null }));
  };

  const type = (event) => {
    typed = event.target.value;
    clearTimeout(timer);
    timer = setTimeout(went, TYPING_MS);
  };

  const submit = (event) => {
    event.preventDefault();
    clearTimeout(timer);
    if (typed !== null) went();
  };

  /** What is typed stays as it is typed, unless one went to another address. */
  const arrived = ({ query = "" }) => {
    if (typed?.trim() !== query) typed = query;
  };

  const box = (title) => html`
    <form role="search" class="search" @submit=${submit}>
      <input
        type="search"
        data-test="search"
        aria-label=${title}
        placeholder=${title}
        autocomplete="off"
        spellcheck="false"
        maxlength="200"
        .value=${live(typed ?? "")}
        @input=${type}
      />
    </form>
  `;

  return { box, arrived, stop: () => clearTimeout(timer) };
}

/** Chips that narrow a list down, each with how many there are. */
export function chips(view, params, name, counts, words) {
  const known = Object.keys(words).filter((key) => key in counts || params[name] === key);
  const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const chip = (key, word, n) => html`
    <a
      class="chip"
      href=${link(view, { ...params, [name]: key, page: null })}
      data-chip=${key ?? "all"}
      aria-current=${(params[name] ?? null) === key ? "true" : nothing}
      >${word} <b>${count(n)}</b></a
    >
  `;
  return html`
    <nav class="chips" aria-label="Narrow down">
      ${chip(null, "all", all)} ${known.map((key) => chip(key, words[key], counts[key] ?? 0))}
    </nav>
  `;
}

/** First, previous, which of how many, next, last. */
export function pager(view, params, { page: at, pages, total }, noun) {
  const to = (number, title, can, name) => html`
    <a
      class="button"
      data-page=${name}
      href=${can ? link(view, { ...params, page: number }) : nothing}
      aria-disabled=${can ? nothing : "true"}
      role="link"
      >${title}</a
    >
  `;
  return html`
    <nav class="pager" aria-label="Pages">
      <span class="total" data-test="total" aria-live="polite">${count(total)} ${noun}</span>
      <span class="steps-of">
        ${to(1, "First", at > 1, "first")} ${to(at - 1, "Previous", at > 1, "previous")}
        <span class="which" data-test="page">page ${count(at)} of ${count(pages)}</span>
        ${to(at + 1, "Next", at < pages, "next")} ${to(pages, "Last", at < pages, "last")}
      </span>
    </nav>
  `;
}

/** Why there is no list, if there is none. */
export function standing(list, isEmpty, nothingThere) {
  if (list.error) return html`<p class="notice bad" role="alert" data-test="error">${list.error.message}</p>`;
  if (!list.answer) return html`<p class="soft loading">Asking …</p>`;
  return isEmpty ? html`<p class="soft empty" data-test="empty">${nothingThere}</p>` : nothing;
}
