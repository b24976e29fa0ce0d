// The passages of a file in their order: what each is, and which is chosen.

import { sure } from "./files.js";
import { html, nothing } from "./vendor/lit-html.js";
import { position } from "./words.js";

export function passageList(passages, { chosen, choose, play, state, inline }) {
  if (!passages.length) return nothing;
  return html`
    <section class="panel passages" aria-labelledby="passages">
      <h2 id="passages">Passages</h2>
      <ol data-test="passage-list">
        ${passages.map((each) => {
          const isChosen = each.ordinal === chosen;
          return html`
            <li data-row data-ordinal=${each.ordinal} ?data-chosen=${isChosen}>
              <div class="row">
                <button class="choose" aria-pressed=${isChosen ? "true" : "false"} @click=${() => choose(each.ordinal)}>
                  ${row(each)}
                </button>
                <button
                  class="quiet"
                  data-test="play"
                  aria-label="Play passage ${each.ordinal}"
                  ?disabled=${state.trouble !== null}
                  @click=${() => {
                    choose(each.ordinal);
                    play(each.start_ticks, each.end_ticks);
                  }}
                >
                  ▶
                </button>
              </div>
              ${isChosen && inline ? inline : nothing}
            </li>
          `;
        })}
      </ol>
    </section>
  `;
}

function row(passage) {
  const under = [passage.artist, passage.album].filter(Boolean).join(" · ");
  return html`
    <span class="ordinal">${passage.ordinal}</span>
    <span class="what">
      <span class="over">${passage.title ?? "without a name"}</span>
      <span class="under">${under || "–"}</span>
    </span>
    <span class="times">
      <span>${position(passage.start_ticks)}</span>
      <span class="soft">${position(passage.end_ticks)}</span>
    </span>
    <span class="mark-of">
      ${sure(passage.confidence)} ${passage.overruled ? html`<span class="badge" title="Somebody said so">said</span>` : nothing}
    </span>
  `;
}
