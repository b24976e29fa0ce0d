// A view of what the library holds: searched, narrowed down, page by page.

import { chips, listing, pager, searching, standing } from "./listing.js";
import { html, nothing } from "./vendor/lit-html.js";

const PER = 50;

/**
 * What files and passages share.
 *
 * `name` is the view's, and that of the answer's lines; `by` is what they are
 * narrowed down by, `kinds` of it with their words, `counts` where the answer
 * says how many there are of each; `table` draws the lines.
 */
export function shelfView(page, { name, one, title, by, kinds, counts, hint, none, empty, table }) {
  const list = listing(page, `/api/${name}`);
  const search = searching(page, name);
  let params = {};

  function update(route) {
    params = route.params;
    search.arrived(params);
    list.load({ query: params.query, [by]: params[by], page: params.page, per: PER });
  }

  function template() {
    const { answer } = list;
    const rows = answer?.[name] ?? [];
    return html`
      <div class="top">
        <h1 tabindex="-1">${title}</h1>
        ${search.box(hint)}
      </div>
      ${answer ? chips(name, params, by, answer[counts], kinds) : nothing}
      ${standing(list, !rows.length, params.query || params[by] ? none : empty)}
      ${rows.length ? table(rows, list.busy) : nothing}
      ${answer ? pager(name, params, answer, answer.total === 1 ? one : name) : nothing}
    `;
  }

  function stop() {
    list.stop();
    search.stop();
  }

  const heard = (names) => names.includes("files_done") && list.again();

  return { title, update, template, stop, heard };
}
