// The button that asks AcoustID whether it accepts a key, and its answer.

import { sendJson } from "./api.js";
import { html, nothing } from "./vendor/lit-html.js";

/** `key()` returns the key in the field; empty stands for the key that is set. */
export function keyCheck(page, key) {
  let isBusy = false;
  let answer = null;

  async function check() {
    isBusy = true;
    answer = null;
    page.draw();
    try {
      const { is_accepted: isAccepted, detail } = await sendJson("/api/setup/check-key", { key: key().trim() || null });
      answer = { kind: isAccepted ? "good" : "bad", text: `${detail}.` };
    } catch (error) {
      answer = { kind: "bad", text: `${error.message}.` };
    }
    isBusy = false;
    page.draw();
  }

  return (isSet) => html`
    <button type="button" data-test="check-key" ?disabled=${isBusy || !(isSet || key().trim())} @click=${check}>Test the key</button>
    <span class=${answer?.kind ?? ""} role="status" data-test="key-answer">${isBusy ? "Asking AcoustID …" : (answer?.text ?? nothing)}</span>
  `;
}
