// The settings view: the seven stored settings with their units and explanations.

import { getJson, sendJson } from "./api.js";
import { html, nothing } from "./vendor/lit-html.js";
import { count, figure, seconds, ticks } from "./wording.js";

const decibels = { unit: "dB", step: "0.5", format: figure, parse: Number };
// Edited in seconds, stored in ticks.
const lengths = {
  unit: "s",
  step: "any",
  format: (value) => String(Number(seconds(value).toFixed(9))),
  parse: (text) => ticks(Number(text)),
  note: (value) => `${count(value)} ticks`,
};

const SETTINGS = [
  {
    name: "silence_threshold_dB",
    title: "Silence threshold",
    help: "Audio below this level is silence; in decibels below full scale.",
    ...decibels,
  },
  {
    name: "silence_min_duration_ticks",
    title: "Shortest silence",
    help: "Silence of at least this length can end a passage; a file that is one song by its name, folder, tags or length is not cut. One second is 28,224,000 ticks.",
    ...lengths,
  },
  {
    name: "minimum_passage_audio_duration_ticks",
    title: "Shortest audio",
    help: "A file with less audible audio than this gets the status NO AUDIO.",
    ...lengths,
  },
  {
    name: "lead_in_threshold_dB",
    title: "Lead-in threshold",
    help: "A passage may overlap with the previous one until its level rises above this; in decibels below full scale.",
    ...decibels,
  },
  {
    name: "lead_out_threshold_dB",
    title: "Lead-out threshold",
    help: "A passage may overlap with the next one once its level stays below this; in decibels below full scale.",
    ...decibels,
  },
  {
    name: "ai_processing_thread_count",
    title: "Workers",
    help: "The number of files processed at once.",
    unit: "files",
    step: "1",
    format: String,
    parse: Number,
  },
  {
    name: "acoustid_api_key",
    title: "AcoustID key",
    help: "The API key of an application that is registered with AcoustID. Leave empty to keep the current key.",
    isSecret: true,
    format: () => "",
    parse: (text) => text.trim(),
  },
];

export function settingsView(page) {
  const controller = new AbortController();
  const edits = new Map();
  const errors = new Map();
  let values = null;
  let failure = null;
  let isSaving = false;

  getJson("/api/settings", {}, controller.signal)
    .then((answer) => (values = answer))
    .catch((error) => (failure = error))
    .finally(page.draw);

  const isChanged = ({ name, format }) => edits.has(name) && edits.get(name) !== format(values[name]);

  function edit(name, text) {
    edits.set(name, text);
    errors.delete(name);
    page.draw();
  }

  async function save(event) {
    event.preventDefault();
    const changed = SETTINGS.filter(isChanged);
    isSaving = true;
    page.draw();
    for (const each of changed) await put(each);
    isSaving = false;
    const saved = changed.length - errors.size;
    if (saved > 0) page.showMessage(saved === 1 ? "1 setting saved." : `${saved} settings saved.`);
    page.draw();
  }

  async function put({ name, parse }) {
    try {
      Object.assign(values, await sendJson(`/api/settings/${name}`, parse(edits.get(name)), "PUT"));
      edits.delete(name);
      errors.delete(name);
    } catch (error) {
      errors.set(name, error.message);
    }
  }

  function template() {
    return html`
      <div class="top"><h1 tabindex="-1">Settings</h1></div>
      ${failure ? html`<p class="notice bad" role="alert" data-test="error">${failure.message}</p>` : nothing}
      ${values ? form() : nothing}
    `;
  }

  function form() {
    const hasChanges = SETTINGS.some(isChanged);
    return html`
      <form class="panel settings" data-test="settings" novalidate @submit=${save}>
        ${SETTINGS.map(field)}
        <p class="actions">
          <button class="strong" data-test="save" ?disabled=${!hasChanges || isSaving}>Save</button>
          <button
            type="button"
            ?disabled=${!hasChanges || isSaving}
            @click=${() => {
              edits.clear();
              errors.clear();
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

  function field(each) {
    const { name, title, help, unit, step, isSecret, format, parse, note } = each;
    const text = edits.get(name) ?? format(values[name]);
    const error = errors.get(name);
    return html`
      <div class="setting" data-setting=${name} ?data-changed=${isChanged(each)}>
        <label for=${name}>${title} <code>${name}</code></label>
        <div class="value">
          <input
            id=${name}
            type=${isSecret ? "text" : "number"}
            step=${step ?? nothing}
            inputmode=${isSecret ? nothing : "decimal"}
            placeholder=${isSecret ? values[name] || "none" : nothing}
            autocomplete="off"
            spellcheck="false"
            aria-describedby="${name}-help ${name}-error"
            aria-invalid=${error ? "true" : "false"}
            .value=${text}
            @input=${(event) => edit(name, event.target.value)}
          />
          <span class="unit">${unit ?? ""}</span>
          <span class="muted figure">${note && Number.isFinite(Number(text)) ? note(parse(text)) : nothing}</span>
        </div>
        <p class="help muted" id="${name}-help">${help}</p>
        <p class="error" id="${name}-error" role="alert" ?hidden=${!error}>${error ?? nothing}</p>
      </div>
    `;
  }

  return { title: "Settings", template, stop: () => controller.abort() };
}
