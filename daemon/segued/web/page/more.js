// A list that grows: each page continues after the last row of the one before.

import { getJson, isAborted } from "./api.js";
import { html, nothing } from "./vendor/lit-html.js";
import { count } from "./wording.js";

/**
 * Load pages from the API route `path`; `name` is the name of the rows in its answers.
 *
 * `load` starts again with the first page, `more` appends the next one.
 */
export function growingList(page, path, name) {
  const list = { rows: null, total: 0, next: null, error: null, busy: false, load, more, stop };
  let lastQuery = {};
  let controller = new AbortController();

  async function request(query, rowsBefore) {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    list.busy = true;
    try {
      const answer = await getJson(path, query, signal);
      if (signal.aborted) return;
      const { total, next } = answer;
      Object.assign(list, { rows: [...rowsBefore, ...answer[name]], total, next, error: null });
    } catch (error) {
      if (signal.aborted || isAborted(error)) return;
      list.error = error;
    }
    list.busy = false;
    page.draw();
  }

  function load(query) {
    lastQuery = query;
    return request(query, []);
  }

  function more() {
    return request({ ...lastQuery, after: list.next }, list.rows);
  }

  function stop() {
    controller.abort();
  }

  return list;
}

/** The number of rows, and a button for the next page if there is one. */
export function moreButton(list, noun, nouns) {
  return html`
    <div class="more">
      <span class="muted" data-test="total" aria-live="polite">${count(list.total)} ${list.total === 1 ? noun : nouns}</span>
      ${list.next
        ? html`<button data-test="more" ?disabled=${list.busy} @click=${list.more}>Show more</button>`
        : nothing}
    </div>
  `;
}

/** The error, the loading text, or `emptyText` if the list is empty; else nothing. */
export function growingState(list, emptyText) {
  if (list.error) return html`<p class="notice bad" role="alert" data-test="error">${list.error.message}</p>`;
  if (!list.rows) return html`<p class="muted loading">Loading …</p>`;
  return list.rows.length ? nothing : html`<p class="muted empty" data-test="empty">${emptyText}</p>`;
}
