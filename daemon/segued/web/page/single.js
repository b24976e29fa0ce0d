// A view of one thing of the API: loading, the error, or its template.

import { getJson, isAborted } from "./api.js";
import { html } from "./vendor/lit-html.js";

/**
 * Load the JSON at `path` and draw it with `draw(answer)`; `stopped` is called at the end.
 * `reload()` loads it again, keeps what is drawn if that fails, and returns whether it
 * did not.
 */
export function singleView(page, title, path, draw, stopped = () => {}) {
  const controller = new AbortController();
  let answer = null;
  let problem = null;

  async function load() {
    try {
      answer = await getJson(path, {}, controller.signal);
      problem = null;
    } catch (error) {
      if (isAborted(error) || answer) return false;
      problem = error;
    }
    page.draw();
    return problem === null;
  }

  function template() {
    if (problem) {
      return html`
        <h1 tabindex="-1">${title}</h1>
        <p class="notice bad" role="alert" data-test="error">${problem.message}</p>
      `;
    }
    if (!answer) return html`<h1 class="visually-hidden" tabindex="-1">${title}</h1><p class="muted loading">Loading …</p>`;
    return draw(answer);
  }

  function stop() {
    controller.abort();
    stopped();
  }

  load();
  return { title, template, stop, reload: load };
}
