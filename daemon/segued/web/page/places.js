// How far down one was in each view, for the way back to it.

const PATIENCE_MS = 3000;

/** Keep where one is; what is shown comes later than the address, so ask again after each drawing. */
export function places() {
  const kept = new Map();
  let here = location.hash;
  let isClicked = false;
  let wanted = null;
  let until = 0;

  const giveUp = () => {
    wanted = null;
  };

  history.scrollRestoration = "manual";
  addEventListener("scroll", () => wanted === null && kept.set(here, scrollY), { passive: true });
  addEventListener("wheel", giveUp, { passive: true });
  addEventListener("touchmove", giveUp, { passive: true });
  // Who follows a link begins at the top; who goes back does not.
  addEventListener(
    "click",
    (event) => {
      isClicked = event.target instanceof Element && event.target.closest("a[href]") !== null;
    },
    { capture: true },
  );

  /** Be at another address, which begins at its top, or where one was. */
  function arrive(isOther) {
    here = location.hash;
    if (isOther) {
      wanted = isClicked ? 0 : (kept.get(here) ?? 0);
      until = performance.now() + PATIENCE_MS;
    }
    isClicked = false;
  }

  function drawn() {
    if (wanted === null) return;
    scrollTo(0, wanted);
    if (Math.abs(scrollY - wanted) < 2 || performance.now() > until) wanted = null;
  }

  return { arrive, drawn };
}
