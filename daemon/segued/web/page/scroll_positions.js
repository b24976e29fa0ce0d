// The scroll position of each address, restored when the user goes back to it.

const RESTORE_MS = 3000;

/**
 * Keep scroll positions, and restore them.
 *
 * The content arrives after the address has changed, so each drawing within
 * RESTORE_MS tries to reach the position again.
 */
export function keepScrollPositions() {
  const positions = new Map();
  let address = location.hash;
  let isClicked = false;
  let target = null;
  let until = 0;

  const cancel = () => {
    target = null;
  };

  history.scrollRestoration = "manual";
  addEventListener("scroll", () => target === null && positions.set(address, scrollY), { passive: true });
  addEventListener("wheel", cancel, { passive: true });
  addEventListener("touchmove", cancel, { passive: true });
  // A followed link begins at the top; going back restores the position.
  addEventListener(
    "click",
    (event) => {
      isClicked = event.target instanceof Element && event.target.closest("a[href]") !== null;
    },
    { capture: true },
  );

  /** Start restoring the position after a change of address; `isOther` if the content changes. */
  function navigated(isOther) {
    address = location.hash;
    if (isOther) {
      target = isClicked ? 0 : (positions.get(address) ?? 0);
      until = performance.now() + RESTORE_MS;
    }
    isClicked = false;
  }

  function afterDraw() {
    if (target === null) return;
    scrollTo(0, target);
    if (Math.abs(scrollY - target) < 2 || performance.now() > until) target = null;
  }

  return { navigated, afterDraw };
}
