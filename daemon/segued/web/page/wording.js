// Text for numbers, times and names.

export const TICKS_PER_SECOND = 28_224_000;

export const PHASES = [
  "Filename matching",
  "Hashing",
  "Extracting",
  "Segmenting",
  "Fingerprinting",
  "Song matching",
  "Recording",
  "Amplitude",
  "Flavoring",
  "Passages complete",
];

export const STATUSES = {
  "INGEST COMPLETE": "complete",
  "DUPLICATE HASH": "duplicate",
  "NO AUDIO": "no audio",
  FAILED: "failed",
  MISSING: "missing",
  PENDING: "pending",
  PROCESSING: "in progress",
};

export const CONFIDENCES = ["High", "Medium", "Low", "None"];

/** What is known of a passage with each confidence. */
export const CONFIDENCE_TEXTS = {
  High: "Sound and names agree.",
  Medium: "Sound or names agree with the album.",
  Low: "Known from its names only.",
  None: "Nothing identifies it.",
};

/** What would make a confidence of Low or None certain; `services` is of the status. */
export function whatWouldConfirm(confidence, services) {
  if (confidence !== "Low" && confidence !== "None") return "";
  const lookups = services?.acoustid;
  if (lookups === undefined) return "Its sound is not looked up while segued is offline.";
  if (lookups.startsWith("no key")) return "An AcoustID key would let its sound be looked up (under Settings).";
  return "A fingerprint that AcoustID knows, or your own choice, would make it certain.";
}

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });

export const count = (n) => whole.format(n ?? 0);

export const figure = (value) => (typeof value === "number" ? short.format(value) : String(value));

/** "1 file", "12 files". */
export const pluralize = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** A number with a minus sign (U+2212), and with `plus` before positive values. */
export function signed(value, digits = 1, plus = "") {
  const magnitude = Math.abs(value).toFixed(digits);
  if (Number(magnitude) === 0) return magnitude;
  return `${value < 0 ? "−" : plus}${magnitude}`;
}

/** The tempo of a passage; null if it is not known. */
export const bpm = (passage) => (passage.bpm == null ? null : `${passage.bpm.toFixed(0)} bpm`);

/** The key of a passage, "F# minor"; null if it is not known. */
export const key = (passage) => (passage.key == null ? null : [passage.key, passage.scale].filter(Boolean).join(" "));

/** A length of time in its most readable unit, as `wording.duration` of the daemon. */
export function duration(seconds) {
  if (seconds == null) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Seconds as h:mm:ss, or m:ss below one hour. */
export function clock(seconds) {
  const all = Math.max(0, Math.floor(seconds ?? 0));
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A position in a recording, m:ss.cc. */
export function position(ticks) {
  if (ticks == null) return "–";
  // Rounded to hundredths first: 59.999 s must not become 0:60.00.
  const all = Math.round((ticks / TICKS_PER_SECOND) * 100);
  const minutes = Math.floor(all / 6000);
  const rest = ((all - minutes * 6000) / 100).toFixed(2).padStart(5, "0");
  return `${minutes}:${rest}`;
}

/** The length of a recording, m:ss. */
export const length = (ticks) => (ticks == null ? "–" : clock(Math.round(ticks / TICKS_PER_SECOND)));

export const seconds = (ticks) => ticks / TICKS_PER_SECOND;

export const ticks = (secs) => Math.round(secs * TICKS_PER_SECOND);

export function size(bytes) {
  if (bytes == null) return "–";
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** The name of a codec without the suffix of its decoder: "mp3float" is "mp3". */
export const codecName = (codec) => (codec ?? "").replace(/float$|_(at|fixed)$/, "");

/** A time in the browser's time zone, as "2024-05-01 13:37:00". */
export function localTime(iso) {
  const at = new Date(iso ?? NaN);
  if (Number.isNaN(at.getTime())) return "–";
  const two = (n) => String(n).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** A name with spaces: "spectral_centroid_hertz" is "spectral centroid hertz". */
export const withSpaces = (name) => name.replaceAll("_", " ");

export const joinValues = (values) => (Array.isArray(values) ? values.join("; ") : String(values));

/** An error text without the path at its start, for places that show the path anyway. */
export const withoutPath = (path, detail) => (detail.startsWith(`${path}: `) ? detail.slice(path.length + 2) : detail);

/** A clause with a capital letter and a full stop. */
export const toSentence = (text) => (text ? `${text[0].toUpperCase()}${text.slice(1).replace(/\.?$/, ".")}` : "");
