// The passages of a file in order, with the selected one highlighted.

import { confidenceBadge } from "./files.js";
import { html, nothing } from "./vendor/lit-html.js";
import { position } from "./wording.js";

export function passageList(passages, { selected, select, play, state, inline }) {
  if (!passages.length) return nothing;
  return html`
    <section class="panel passages" aria-labelledby="passages">
      <h2 id="passages">Passages</h2>
      <ol data-test="passage-list">
        ${passages.map((each) => {
          const isSelected = each.ordinal === selected;
          return html`
            <li data-row data-ordinal=${each.ordinal} ?data-selected=${isSelected}>
              <div class="row">
                <button class="select" aria-pressed=${isSelected ? "true" : "false"} @click=${() => select(each.ordinal)}>
                  ${row(each)}
                </button>
                <button
                  class="quiet"
                  data-test="play"
                  aria-label="Play passage ${each.ordinal}"
                  ?disabled=${state.problem !== null}
                  @click=${() => {
                    select(each.ordinal);
                    play(each.start_ticks, each.end_ticks);
                  }}
                >
                  ▶
                </button>
              </div>
              ${isSelected && inline ? inline : nothing}
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
    <span class="description">
      <span class="primary">${passage.title ?? "untitled"}</span>
      <span class="secondary">${under || "–"}</span>
    </span>
    <span class="times">
      <span>${position(passage.start_ticks)}</span>
      <span class="muted">${position(passage.end_ticks)}</span>
    </span>
    <span class="passage-badges">
      ${confidenceBadge(passage.confidence)} ${passage.overruled ? html`<span class="badge" title="Identified manually">manual</span>` : nothing}
    </span>
  `;
}
