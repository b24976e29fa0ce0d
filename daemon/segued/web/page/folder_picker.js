// The music folders, and a picker that shows which folders segued may read.

import { getJson, sendJson } from "./api.js";
import { html, nothing } from "./vendor/lit-html.js";
import { pluralize } from "./wording.js";

export function folderPicker(page) {
  const controller = new AbortController();
  const checked = new Map(); // what is known of each chosen folder, by its path
  const picker = {
    setup: null,
    template,
    save,
    stop: () => controller.abort(),
    get isFixed() {
      return Boolean(picker.setup?.folders_fixed_by);
    },
    get isChanged() {
      return picker.setup !== null && chosen.join("\n") !== picker.setup.folders.join("\n");
    },
  };
  let chosen = [];
  let open = null; // the folder that is shown
  let typed = ""; // the path in the field
  let turns = 0; // how many folders were asked for
  let error = null;

  start();

  async function start() {
    try {
      picker.setup = await getJson("/api/setup", {}, controller.signal);
      chosen = [...picker.setup.folders];
      if (!picker.isFixed) {
        chosen.forEach(check);
        await show("");
      }
    } catch (failure) {
      fail(failure);
    }
    page.draw();
  }

  function fail(failure) {
    if (!controller.signal.aborted) error = failure.message;
  }

  const list = (path) => getJson("/api/setup/folders", { path }, controller.signal);

  async function check(path) {
    try {
      checked.set(path, await list(path));
    } catch (failure) {
      checked.set(path, { problem: failure.message, command: null });
    }
    page.draw();
  }

  /** Show a folder. The field names it at once, so that what is added is what was chosen
   *  last, however long the answer takes. */
  async function show(path) {
    error = null;
    typed = path;
    const turn = ++turns;
    page.draw();
    try {
      const listed = await list(path);
      if (turn === turns) open = listed;
    } catch (failure) {
      if (turn === turns) fail(failure);
    }
    page.draw();
  }

  async function add(path) {
    chosen = [...chosen, path];
    page.draw();
    await check(path);
  }

  function remove(path) {
    chosen = chosen.filter((each) => each !== path);
    page.draw();
  }

  /** Save the chosen folders if they are changed; return whether they were. */
  async function save() {
    if (!picker.isChanged) return false;
    error = null;
    try {
      await sendJson("/api/settings/music_folders", chosen, "PUT");
      picker.setup = await getJson("/api/setup", {}, controller.signal);
      chosen = [...picker.setup.folders];
      chosen.forEach(check);
      return true;
    } catch (failure) {
      fail(failure);
      return null;
    } finally {
      page.draw();
    }
  }

  function template() {
    const { folders_fixed_by: fixedBy, account } = picker.setup;
    return html`
      <div class="setting" data-test="music-folders">
        <h2>Music folders</h2>
        <ul class="chosen-folders" aria-label="Chosen folders">
          ${chosen.map(chosenFolder)}
        </ul>
        ${chosen.length ? nothing : html`<p class="muted">None is chosen: ~/Music of the account ${account} is watched.</p>`}
        ${fixedBy
          ? html`<p class="help muted" data-test="folders-fixed">The music folders are fixed by ${fixedBy}.</p>`
          : html`<p class="help muted">These folders, and all folders in them, are watched. segued runs as the account <code>${account}</code>, reads music and never changes it.</p>`}
        ${fixedBy ? nothing : browser()}
        <p class="error" role="alert" data-test="folders-error" ?hidden=${!error}>${error ?? nothing}</p>
      </div>
    `;
  }

  function chosenFolder(path) {
    const known = checked.get(path);
    return html`
      <li data-folder=${path}>
        <span class="path">${path}</span>
        ${known && !known.problem ? html`<span class="good">segued may read it</span>` : nothing}
        ${picker.isFixed ? nothing : html`<button type="button" aria-label="Do not watch ${path}" @click=${() => remove(path)}>Remove</button>`}
        ${known?.problem ? obstacle(known) : nothing}
      </li>
    `;
  }

  function browser() {
    if (!open) return nothing;
    const { path, parent, folders, music_files: files, problem, is_complete: isComplete } = open;
    const wanted = typed.trim();
    const isChosen = chosen.includes(wanted);
    return html`
      <fieldset class="folder-browser" data-test="browser">
        <legend>Add a folder</legend>
        <div class="value">
          <label for="folder-path" class="visually-hidden">Path of a folder</label>
          <input id="folder-path" class="text" autocomplete="off" spellcheck="false" placeholder="/path/of/the/music" .value=${typed} @input=${edit} @keydown=${enter} />
          <button type="button" data-test="open-folder" @click=${() => show(wanted)}>Open</button>
          <button type="button" class="strong" data-test="add-folder" ?disabled=${!wanted.startsWith("/") || isChosen} @click=${() => add(wanted)}>
            ${isChosen ? "Added" : "Add this folder"}
          </button>
        </div>
        ${problem ? obstacle(open) : nothing}
        <ul class="folder-list" aria-label=${path ? `Folders in ${path}` : "Places"}>
          ${parent == null ? nothing : html`<li><button type="button" class="quiet" data-test="parent-folder" @click=${() => show(parent)}>↑ ${parent || "All places"}</button></li>`}
          ${folders.map(
            (each) => html`<li>
              <button type="button" class="quiet" data-entry=${each.path} ?data-closed=${!each.is_readable} @click=${() => show(each.path)}>
                <span aria-hidden="true">›</span> ${path ? each.name : each.path}${each.is_readable ? nothing : html` <span class="badge" data-state="offline">may not be read</span>`}
              </button>
            </li>`,
          )}
        </ul>
        <p class="muted" role="status" data-test="folder-note">
          ${problem || !path ? nothing : `${pluralize(folders.length, "folder")}, ${pluralize(files, "music file")} directly here.`}
          ${isComplete ? nothing : "Not all names are shown; a path can be typed."}
        </p>
      </fieldset>
    `;
  }

  function edit(event) {
    typed = event.target.value;
    page.draw();
  }

  function enter(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    show(typed.trim());
  }

  /** Why a folder cannot be read, and the command against it. */
  function obstacle({ problem, command }) {
    return html`
      <div class="obstacle" role="status" data-test="obstacle">
        <p class="bad">${problem[0].toUpperCase()}${problem.slice(1)}.</p>
        ${command
          ? html`<p class="command"><code data-test="command">${command}</code>
              <button type="button" @click=${() => copy(command)}>Copy</button></p>`
          : nothing}
      </div>
    `;
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      page.showMessage("Copied.");
    } catch {
      page.showError(new Error("The browser does not let the page copy; select the text instead."));
    }
  }

  return picker;
}
