// The view of the seven settings, each with its unit and what it does.

import { ask, tell } from "./api.js";
import { html, nothing } from "./vendor/lit-html.js";
import { count, figure, seconds, ticks } from "./words.js";

const decibels = { unit: "dB", step: "0.5", shown: figure, read: Number };
// People think in seconds; the library keeps ticks.
const lengths = {
  unit: "s",
  step: "any",
  shown: (value) => String(Number(seconds(value).toFixed(9))),
  read: (text) => ticks(Number(text)),
  note: (value) => `${count(value)} ticks`,
};

const SETTINGS = [
  {
    name: "silence_threshold_dB",
    title: "Silence below",
    help: "What is quieter than this many decibels below full scale is silence.",
    ...decibels,
  },
  {
    name: "silence_min_duration_ticks",
    title: "Silence that cuts",
    help: "Silence of at least this length ends a passage. A second has 28,224,000 ticks.",
    ...lengths,
  },
  {
    name: "minimum_passage_audio_duration_ticks",
    title: "Shortest sound",
    help: "A file with less sound than this has no audio.",
    ...lengths,
  },
  {
    name: "lead_in_threshold_dB",
    title: "Lead-in until",
    help: "A passage may overlap with the one before it until it is louder than this many decibels below full scale.",
    ...decibels,
  },
  {
    name: "lead_out_threshold_dB",
    title: "Lead-out from",
    help: "A passage may overlap with the next one once it stays below this many decibels below full scale.",
    ...decibels,
  },
  {
    name: "ai_processing_thread_count",
    title: "Workers",
    help: "Files worked on at once.",
    unit: "files",
    step: "1",
    shown: String,
    read: Number,
  },
  {
    name: "acoustid_api_key",
    title: "AcoustID key",
    help: "Key of an application that is registered with AcoustID. It is kept as it is unless you write another.",
    isSecret: true,
    shown: () => "",
    read: (text) => text.trim(),
  },
];

export function settingsView(page) {
  const giveUp = new AbortController();
  const written = new Map();
  const errors = new Map();
  let values = null;
  let failure = null;
  let isSaving = false;

  ask("/api/settings", {}, giveUp.signal)
    .then((found) => (values = found))
    .catch((error) => (failure = error))
    .finally(page.draw);

  const isChanged = ({ name, shown }) => written.has(name) && written.get(name) !== shown(values[name]);

  function write(name, text) {
    written.set(name, text);
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
    if (saved > 0) page.say(saved === 1 ? "One setting is saved." : `${saved} settings are saved.`);
    page.draw();
  }

  async function put({ name, read }) {
    try {
      Object.assign(values, await tell(`/api/settings/${name}`, read(written.get(name)), "PUT"));
      written.delete(name);
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
    const any = SETTINGS.some(isChanged);
    return html`
      <form class="panel settings" data-test="settings" novalidate @submit=${save}>
        ${SETTINGS.map(field)}
        <p class="actions">
          <button class="strong" data-test="save" ?disabled=${!any || isSaving}>Save</button>
          <button
            type="button"
            ?disabled=${!any || isSaving}
            @click=${() => {
              written.clear();
              errors.clear();
              page.draw();
            }}
          >
            Undo
          </button>
          <span class="soft">What is set in the configuration file wins over what is set here.</span>
        </p>
      </form>
    `;
  }

  function field(each) {
    const { name, title, help, unit, step, isSecret, shown, read, note } = each;
    const text = written.get(name) ?? shown(values[name]);
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
            @input=${(event) => write(name, event.target.value)}
          />
          <span class="unit">${unit ?? ""}</span>
          <span class="soft figure">${note && Number.isFinite(Number(text)) ? note(read(text)) : nothing}</span>
        </div>
        <p class="help soft" id="${name}-help">${help}</p>
        <p class="error" id="${name}-error" role="alert" ?hidden=${!error}>${error ?? nothing}</p>
      </div>
    `;
  }

  return { title: "Settings", template, stop: () => giveUp.abort() };
}
