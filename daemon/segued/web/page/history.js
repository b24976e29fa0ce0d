// The last answers: who decided what and when, each with a button to take it back.

import { getJson, isAborted } from "./api.js";
import { html, nothing } from "./vendor/lit-html.js";
import { localTime } from "./wording.js";

const ACTIONS = {
  accept: "accepted",
  leave: "left as it is",
  recording: "recording set",
  "no song": "no song",
  release: "release chosen",
  "any release": "choice of the release taken back",
  clear: "decision deleted",
  undo: "undone",
};

const NAMES_MAX = 3;

/** `undo(number)` takes an answer back. */
export function history(page, undo) {
  const past = { template, reload, stop };
  let answers = null;
  let controller = new AbortController();

  async function reload() {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    try {
      ({ answers } = await getJson("/api/review/history", {}, signal));
    } catch (error) {
      if (!isAborted(error)) page.showError(error);
      return;
    }
    page.draw();
  }

  function template() {
    if (!answers?.length) return nothing;
    return html`
      <section class="found" aria-labelledby="answers">
        <h2 id="answers">Answers</h2>
        <div class="table">
          <table data-test="answers">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col" class="wide">Who</th>
                <th scope="col" class="wide">When</th>
                <th scope="col" class="right"><span class="visually-hidden">Undo</span></th>
              </tr>
            </thead>
            <tbody>
              ${answers.map(row)}
            </tbody>
          </table>
        </div>
      </section>
    `;
  }

  function row(each) {
    const about = [...each.passages, ...each.releases];
    const names = about.slice(0, NAMES_MAX).map(({ name }) => name).join(", ");
    const more = about.length - NAMES_MAX;
    const canUndo = !each.is_undone && each.undoes === null;
    return html`
      <tr data-answer-number=${each.answer}>
        <th scope="row" class="main">
          <span class="primary">${names || "–"}${more > 0 ? ` and ${more} more` : ""}</span>
          <span class="secondary">${ACTIONS[each.action] ?? each.action}${each.is_undone ? ", undone since" : ""}</span>
        </th>
        <td class="wide muted">${each.person}, ${each.program}</td>
        <td class="wide muted">${localTime(each.at)}</td>
        <td class="right">${canUndo ? html`<button data-test="undo" aria-label="Undo: ${names}" @click=${() => undo(each.answer)}>Undo</button>` : nothing}</td>
      </tr>
    `;
  }

  function stop() {
    controller.abort();
  }

  reload();
  return past;
}
