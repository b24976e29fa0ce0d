// The fields of stored settings: edited, checked by segued, and saved together.

import { getJson, sendJson } from "./api.js";
import { html, nothing } from "./vendor/lit-html.js";

/** `settings` are entries of SETTINGS; `fixed()` returns the names of those that cannot be changed. */
export function settingFields(page, settings, fixed) {
  const controller = new AbortController();
  const edits = new Map();
  const errors = new Map();
  const besides = new Map();
  const state = { values: null, failure: null };

  getJson("/api/settings", {}, controller.signal)
    .then((answer) => (state.values = answer))
    .catch((error) => (state.failure = error))
    .finally(page.draw);

  const isChanged = ({ name, format }) => edits.has(name) && edits.get(name) !== format(state.values[name]);

  for (const { name, beside } of settings) {
    if (beside) besides.set(name, beside(page, () => edits.get(name) ?? ""));
  }

  function edit(name, text) {
    edits.set(name, text);
    errors.delete(name);
    page.draw();
  }

  /** Save what is changed; return how many settings were saved, or null if one was refused. */
  async function save() {
    const changed = settings.filter(isChanged);
    for (const each of changed) await put(each);
    return errors.size ? null : changed.length;
  }

  async function put({ name, parse }) {
    try {
      Object.assign(state.values, await sendJson(`/api/settings/${name}`, parse(edits.get(name)), "PUT"));
      edits.delete(name);
      errors.delete(name);
    } catch (error) {
      errors.set(name, error.message);
    }
  }

  function reset() {
    edits.clear();
    errors.clear();
  }

  function field(each) {
    const { name, title, help, unit, step, isText, isSwitch, isSecret, format, parse, note } = each;
    const value = state.values[name];
    const text = edits.get(name) ?? format(value);
    const error = errors.get(name);
    const isFixed = fixed().includes(name);
    return html`
      <div class="setting" data-setting=${name} ?data-changed=${isChanged(each)}>
        <label for=${name}>${title} <code>${name}</code></label>
        <div class="value">
          ${isSwitch
            ? html`<input id=${name} type="checkbox" aria-describedby="${name}-help ${name}-error" ?disabled=${isFixed} .checked=${parse(text)} @change=${(event) => edit(name, String(event.target.checked))} />`
            : html`<input
            id=${name}
            class=${isText ? "text" : nothing}
            type=${isText ? "text" : "number"}
            step=${step ?? nothing}
            inputmode=${isText ? nothing : "decimal"}
            placeholder=${isSecret ? value || "none" : nothing}
            autocomplete="off"
            spellcheck="false"
            aria-describedby="${name}-help ${name}-error"
            aria-invalid=${error ? "true" : "false"}
            ?disabled=${isFixed}
            .value=${text}
            @input=${(event) => edit(name, event.target.value)}
          />`}
          <span class="unit">${unit ?? ""}</span>
          <span class="muted figure">${note && Number.isFinite(Number(text)) ? note(parse(text)) : nothing}</span>
          ${besides.get(name)?.(Boolean(value))}
        </div>
        <p class="help muted" id="${name}-help">${help}${isFixed ? " Fixed in the configuration file." : nothing}</p>
        <p class="error" id="${name}-error" role="alert" ?hidden=${!error}>${error ?? nothing}</p>
      </div>
    `;
  }

  return {
    state,
    hasChanges: () => state.values !== null && settings.some(isChanged),
    save,
    reset,
    template: () => (state.values ? settings.map(field) : nothing),
    stop: () => controller.abort(),
  };
}
