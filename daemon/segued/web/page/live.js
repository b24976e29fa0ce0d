// The status of the daemon as it changes, over server-sent events.

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;
const HIDDEN_MS = 60_000;

/**
 * Follow the daemon.
 *
 * `now` holds the last status known, whether it still holds, and when it came;
 * `changed` is called with the names of what is new, or with none when only
 * the connection changed.
 */
export function follow(changed) {
  const now = { status: null, connected: false, lost: false, at: 0, wait: FIRST_WAIT_MS };
  let source = null;
  let timer = 0;
  let hiding = 0;

  const take = (news, whole) => {
    const arrived = performance.now();
    now.status = whole ? news : { ...now.status, ...news };
    // Only then do the seconds of the workers count from here.
    if ("workers" in news) now.at = arrived;
    if ("elapsed_seconds" in news) now.elapsedAt = arrived;
    changed(Object.keys(news));
  };

  const open = () => {
    close();
    source = new EventSource("/api/events");
    source.addEventListener("open", () => {
      Object.assign(now, { connected: true, lost: false, wait: FIRST_WAIT_MS });
      changed([]);
    });
    source.addEventListener("snapshot", (event) => take(JSON.parse(event.data), true));
    source.addEventListener("change", (event) => {
      if (now.status) take(JSON.parse(event.data), false);
    });
    source.addEventListener("error", () => {
      Object.assign(now, { connected: false, lost: true });
      // The browser tries again by itself, and says what it has heard last; but on a
      // refusal, as when too many listen, it gives up.
      if (source.readyState === EventSource.CLOSED) {
        close();
        timer = setTimeout(open, now.wait);
        now.wait = Math.min(2 * now.wait, LONGEST_WAIT_MS);
      }
      changed([]);
    });
  };

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };

  // A page nobody looks at must not keep a place others could have.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(close, HIDDEN_MS);
    else if (!source) open();
  });
  addEventListener("online", () => source || document.hidden || open());
  open();
  return now;
}
