// The parts of every paged list: loading, search box, filter chips, pager.

import { getJson, isAborted } from "./api.js";
import { link } from "./router.js";
import { html, live, nothing } from "./vendor/lit-html.js";
import { count } from "./wording.js";

const TYPING_MS = 250;
const RELOAD_MS = 5000;

/**
 * Load pages of a list from the API.
 *
 * Each request aborts the one before it, so that a late answer never replaces
 * a newer one.
 */
export function listing(page, path) {
  const list = { answer: null, error: null, busy: false, load, reload, stop };
  let lastQuery = {};
  let requestedAt = 0;
  let controller = new AbortController();

  async function load(query) {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    lastQuery = query;
    requestedAt = performance.now();
    list.busy = true;
    try {
      const answer = await getJson(path, query, signal);
      if (signal.aborted) return;
      Object.assign(list, { answer, error: null });
    } catch (error) {
      if (signal.aborted || isAborted(error)) return;
      list.error = error;
      // Without a connection (status 0) the last answer stays visible.
      if (error.status) list.answer = null;
    }
    list.busy = false;
    page.draw();
  }

  /** Repeat the last request, at most once in RELOAD_MS unless `isForced`. */
  function reload(isForced = false) {
    const isDue = performance.now() - requestedAt > RELOAD_MS;
    return isForced || (isDue && !list.busy && !document.hidden) ? load(lastQuery) : null;
  }

  function stop() {
    controller.abort();
  }

  return list;
}

/** The search box; its text is written to the address TYPING_MS after the last key. */
export function searchBox(page, view) {
  let timer = 0;
  let typed = null;

  const apply = () => {
    const { params } = page.route;
    page.replaceHash(link(view, { ...params, query: typed?.trim(), page: null }));
  };

  const type = (event) => {
    typed = event.target.value;
    clearTimeout(timer);
    timer = setTimeout(apply, TYPING_MS);
  };

  const submit = (event) => {
    event.preventDefault();
    clearTimeout(timer);
    if (typed !== null) apply();
  };

  /** Take the text from the address, unless it differs only in surrounding spaces. */
  const sync = ({ query = "" }) => {
    if (typed?.trim() !== query) typed = query;
  };

  const template = (title) => html`
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

  return { template, sync, stop: () => clearTimeout(timer) };
}

/** The filter chips of a list, each with its count; `more`: only the first rows are counted. */
export function chips(view, params, name, counts, labels, more = false) {
  const keys = Object.keys(labels).filter((key) => key in counts || params[name] === key);
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const chip = (key, label, n) => html`
    <a
      class="chip"
      href=${link(view, { ...params, [name]: key, page: null })}
      data-chip=${key ?? "all"}
      aria-current=${(params[name] ?? null) === key ? "true" : nothing}
      >${label} <b>${count(n)}${more ? "+" : ""}</b></a
    >
  `;
  return html`
    <nav class="chips" aria-label="Filter">
      ${chip(null, "all", total)} ${keys.map((key) => chip(key, labels[key], counts[key] ?? 0))}
    </nav>
  `;
}

/** Links to the first, previous, next and last page, and the number of the current one. */
export function pager(view, params, { page: current, pages, total, more }, noun) {
  const pageLink = (number, title, isEnabled, name) => html`
    <a
      class="button"
      data-page=${name}
      href=${isEnabled ? link(view, { ...params, page: number }) : nothing}
      aria-disabled=${isEnabled ? nothing : "true"}
      role="link"
      >${title}</a
    >
  `;
  return html`
    <nav class="pager" aria-label="Pages">
      <span class="total" data-test="total" aria-live="polite">${more ? "more than " : ""}${count(total)} ${noun}</span>
      <span class="page-links">
        ${pageLink(1, "First", current > 1, "first")} ${pageLink(current - 1, "Previous", current > 1, "previous")}
        <span class="page-number" data-test="page">page ${count(current)} of ${count(pages)}${more ? "+" : ""}</span>
        ${pageLink(current + 1, "Next", current < pages, "next")} ${pageLink(pages, "Last", current < pages, "last")}
      </span>
    </nav>
  `;
}

/** The error, the loading text, or `emptyText` if the list is empty; else nothing. */
export function listState(list, isEmpty, emptyText) {
  if (list.error) return html`<p class="notice bad" role="alert" data-test="error">${list.error.message}</p>`;
  if (!list.answer) return html`<p class="muted loading">Loading …</p>`;
  return isEmpty ? html`<p class="muted empty" data-test="empty">${emptyText}</p>` : nothing;
}
