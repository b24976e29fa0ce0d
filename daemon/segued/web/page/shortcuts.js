// Keyboard shortcuts of all views: `/` focuses the search, `j` and `k` move in lists.

const EDITABLE = "input, textarea, select, [contenteditable]";

export function listenToShortcuts() {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isEditable(event.target)) return;
    if (event.key === "/") {
      event.preventDefault();
      focusSearch();
    } else {
      moveFocus(event);
    }
  });
}

/** Whether the focused element takes text. */
export const isEditable = (target) => target instanceof Element && target.closest(EDITABLE) !== null;

/** Whether the focused element handles key presses itself. */
export const handlesKeys = (target) =>
  target instanceof Element && target.closest("button, a, summary, select, input, textarea") !== null;

function focusSearch() {
  const box = document.querySelector('input[type="search"]');
  box?.focus();
  box?.select();
  if (box) return;
  // Two frames: the view is drawn in the first one.
  const focusWhenDrawn = () => requestAnimationFrame(() => requestAnimationFrame(focusSearch));
  addEventListener("hashchange", focusWhenDrawn, { once: true });
  location.hash = "#/files";
}

function moveFocus(event) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const focused = rows.findIndex((row) => row.contains(document.activeElement));
  // The arrow keys scroll the page unless a row has the focus.
  const step = { j: 1, k: -1, ...(focused < 0 ? {} : { ArrowDown: 1, ArrowUp: -1 }) }[event.key];
  if (!step || !rows.length) return;
  event.preventDefault();
  const next = focused < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, focused + step));
  rows[next].querySelector("a, button")?.focus();
}
