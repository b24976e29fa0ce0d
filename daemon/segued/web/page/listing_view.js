// A searchable, filtered and paged view of the library: files or passages.

import { chips, listState, listing, pager, searchBox } from "./listing.js";
import { html, nothing } from "./vendor/lit-html.js";

const PER = 50;

/**
 * The view that files and passages share.
 *
 * `name` is the name of the view, of its API route and of the rows in the answer;
 * `singular` its noun. `filter` is the parameter to filter by, `filterLabels` maps
 * its values to labels, `counts` names the counts by value in the answer.
 * `noMatch` is shown if a search finds nothing, `emptyText` if the library is
 * empty; `table` draws the rows.
 */
export function listingView(
  page,
  { name, singular, title, filter, filterLabels, counts, placeholder, noMatch, emptyText, table },
) {
  const list = listing(page, `/api/${name}`);
  const search = searchBox(page, name);
  let params = {};

  function update(route) {
    params = route.params;
    search.sync(params);
    list.load({ query: params.query, [filter]: params[filter], page: params.page, per: PER });
  }

  function template() {
    const { answer } = list;
    const rows = answer?.[name] ?? [];
    return html`
      <div class="top">
        <h1 tabindex="-1">${title}</h1>
        ${search.template(placeholder)}
      </div>
      ${answer ? chips(name, params, filter, answer[counts], filterLabels, answer.more) : nothing}
      ${listState(list, !rows.length, params.query || params[filter] ? noMatch : emptyText)}
      ${rows.length ? table(rows, list.busy) : nothing}
      ${answer ? pager(name, params, answer, answer.total === 1 ? singular : name) : nothing}
    `;
  }

  function stop() {
    list.stop();
    search.stop();
  }

  const statusChanged = (names) => names.includes("files_done") && list.reload();

  return { title, update, template, stop, statusChanged };
}
