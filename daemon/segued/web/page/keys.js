// Keys that work everywhere: `/` for the search, `j` and `k` in lists.

const WRITING = "input, textarea, select, [contenteditable]";

export function listenToKeys() {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isWriting(event.target)) return;
    if (event.key === "/") {
      event.preventDefault();
      search();
    } else {
      move(event);
    }
  });
}

export const isWriting = (target) => target instanceof Element && target.closest(WRITING) !== null;

/** Whether a key means something to what has the focus. */
export const isPressed = (target) =>
  target instanceof Element && target.closest("button, a, summary, select, input, textarea") !== null;

function search() {
  const box = document.querySelector('input[type="search"]');
  box?.focus();
  box?.select();
  if (box) return;
  const focusWhenDrawn = () => requestAnimationFrame(() => requestAnimationFrame(search));
  addEventListener("hashchange", focusWhenDrawn, { once: true });
  location.hash = "#/files";
}

function move(event) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  // The arrows scroll the page unless one is in the list already.
  const step = { j: 1, k: -1, ...(at < 0 ? {} : { ArrowDown: 1, ArrowUp: -1 }) }[event.key];
  if (!step || !rows.length) return;
  event.preventDefault();
  const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step));
  rows[next].querySelector("a, button")?.focus();
}
