// The thirteen groups of counters as a table.

import { html, nothing } from "./vendor/lit-html.js";
import { PHASES, STATUSES, count } from "./wording.js";

// A list, because an object would order its numeric keys first.
const GROUPS = ["scanning", "processing", ...PHASES.map((_, index) => String(index + 1)), "files complete"];

export function countersTable({ counters, repeated }) {
  return html`
    <section class="panel counters" aria-labelledby="counters">
      <h2 id="counters">Counters</h2>
      <table data-test="counters">
        <tbody>
          ${GROUPS.map(
            (group) => html`
              <tr data-group=${group}>
                <th scope="row">${groupTitle(group)}</th>
                <td>
                  <div class="counts">
                    ${Object.entries(counters[group] ?? {}).map(
                      ([name, n]) => html`<span data-count=${name}>${STATUSES[name] ?? name} <b>${count(n)}</b></span>`,
                    )}
                    ${repeated[group] ? html`<span class="muted" data-count="again">done again ${count(repeated[group])}</span>` : nothing}
                  </div>
                </td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </section>
  `;
}

function groupTitle(group) {
  const phase = PHASES[Number(group) - 1];
  if (phase) return html`<span class="number">${group}</span> ${phase}`;
  return html`<span class="number"></span> ${group[0].toUpperCase()}${group.slice(1)}`;
}
