// The view of what failed: by code, the files of each, and another try.

import { tell } from "./api.js";
import { listing, pager, standing } from "./listing.js";
import { fileLink, link } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";
import { PHASES, count, counted, moment, sentence, without } from "./words.js";

// What was imported in spite of something did not fail: there is nothing to retry. Save
// how it sounds, which is found out apart from the import.
const isTriable = ({ code, fatal }) => fatal || code === "flavor";

export function failuresView(page) {
  const list = listing(page, "/api/failures");
  let params = {};
  let asking = false;

  function update(route) {
    params = route.params;
    list.load({ code: params.code, page: params.page, per: params.code ? 50 : 1 });
  }

  async function retry(which) {
    asking = true;
    page.draw();
    try {
      const { reopened } = await tell("/api/retry", which);
      page.say(reopened === 1 ? "1 file is tried again." : `${count(reopened)} files are tried again.`);
      await list.again(true);
    } catch (error) {
      page.warn(error);
    }
    asking = false;
    page.draw();
  }

  function template() {
    const groups = list.answer?.groups ?? [];
    const some = groups.some(isTriable);
    return html`
      <div class="top">
        <h1 tabindex="-1">Failures</h1>
        ${some ? button("all", {}, "Retry all") : nothing}
      </div>
      ${standing(list, !groups.length, "Nothing failed.")}
      <div class="groups">${groups.map(group)}</div>
    `;
  }

  function button(name, which, title = "Retry") {
    return html`<button data-retry=${name} ?disabled=${asking} @click=${() => retry(which)}>${title}</button>`;
  }

  function group({ code, meaning, fatal, count: many }) {
    const isOpen = params.code === code;
    return html`
      <section class="panel group" data-code=${code}>
        <header>
          <a class="opener" href=${isOpen ? link("failures") : link("failures", { code })} aria-expanded=${isOpen ? "true" : "false"} role="button">
            <span class="turn" aria-hidden="true">${isOpen ? "▾" : "▸"}</span>
            <strong>${code}</strong>
            <span class="figure">${counted(many, "file")}</span>
          </a>
          <p class="meaning ${fatal ? "" : "soft"}">${sentence(meaning)}</p>
          ${isTriable({ code, fatal }) ? button("group", { code }) : nothing}
        </header>
        ${isOpen ? files() : nothing}
      </section>
    `;
  }

  function files() {
    const { answer } = list;
    // While the answer is on its way, the one that is there is about another code.
    const rows = answer.failures.filter((each) => each.code === params.code);
    if (!rows.length) return html`<p class="soft">${list.busy ? "Asking …" : "None."}</p>`;
    return html`
      <div class="table" aria-busy=${list.busy ? "true" : "false"}>
        <table data-test="failures">
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col" class="wide">Phase</th>
              <th scope="col" class="wide">When</th>
              <th scope="col"><span class="unseen">Retry</span></th>
            </tr>
          </thead>
          <tbody>
            ${rows.map(row)}
          </tbody>
        </table>
      </div>
      ${pager("failures", params, answer, answer.total === 1 ? "file" : "files")}
    `;
  }

  function row(failure) {
    const phase = failure.phase ? `${failure.phase} ${PHASES[failure.phase - 1]}` : "–";
    return html`
      <tr data-row data-file=${failure.file}>
        <th scope="row" class="main">
          <a href=${fileLink(failure.file)} title=${failure.path}>${failure.path}</a>
          <span class="under" title=${failure.detail}>${without(failure.path, failure.detail)}</span>
        </th>
        <td class="wide soft">${phase}</td>
        <td class="wide soft">${moment(failure.at)}</td>
        <td class="last">
          ${isTriable(failure) ? button("file", { file: failure.file }) : nothing}
        </td>
      </tr>
    `;
  }

  const heard = (names) => (names.includes("files_failed") || names.includes("files_analysed")) && list.again();

  return { title: "Failures", update, template, stop: list.stop, heard };
}
