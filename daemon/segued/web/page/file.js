// The view of one file: waveform, passages with their details, metadata.

import { getJson, isAborted } from "./api.js";
import { facts } from "./facts.js";
import { passageDetails } from "./passage.js";
import { passageList } from "./passage_list.js";
import { player } from "./player.js";
import { fileLink } from "./router.js";
import { handlesKeys } from "./shortcuts.js";
import { legend, transport } from "./transport.js";
import { html, nothing } from "./vendor/lit-html.js";
import { waveform } from "./waveform.js";
import { STATUSES, pluralize, withoutPath } from "./wording.js";

const RELOAD_MS = 1500;
const FIRST_RELOAD_MS = 400;
const FIRST_RELOADS = 5;
const RELOADS_MAX = 40;
const UNFINISHED_STATUSES = ["PENDING", "PROCESSING"];

export function fileView(page, { id, params }) {
  const wideScreen = matchMedia("(min-width: 1100px)");
  const view = { title: "File", update, template, afterDraw, statusChanged, stop };
  let selected = Number(params.passage) || null;
  let data = null;
  let error = null;
  let audio = null;
  let wave = null;
  let timer = 0;
  let clock = null;
  let isStopped = false;
  let wasProcessing = false;
  let controller = new AbortController();

  wideScreen.addEventListener("change", page.draw);
  addEventListener("keydown", onKey);
  load();

  /** Load the file; abort a request that is still running. */
  async function load() {
    clearTimeout(timer);
    timer = 0;
    controller.abort();
    controller = new AbortController();
    try {
      apply(await getJson(`/api/files/${encodeURIComponent(id)}`, {}, controller.signal));
    } catch (failure) {
      if (isAborted(failure)) return;
      error = failure;
    }
    page.draw();
  }

  function apply(detail) {
    const isOtherAudio =
      data?.file.audio_hash !== detail.file.audio_hash || data?.file.duration_ticks !== detail.file.duration_ticks;
    data = detail;
    error = null;
    view.title = detail.file.name;
    document.title = `${view.title} · segued`;
    if (!passage()) selected = detail.passages[0]?.ordinal ?? null;
    if (isOtherAudio || !audio) openAudio();
    if (UNFINISHED_STATUSES.includes(detail.file.status)) timer ||= setTimeout(load, RELOAD_MS);
  }

  /** Replace the player and the waveform. */
  function openAudio() {
    audio?.stop();
    wave?.stop();
    wave = null;
    const { file, duration_ticks: duration } = data.file;
    const source = `/api/files/${encodeURIComponent(file)}/audio`;
    audio = player({ source, file: data.file, moved, changed: page.draw });
    audio.seek(passage()?.start_ticks ?? 0, passage()?.end_ticks ?? null);
    if (!duration) return;
    wave = waveform({
      file,
      duration,
      passages: () => data.passages,
      selected: () => selected,
      playPosition: () => audio.state.at,
      seek,
      draw: page.draw,
    });
  }

  /** The selected passage. */
  const passage = () => data?.passages.find((each) => each.ordinal === selected);

  function moved() {
    wave?.movePlayLine();
    if (clock) clock.textContent = transport.clock(audio.state.at, passage());
  }

  function afterDraw() {
    clock = document.querySelector('[data-test="clock"]');
    if (audio) moved();
  }

  /** Select a passage, and move to its start. */
  function select(ordinal) {
    selected = ordinal;
    audio.seek(passage().start_ticks, passage().end_ticks);
    history.replaceState(null, "", fileLink(id, ordinal));
    page.draw();
  }

  /** Move to a position, and select the passage there. */
  function seek(at) {
    const target = data.passages.find((each) => each.start_ticks <= at && at < each.end_ticks);
    if (target && target.ordinal !== selected) select(target.ordinal);
    audio.seek(at, target ? target.end_ticks : null);
    page.draw();
  }

  function play(from, until) {
    audio.play(from, until);
  }

  function toggle() {
    if (audio.state.isPlaying) return audio.pause();
    const { at } = audio.state;
    const current = passage();
    if (!current) return play(at, null);
    const isInside = current.start_ticks <= at && at < current.end_ticks;
    return play(isInside ? at : current.start_ticks, current.end_ticks);
  }

  function onKey(event) {
    if (event.key !== " " || event.defaultPrevented || handlesKeys(event.target) || !audio || audio.state.problem) return;
    event.preventDefault();
    toggle();
  }

  /** Reload until the daemon has processed a change, at most RELOADS_MAX times. */
  async function reloadUntilChanged() {
    const before = JSON.stringify(data.passages);
    for (let reload = 0; reload < RELOADS_MAX; reload += 1) {
      const wait_ms = reload < FIRST_RELOADS ? FIRST_RELOAD_MS : RELOAD_MS;
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
      if (isStopped) return;
      await load();
      const isFinished = !data || !UNFINISHED_STATUSES.includes(data.file.status);
      if (isFinished && JSON.stringify(data?.passages) !== before) return;
    }
  }

  function update(route) {
    const ordinal = Number(route.params.passage) || null;
    if (data && ordinal && ordinal !== selected && data.passages.some((each) => each.ordinal === ordinal)) select(ordinal);
  }

  function statusChanged(names) {
    if (!names.includes("workers")) return;
    const isProcessing = page.live.status.workers.some((each) => each.file === id);
    // Also once after the worker has finished, to load its last results.
    if (isProcessing || wasProcessing) timer ||= setTimeout(load, RELOAD_MS);
    wasProcessing = isProcessing;
  }

  function template() {
    // The heading is the same element throughout: it keeps the focus while data loads.
    return html`
      <header class="title">
        <h1 tabindex="-1">${data?.file.name ?? "File"}</h1>
        ${data ? statusLine(data) : nothing}
      </header>
      ${data ? content() : placeholder()}
    `;
  }

  function placeholder() {
    if (!error) return html`<p class="loading muted">Loading …</p>`;
    return html`<p class="notice bad" role="alert" data-test="error">${error.message} <a href="#/files">All files</a></p>`;
  }

  function content() {
    const current = passage();
    const details = current ? passageDetails(page, data, current, reloadUntilChanged) : nothing;
    const inline = wideScreen.matches ? null : details;
    return html`
      ${error ? html`<p class="notice" role="status">${error.message}</p>` : nothing} ${failureNotice(data)}
      <section class="panel sound" aria-label="Audio">
        ${wave ? wave.template() : html`<p class="muted">The file is not decoded, so there is no waveform.</p>`}
        ${transport(audio.state, current, { toggle, play })} ${wave ? legend() : nothing}
      </section>
      <div class="passage-area ${data.passages.length === 1 ? "single" : ""}">
        ${passageList(data.passages, { selected, select, play, state: audio.state, inline })}
        ${wideScreen.matches && current ? html`<div class="detail-column">${details}</div>` : nothing}
      </div>
      ${facts(data)}
    `;
  }

  function stop() {
    isStopped = true;
    controller.abort();
    clearTimeout(timer);
    audio?.stop();
    wave?.stop();
    wideScreen.removeEventListener("change", page.draw);
    removeEventListener("keydown", onKey);
  }

  return view;
}

function statusLine({ file, passages }) {
  return html`
    <p class="path muted"><bdi>${file.folder}</bdi></p>
    <p class="status-line">
      <span class="badge" data-test="status" data-state=${file.status}>${STATUSES[file.status] ?? file.status}</span>
      <span class="muted">${pluralize(passages.length, "passage")}</span>
    </p>
  `;
}

function failureNotice({ file, failure }) {
  if (!failure) return nothing;
  const { code, phase, detail, fatal } = failure;
  return html`<p class="notice ${fatal ? "bad" : ""}" data-test="failure">
    <strong>${code}</strong>${phase ? ` in phase ${phase}` : ""}: ${withoutPath(file.path, detail)}
    ${fatal ? nothing : html`<span class="muted">(The file was imported with this warning.)</span>`}
  </p>`;
}
