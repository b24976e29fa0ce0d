// The first visit: what a new library needs from a person. All of it can be skipped.

import { sendJson } from "./api.js";
import { folderPicker } from "./folder_picker.js";
import { link } from "./router.js";
import { settingFields } from "./setting_fields.js";
import { FIRST_SETTINGS } from "./setting_list.js";
import { html, nothing } from "./vendor/lit-html.js";

export function setupView(page) {
  const folders = folderPicker(page);
  const fields = settingFields(page, FIRST_SETTINGS, () => folders.setup?.fixed ?? []);
  let isBusy = false;

  /** Save everything, then leave; what segued refuses stays, with the reason. */
  async function start(event) {
    event.preventDefault();
    isBusy = true;
    page.draw();
    // A restart with other folders is the longest step, and the last.
    const isSaved = (await fields.save()) !== null && (await folders.save()) !== null;
    isBusy = false;
    if (isSaved) await leave();
    page.draw();
  }

  async function leave() {
    try {
      await sendJson("/api/setup/finish");
      location.hash = link("status");
    } catch (error) {
      page.showError(error);
    }
  }

  function template() {
    const { values, failure } = fields.state;
    return html`
      <div class="top"><h1 tabindex="-1">Set up segued</h1></div>
      ${failure ? html`<p class="notice bad" role="alert" data-test="error">${failure.message}</p>` : nothing}
      ${folders.setup && values ? form() : html`<p class="muted loading">Loading …</p>`}
    `;
  }

  function form() {
    return html`
      <form class="panel settings" data-test="setup" novalidate @submit=${start}>
        <p class="intro">
          segued watches your music folders, and finds out what each song is. Tell it where they are; the rest is optional, and all of it is found again under
          <a href=${link("settings")}>Settings</a>.
        </p>
        ${folders.template()} ${fields.template()}
        <p class="actions">
          <button class="strong" data-test="start" ?disabled=${isBusy}>Save and start</button>
          <button type="button" data-test="skip" ?disabled=${isBusy} @click=${leave}>Skip</button>
        </p>
      </form>
    `;
  }

  function stop() {
    fields.stop();
    folders.stop();
  }

  return { title: "Set up segued", template, stop };
}
