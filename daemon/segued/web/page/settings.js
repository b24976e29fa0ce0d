// The settings view: the music folders, and the stored settings.

import { folderPicker } from "./folder_picker.js";
import { settingFields } from "./setting_fields.js";
import { SETTINGS } from "./setting_list.js";
import { html, nothing } from "./vendor/lit-html.js";

export function settingsView(page) {
  const folders = folderPicker(page);
  const fields = settingFields(page, SETTINGS, () => folders.setup?.fixed ?? []);
  let isSaving = false;

  async function save(event) {
    event.preventDefault();
    isSaving = true;
    page.draw();
    const saved = await fields.save();
    isSaving = false;
    if (saved) page.showMessage(saved === 1 ? "1 setting saved." : `${saved} settings saved.`);
    page.draw();
  }

  async function saveFolders(event) {
    event.preventDefault();
    if (await folders.save()) page.showMessage("The music folders are saved, and are scanned now.");
  }

  function template() {
    const { values, failure } = fields.state;
    return html`
      <div class="top"><h1 tabindex="-1">Settings</h1></div>
      ${failure ? html`<p class="notice bad" role="alert" data-test="error">${failure.message}</p>` : nothing}
      ${folders.setup
        ? html`<form class="panel settings" data-test="folders" @submit=${saveFolders}>
            ${folders.template()}
            ${folders.isFixed
              ? nothing
              : html`<p class="actions">
                  <button class="strong" data-test="save-folders" ?disabled=${!folders.isChanged}>Save the music folders</button>
                </p>`}
          </form>`
        : nothing}
      ${values ? form() : nothing}
    `;
  }

  function form() {
    const isIdle = !fields.hasChanges() || isSaving;
    return html`
      <form class="panel settings" data-test="settings" novalidate @submit=${save}>
        ${fields.template()}
        <p class="actions">
          <button class="strong" data-test="save" ?disabled=${isIdle}>Save</button>
          <button
            type="button"
            ?disabled=${isIdle}
            @click=${() => {
              fields.reset();
              page.draw();
            }}
          >
            Undo
          </button>
          <span class="muted">Settings that are fixed in the configuration file cannot be changed here.</span>
        </p>
      </form>
    `;
  }

  function stop() {
    fields.stop();
    folders.stop();
  }

  return { title: "Settings", template, stop };
}
