// Requests to the daemon's API; every failure is an Error whose message can be
// shown to the user.

export class ApiError extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** Return the JSON at `path`; empty values of `query` are left out; `signal` aborts. */
export function getJson(path, query = {}, signal = undefined) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value != null && value !== "") parameters.set(name, value);
  }
  const url = parameters.size ? `${path}?${parameters}` : path;
  return request(url, { signal });
}

/** Send a command to the daemon, and return its JSON answer. */
export function sendJson(path, body = {}, method = "POST") {
  return request(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Whether an error only means that the request was aborted. */
export const isAborted = (error) => error?.name === "AbortError";

async function request(url, options) {
  let response;
  try {
    response = await fetch(url, { cache: "no-store", ...options });
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new ApiError(0, "away", "segued does not answer.");
  }
  const body = await response.json().catch((error) => {
    if (isAborted(error)) throw error;
    return null;
  });
  if (response.ok && body !== null) return body;
  const { code = "unknown", detail = `segued answered with HTTP status ${response.status}.` } = body?.error ?? {};
  throw new ApiError(response.status, code, detail);
}
