// Where one is, in the address: `#/files?query=x`, read and written.

/** Read an address: its view, what follows the view, and its parameters. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view = "", ...rest] = path.split("/");
  return {
    view: view || "now",
    id: rest.length ? safely(rest.join("/")) : null,
    params: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** Write an address; parameters without a value are left out. */
export function link(view, params = {}) {
  const wanted = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value != null && value !== "" && !(name === "page" && Number(value) <= 1)) {
      wanted.set(name, value);
    }
  }
  const path = view === "now" ? "#/" : `#/${view}`;
  return wanted.size ? `${path}?${wanted}` : path;
}

export const fileLink = (file, passage) => link(`file/${encodeURIComponent(file)}`, { passage });

function safely(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
