// Questions to the daemon and commands for it; every failure is an Error whose
// message is a sentence for people.

export class Refusal extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** Ask for `path`; `query` without its empty values; `signal` gives up. */
export function ask(path, query = {}, signal = undefined) {
  const wanted = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value != null && value !== "") wanted.set(name, value);
  }
  const asked = wanted.size ? `${path}?${wanted}` : path;
  return answered(asked, { signal });
}

/** Tell the daemon to do something. */
export function tell(path, body = {}, method = "POST") {
  return answered(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Whether an error only says that the answer is not wanted any more. */
export const isGivenUp = (error) => error?.name === "AbortError";

async function answered(path, options) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", ...options });
  } catch (error) {
    if (isGivenUp(error)) throw error;
    throw new Refusal(0, "away", "segued does not answer.");
  }
  const said = await response.json().catch((error) => {
    if (isGivenUp(error)) throw error;
    return null;
  });
  if (response.ok && said !== null) return said;
  const { code = "unknown", detail = `segued answered ${response.status}.` } = said?.error ?? {};
  throw new Refusal(response.status, code, detail);
}
