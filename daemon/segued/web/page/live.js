// The daemon's status, kept current by server-sent events.

const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 15_000;
const HIDDEN_MS = 60_000;

/**
 * Follow the daemon's status; return an object that is updated in place.
 *
 * It holds the last known `status`, whether it is `connected` or the connection is
 * `lost`, and when `workers` and `elapsed_seconds` last arrived. `changed` is called
 * with the names of the changed fields, or with none if only the connection changed.
 */
export function followStatus(changed) {
  const state = { status: null, connected: false, lost: false, workersAt: 0, elapsedAt: 0 };
  let source = null;
  let retryMs = RETRY_MS_MIN;
  let retryTimer = 0;
  let hiddenTimer = 0;

  const apply = (fields, isWhole) => {
    const arrived = performance.now();
    state.status = isWhole ? fields : { ...state.status, ...fields };
    // The page counts the seconds on from the moment they arrived.
    if ("workers" in fields) state.workersAt = arrived;
    if ("elapsed_seconds" in fields) state.elapsedAt = arrived;
    changed(Object.keys(fields));
  };

  const open = () => {
    close();
    source = new EventSource("/api/events");
    source.addEventListener("open", () => {
      Object.assign(state, { connected: true, lost: false });
      retryMs = RETRY_MS_MIN;
      changed([]);
    });
    source.addEventListener("snapshot", (event) => apply(JSON.parse(event.data), true));
    source.addEventListener("change", (event) => {
      if (state.status) apply(JSON.parse(event.data), false);
    });
    source.addEventListener("error", () => {
      Object.assign(state, { connected: false, lost: true });
      // The browser reconnects by itself with the id of the last event, except after an
      // error response, such as 503 for too many subscribers.
      if (source.readyState === EventSource.CLOSED) {
        close();
        retryTimer = setTimeout(open, retryMs);
        retryMs = Math.min(2 * retryMs, RETRY_MS_MAX);
      }
      changed([]);
    });
  };

  const close = () => {
    clearTimeout(retryTimer);
    source?.close();
    source = null;
  };

  // The daemon limits the number of subscribers, so a hidden page disconnects.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) hiddenTimer = setTimeout(close, HIDDEN_MS);
    else if (!source) open();
  });
  addEventListener("online", () => source || document.hidden || open());
  open();
  return state;
}
