// The view of one file: what is in it, why, and how it sounds.

import { ask, isGivenUp } from "./api.js";
import { facts } from "./facts.js";
import { isPressed } from "./keys.js";
import { legend, transport } from "./transport.js";
import { passageDetails } from "./passage.js";
import { passageList } from "./passage_list.js";
import { player } from "./player.js";
import { fileLink } from "./router.js";
import { html, nothing } from "./vendor/lit-html.js";
import { STATUSES, counted, without } from "./words.js";
import { waveform } from "./waveform.js";

const AGAIN_MS = 1500;
const PATIENCE = 40;
const UNDER_WAY = ["PENDING", "PROCESSING"];

export function fileView(page, { id, params }) {
  const wide = matchMedia("(min-width: 1100px)");
  const view = { title: "File", update, template, drawn, heard, stop };
  let chosen = Number(params.passage) || null;
  let data = null;
  let error = null;
  let sound = null;
  let wave = null;
  let timer = 0;
  let clock = null;
  let isLeft = false;
  let isWorkedOn = false;
  let giveUp = new AbortController();

  wide.addEventListener("change", page.draw);
  addEventListener("keydown", pressed);
  load();

  /** Ask for the file; a later question gives up the earlier one. */
  async function load() {
    clearTimeout(timer);
    timer = 0;
    giveUp.abort();
    giveUp = new AbortController();
    try {
      take(await ask(`/api/files/${encodeURIComponent(id)}`, {}, giveUp.signal));
    } catch (failure) {
      if (isGivenUp(failure)) return;
      error = failure;
    }
    page.draw();
  }

  function take(found) {
    const isOther = data?.file.audio_hash !== found.file.audio_hash || data?.file.duration_ticks !== found.file.duration_ticks;
    data = found;
    error = null;
    view.title = found.file.name;
    document.title = `${view.title} · segued`;
    if (!passage()) chosen = found.passages[0]?.ordinal ?? null;
    if (isOther || !sound) open();
    if (UNDER_WAY.includes(found.file.status)) timer ||= setTimeout(load, AGAIN_MS);
  }

  /** Make the player and the waveform anew, for other sound. */
  function open() {
    sound?.stop();
    wave?.stop();
    wave = null;
    const { file, duration_ticks: duration } = data.file;
    const source = `/api/files/${encodeURIComponent(file)}/audio`;
    sound = player({ source, file: data.file, moved, changed: page.draw });
    sound.seek(passage()?.start_ticks ?? 0, passage()?.end_ticks ?? null);
    if (!duration) return;
    const passages = () => data.passages;
    wave = waveform({ file, duration, passages, chosen: () => chosen, at: () => sound.state.at, seek, draw: page.draw });
  }

  const passage = () => data?.passages.find((each) => each.ordinal === chosen);

  function moved() {
    wave?.place();
    if (clock) clock.textContent = transport.clock(sound.state.at, passage());
  }

  function drawn() {
    clock = document.querySelector('[data-test="clock"]');
    if (sound) moved();
  }

  /** Choose a passage, and go to its start. */
  function choose(ordinal) {
    chosen = ordinal;
    sound.seek(passage().start_ticks, passage().end_ticks);
    history.replaceState(null, "", fileLink(id, ordinal));
    page.draw();
  }

  /** Go to a position, and choose the passage that is there. */
  function seek(at) {
    const there = data.passages.find((each) => each.start_ticks <= at && at < each.end_ticks);
    if (there && there.ordinal !== chosen) choose(there.ordinal);
    sound.seek(at, there ? there.end_ticks : null);
    page.draw();
  }

  function play(from, until) {
    sound.play(from, until);
  }

  function toggle() {
    if (sound.state.isPlaying) return sound.pause();
    const { at } = sound.state;
    const one = passage();
    if (!one) return play(at, null);
    const isInside = one.start_ticks <= at && at < one.end_ticks;
    return play(isInside ? at : one.start_ticks, one.end_ticks);
  }

  function pressed(event) {
    if (event.key !== " " || event.defaultPrevented || isPressed(event.target) || !sound || sound.state.trouble) return;
    event.preventDefault();
    toggle();
  }

  /** After a decision: look until the daemon has taken it up. */
  async function decided() {
    const before = JSON.stringify(data.passages);
    for (let turn = 0; turn < PATIENCE; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, turn < 5 ? 400 : AGAIN_MS));
      if (isLeft) return;
      await load();
      const isOver = !data || !UNDER_WAY.includes(data.file.status);
      if (isOver && JSON.stringify(data?.passages) !== before) return;
    }
  }

  function update(route) {
    const wanted = Number(route.params.passage) || null;
    if (data && wanted && wanted !== chosen && data.passages.some((each) => each.ordinal === wanted)) choose(wanted);
  }

  function heard(names) {
    if (!names.includes("workers")) return;
    const isNow = page.live.status.workers.some((line) => line.file === id);
    // Once more when it is left: nothing else tells of what was found last.
    if (isNow || isWorkedOn) timer ||= setTimeout(load, AGAIN_MS);
    isWorkedOn = isNow;
  }

  function template() {
    // One heading from the beginning: it has the focus while the rest comes.
    return html`
      <header class="title">
        <h1 tabindex="-1">${data?.file.name ?? "File"}</h1>
        ${data ? standing(data) : nothing}
      </header>
      ${data ? inside() : empty()}
    `;
  }

  function empty() {
    if (!error) return html`<p class="loading soft">Asking …</p>`;
    return html`<p class="notice bad" role="alert" data-test="error">${error.message} <a href="#/files">To all files.</a></p>`;
  }

  function inside() {
    const one = passage();
    const details = one ? passageDetails(page, data, one, decided) : nothing;
    return html`
      ${error ? html`<p class="notice" role="status">${error.message}</p>` : nothing} ${failed(data)}
      <section class="panel sound" aria-label="Sound">
        ${wave ? wave.template() : html`<p class="soft">Nothing of it is decoded, so there is nothing to draw.</p>`}
        ${transport(sound.state, one, { toggle, play })} ${wave ? legend() : nothing}
      </section>
      <div class="inside ${data.passages.length === 1 ? "single" : ""}">
        ${passageList(data.passages, { chosen, choose, play, state: sound.state, inline: wide.matches ? null : details })}
        ${wide.matches && one ? html`<div class="beside">${details}</div>` : nothing}
      </div>
      ${facts(data)}
    `;
  }

  function stop() {
    isLeft = true;
    giveUp.abort();
    clearTimeout(timer);
    sound?.stop();
    wave?.stop();
    wide.removeEventListener("change", page.draw);
    removeEventListener("keydown", pressed);
  }

  return view;
}

function standing({ file, passages }) {
  return html`
    <p class="path soft"><bdi>${file.folder}</bdi></p>
    <p class="marks-of">
      <span class="badge" data-test="status" data-state=${file.status}>${STATUSES[file.status] ?? file.status}</span>
      <span class="soft">${counted(passages.length, "passage")}</span>
    </p>
  `;
}

function failed({ file, failure }) {
  if (!failure) return nothing;
  const { code, phase, detail, fatal } = failure;
  return html`<p class="notice ${fatal ? "bad" : ""}" data-test="failure">
    <strong>${code}</strong>${phase ? ` in phase ${phase}` : ""}: ${without(file.path, detail)}
    ${fatal ? nothing : html`<span class="soft">(It is imported in spite of it.)</span>`}
  </p>`;
}
