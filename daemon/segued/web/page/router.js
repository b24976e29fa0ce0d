// Reads and writes addresses such as `#/files?query=x`.

/** Parse an address into its view, the id after the view, and its parameters. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view = "", ...rest] = path.split("/");
  return {
    view: view || "home",
    id: rest.length ? decoded(rest.join("/")) : null,
    params: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** Return the address of a view; parameters without a value are left out. */
export function link(view, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value != null && value !== "" && !(name === "page" && Number(value) <= 1)) {
      query.set(name, value);
    }
  }
  return query.size ? `#/${view}?${query}` : `#/${view}`;
}

export const fileLink = (file, passage) => link(`file/${encodeURIComponent(file)}`, { passage });

export const albumLink = (album) => link(`album/${encodeURIComponent(album)}`);

export const artistLink = (artist) => link(`artist/${encodeURIComponent(artist)}`);

// The address can be edited by hand, so invalid escapes are kept as they are.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
