-- Albums and artists: narrow rows in the orders in which they are listed, derived from
-- the passages of files that are not missing. `segued.store.row_changes.refresh` keeps them.
-- Other names of functions: segued_plain is `segued.store.search.searchable`,
-- segued_energy is 10^(x/10), segued_level its inverse, segued_missing is
-- `segued.store.album_gaps.missing_tracks`.

CREATE TABLE track_index (
    passage_id TEXT NOT NULL PRIMARY KEY,
    path BLOB NOT NULL,
    ordinal INTEGER NOT NULL,
    album_id TEXT,
    disc INTEGER NOT NULL,
    track INTEGER NOT NULL,
    artist TEXT NOT NULL,
    artist_key TEXT NOT NULL,
    confidence TEXT NOT NULL,
    length_ticks INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tracks_of_album ON track_index
    (album_id, disc, track, path, ordinal, artist_key);
CREATE INDEX tracks_of_artist ON track_index (artist_key, album_id);

CREATE TABLE album_index (
    album_id TEXT NOT NULL PRIMARY KEY,
    release_mbid TEXT,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    artist_key TEXT NOT NULL,
    title_key TEXT NOT NULL,
    date TEXT,
    original_date TEXT,
    year INTEGER NOT NULL, -- 0: unknown
    compilation INTEGER NOT NULL,
    disc_total INTEGER,
    track_total INTEGER,
    tracks INTEGER NOT NULL,
    uncertain INTEGER NOT NULL, -- tracks with Low or None
    length_ticks INTEGER NOT NULL,
    loudness_lufs REAL,
    peak_dbtp REAL,
    added_at TEXT NOT NULL,
    words TEXT NOT NULL,
    cover TEXT, -- BLAKE3 of an embedded picture
    missing TEXT NOT NULL -- JSON: disc and number of each track that it lacks
) STRICT, WITHOUT ROWID;

CREATE INDEX albums_by_artist ON album_index (artist_key, year, album_id);
CREATE INDEX albums_by_title ON album_index (title_key, year, album_id);
CREATE INDEX albums_by_year ON album_index (year, artist_key, album_id);
CREATE INDEX albums_by_arrival ON album_index (added_at, artist_key, album_id);

-- Narrow ones, for searches and for counts.
CREATE INDEX albums_by_words ON album_index (words, album_id);
CREATE INDEX albums_uncertain ON album_index (artist_key, year, album_id, uncertain)
    WHERE uncertain > 0;

CREATE INDEX albums_with_gaps ON album_index (album_id, tracks, missing)
    WHERE missing <> '[]' AND tracks >= 3;

CREATE TABLE artist_index (
    artist_key TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    songs INTEGER NOT NULL,
    albums INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Albums and artists whose rows are stale, with the loudness that the rows had.
CREATE TABLE stale_albums (
    album_id TEXT NOT NULL PRIMARY KEY, loudness_lufs REAL, peak_dbtp REAL
) STRICT, WITHOUT ROWID;

CREATE TABLE stale_artists (artist_key TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

-- On a release that a person chose, the place is that of the assigned track, "1.2" after
-- the id of the release: the numbers in the tags are those of another release.
CREATE VIEW track_facts AS
SELECT
    passages.id AS passage_id,
    files.path,
    passages.ordinal,
    (SELECT album_id FROM passage_albums WHERE passage_id = passages.id LIMIT 1)
        AS album_id,
    coalesce(
        CAST(substr(assignment, length(release_mbid) + 2) AS INTEGER),
        CAST(files.tags ->> '$.disc' AS INTEGER), 1
    ) AS disc,
    coalesce(
        CASE WHEN passages.ordinal > 1 OR EXISTS (
            SELECT 1 FROM passages AS next
            WHERE next.file_id = files.id AND next.ordinal = 2
        ) THEN passages.ordinal
        WHEN release_mbid IS NOT NULL
            THEN CAST(substr(assignment, instr(assignment, '.') + 1) AS INTEGER)
        ELSE CAST(files.tags ->> '$.track' AS INTEGER) END, 0
    ) AS track,
    coalesce(passages.artist, '') AS artist,
    segued_plain(passages.artist) AS artist_key,
    passages.confidence,
    passages.end_ticks - passages.start_ticks AS length_ticks
FROM passages
JOIN files ON files.id = passages.file_id
LEFT JOIN chosen_releases ON chosen_releases.audio_hash = files.audio_hash
    AND files.assignment GLOB chosen_releases.release_mbid || ' [0-9]*.[0-9]*'
WHERE files.shown_status <> 'MISSING';
