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
import { STATUSES, counted } from "./words.js";
import { waveform } from "./waveform.js";

const AGAIN_MS = 1500;
const PATIENCE = 40;
const UNDER_WAY = ["PENDING", "PROCESSING"];

export function fileView(page, { id, params }) {
  const giveUp = new AbortController();
  const wide = matchMedia("(min-width: 1100px)");
  const view = { title: "File", update, template, drawn, heard, stop };
  let chosen = Number(params.passage) || null;
  let data = null;
  let error = null;
  let sound = null;
  let wave = null;
  let timer = 0;
  let clock = null;

  wide.addEventListener("change", page.draw);
  addEventListener("keydown", pressed);
  load();

  async function load() {
    clearTimeout(timer);
    try {
      const found = await ask(`/api/files/${encodeURIComponent(id)}`, {}, giveUp.signal);
      take(found);
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
    if (UNDER_WAY.includes(found.file.status)) timer = setTimeout(load, AGAIN_MS);
  }

  /** Make the player and the waveform anew, for other sound. */
  function open() {
    sound?.stop();
    wave?.stop();
    wave = null;
    const { file, duration_ticks: duration, playable, audio_type: type } = data.file;
    const source = `/api/files/${encodeURIComponent(file)}/audio`;
    sound = player({ source, type, isPlayable: playable, duration, moved, changed: page.draw });
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
    for (let turn = 0; turn < PATIENCE && !giveUp.signal.aborted; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, turn < 5 ? 400 : AGAIN_MS));
      if (giveUp.signal.aborted) return;
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
    const isMine = (line) => line.file === id;
    if (names.includes("workers") && page.live.status.workers.some(isMine)) {
      clearTimeout(timer);
      timer = setTimeout(load, AGAIN_MS / 2);
    }
  }

  function template() {
    if (error && !data) {
      return html`<h1 tabindex="-1">File</h1>
        <p class="notice bad" role="alert" data-test="error">${error.message} <a href="#/files">To all files.</a></p>`;
    }
    if (!data) return html`<h1 class="loading soft" tabindex="-1">Asking …</h1>`;
    const one = passage();
    const details = one ? passageDetails(page, data.file, one, decided) : nothing;
    return html`
      ${heading(data)}
      <section class="panel sound" aria-label="Sound">
        ${wave ? html`${wave.template()} ${legend()}` : html`<p class="soft">Nothing of it is decoded, so there is nothing to draw.</p>`}
        ${transport(sound.state, one, { toggle, play })}
      </section>
      <div class="inside">
        ${passageList(data.passages, { chosen, choose, play, state: sound.state, inline: wide.matches ? null : details })}
        ${wide.matches && one ? html`<div class="beside">${details}</div>` : nothing}
      </div>
      ${facts(data)}
    `;
  }

  function stop() {
    giveUp.abort();
    clearTimeout(timer);
    sound?.stop();
    wave?.stop();
    wide.removeEventListener("change", page.draw);
    removeEventListener("keydown", pressed);
  }

  return view;
}

function heading({ file, failure, passages }) {
  return html`
    <header class="title">
      <h1 tabindex="-1">${file.name}</h1>
      <p class="path soft"><bdi>${file.folder}</bdi></p>
      <p class="marks-of">
        <span class="badge" data-test="status" data-state=${file.status}>${STATUSES[file.status] ?? file.status}</span>
        <span class="soft">${counted(passages.length, "passage")}</span>
      </p>
    </header>
    ${failure
      ? html`<p class="notice ${failure.fatal ? "bad" : ""}" data-test="failure">
          <strong>${failure.code}</strong>${failure.phase ? ` in phase ${failure.phase}` : ""}: ${failure.detail}
          ${failure.fatal ? nothing : html`<span class="soft">(It is imported in spite of it.)</span>`}
        </p>`
      : nothing}
  `;
}
