// The stored settings with their units and explanations.

import { keyCheck } from "./key_check.js";
import { html } from "./vendor/lit-html.js";
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

export const SETTINGS = [
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
    help: html`With a key, segued recognizes songs by how they sound, also those without tags. Without one, it goes by tags,
      names and lengths alone. A key is free:
      <a href="https://acoustid.org/new-application" target="_blank" rel="noopener noreferrer">register an application with AcoustID</a>,
      under any name. Leave empty to keep the current key.`,
    isSecret: true,
    isText: true,
    format: () => "",
    parse: (text) => text.trim(),
    beside: keyCheck,
  },
  {
    name: "cover_art_archive",
    title: "Covers of the Cover Art Archive",
    help: "Where neither the files nor their folder have a cover, the page shows the front cover that the Cover Art Archive has of the release. segued asks it for the albums that are shown, and keeps the pictures.",
    isSwitch: true,
    format: String,
    parse: (text) => text === "true",
  },
  {
    name: "contact",
    title: "Contact",
    help: "Your mail address or web page, sent with every request to MusicBrainz, AcoustID and the others: they block programs that break their rules, and can write to you first.",
    isText: true,
    format: String,
    parse: (text) => text.trim(),
  },
];

/** The settings that the first visit asks for. */
export const FIRST_SETTINGS = SETTINGS.filter(({ name }) => ["acoustid_api_key", "contact"].includes(name));
