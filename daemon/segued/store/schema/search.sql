-- The search index: a row for each file and each passage. `place` numbers the paths in
-- their order, with gaps, so that hits come in the order of paths. Triggers store the
-- paths whose rows are stale in index_stale, so that no writer has to;
-- `segued.store.search_index.refresh` rebuilds those rows at the end of each transaction.
-- segued_plain is `segued.store.search.searchable`.

CREATE TABLE file_index (
    place INTEGER NOT NULL PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    file_id TEXT NOT NULL,
    status TEXT NOT NULL,
    words TEXT NOT NULL,
    facts TEXT NOT NULL -- its values whose terms are in file_grams; see file_facts
) STRICT;

CREATE TABLE passage_index (
    place INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    passage_id TEXT NOT NULL,
    confidence TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (place, ordinal)
) STRICT, WITHOUT ROWID;

-- Narrow ones, to skip the pages before a page.
CREATE INDEX files_in_order ON file_index (place);
CREATE INDEX files_by_status ON file_index (status, place);
CREATE INDEX passages_in_order ON passage_index (place, ordinal);
CREATE INDEX passages_by_confidence ON passage_index (confidence, place, ordinal);

-- Which files have a term: see `segued.store.index_terms`. They are stored some hundred
-- rows at a time: those in index_unlisted are not yet, or changed since, and the words and
-- facts in it are those whose terms are stored.
CREATE VIRTUAL TABLE file_grams USING fts5 (
    terms, content = '', detail = none, columnsize = 0, tokenize = 'ascii'
);

CREATE VIRTUAL TABLE gram_terms USING fts5vocab (file_grams, row);

CREATE TABLE index_unlisted (
    place INTEGER NOT NULL PRIMARY KEY, listed_words TEXT, listed_facts TEXT
) STRICT;

CREATE TRIGGER unlisted_file AFTER INSERT ON file_index
BEGIN
    INSERT OR IGNORE INTO index_unlisted VALUES (new.place, NULL, NULL);
END;

CREATE TRIGGER unlisted_words AFTER UPDATE OF words ON file_index
WHEN old.words <> new.words
BEGIN
    INSERT OR IGNORE INTO index_unlisted VALUES (old.place, old.words, old.facts);
END;

CREATE TRIGGER unlisted_place AFTER UPDATE OF place ON file_index
WHEN old.place <> new.place
BEGIN
    INSERT OR IGNORE INTO index_unlisted
    VALUES (old.place, old.words, old.facts), (new.place, NULL, NULL);
END;

CREATE TRIGGER unlisted_removed_file AFTER DELETE ON file_index
BEGIN
    INSERT OR IGNORE INTO index_unlisted VALUES (old.place, old.words, old.facts);
END;

-- How many rows of each index have each status or confidence: a page shows them all, and
-- to count them anew reads the whole index.
CREATE TABLE index_counts (
    listing TEXT NOT NULL,
    kind TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (listing, kind)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER counted_file AFTER INSERT ON file_index
BEGIN
    INSERT INTO index_counts VALUES ('file_index', new.status, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER counted_status AFTER UPDATE OF status ON file_index
WHEN old.status <> new.status
BEGIN
    UPDATE index_counts SET count = count - 1
    WHERE listing = 'file_index' AND kind = old.status;
    INSERT INTO index_counts VALUES ('file_index', new.status, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER uncounted_file AFTER DELETE ON file_index
BEGIN
    UPDATE index_counts SET count = count - 1
    WHERE listing = 'file_index' AND kind = old.status;
END;

CREATE TRIGGER counted_passage AFTER INSERT ON passage_index
BEGIN
    INSERT INTO index_counts VALUES ('passage_index', new.confidence, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER uncounted_passage AFTER DELETE ON passage_index
BEGIN
    UPDATE index_counts SET count = count - 1
    WHERE listing = 'passage_index' AND kind = old.confidence;
END;

CREATE TABLE index_stale (path BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Takes the paths of files of which only values changed.
CREATE VIEW stale_values AS SELECT path FROM index_stale;

CREATE TRIGGER index_stale_values INSTEAD OF INSERT ON stale_values
BEGIN
    INSERT OR IGNORE INTO index_stale VALUES (new.path);
    INSERT OR IGNORE INTO index_unlisted
    SELECT place, words, facts FROM file_index WHERE path = new.path;
END;

-- Without the path of the music folder, which all paths below it share.
CREATE VIEW file_words AS
SELECT
    files.path,
    files.id AS file_id,
    files.shown_status AS status,
    segued_plain(
        substr(files.path_text, length(CAST(files.root AS TEXT)) + 1) || ' '
        || coalesce(
            (
                SELECT group_concat(
                    coalesce(title, '') || ' ' || coalesce(artist, '')
                    || ' ' || coalesce(album, ''), ' '
                )
                FROM passages WHERE passages.file_id = files.id
            ), ''
        )
    ) AS words
FROM files;

-- Values of a file and its passages, by which conditions find them.
CREATE VIEW file_facts AS
SELECT
    files.path,
    segued_file_facts(
        CAST(
            nullif(substr(coalesce(tags ->> '$.original_date', tags ->> '$.date'), 1, 4), '')
            AS INTEGER
        ),
        tags ->> '$.genres',
        added_at
    ) || coalesce(
        (
            SELECT group_concat(
                segued_passage_facts(
                    title, artist, album, confidence,
                    (end_ticks - start_ticks) / 28224000.0,
                    (
                        SELECT nullif(track, 0) FROM track_index
                        WHERE track_index.passage_id = passages.id
                    ),
                    bpm, loudness_lufs, key, scale,
                    coalesce(
                        passages.flavor,
                        (
                            SELECT songs.flavor FROM passage_songs
                            JOIN songs ON songs.id = song_id
                            WHERE passage_id = passages.id
                            ORDER BY length_ticks IS NULL DESC, length_ticks DESC, song_id
                            LIMIT 1
                        )
                    )
                ), ''
            )
            FROM passages WHERE passages.file_id = files.id
        ), ''
    ) AS facts
FROM files;

-- Passages of missing files cannot be played, so a search does not find them.
CREATE VIEW passage_words AS
SELECT
    files.path,
    passages.ordinal,
    passages.id AS passage_id,
    passages.confidence,
    segued_plain(
        substr(files.path_text, length(CAST(files.root AS TEXT)) + 1) || ' '
        || coalesce(passages.title, '') || ' ' || coalesce(passages.artist, '') || ' '
        || coalesce(passages.album, '')
    ) AS words
FROM passages
JOIN files ON files.id = passages.file_id
WHERE files.status <> 'MISSING';

CREATE TRIGGER index_new_file AFTER INSERT ON files
BEGIN
    INSERT OR IGNORE INTO index_stale VALUES (new.path);
END;

CREATE TRIGGER index_changed_file AFTER UPDATE OF path, root, shown_status ON files
BEGIN
    INSERT OR IGNORE INTO index_stale VALUES (old.path), (new.path);
END;

CREATE TRIGGER index_removed_file AFTER DELETE ON files
BEGIN
    INSERT OR IGNORE INTO index_stale VALUES (old.path);
END;

CREATE TRIGGER index_new_passage AFTER INSERT ON passages
BEGIN
    INSERT OR IGNORE INTO index_stale
    SELECT path FROM files WHERE id = new.file_id;
END;

CREATE TRIGGER index_changed_passage
AFTER UPDATE OF file_id, ordinal, title, artist, album, confidence ON passages
BEGIN
    INSERT OR IGNORE INTO index_stale
    SELECT path FROM files WHERE id IN (old.file_id, new.file_id);
END;

-- Values change with the track, or alone: then the row is stale as well, so that a refresh
-- counts those that are not listed.
CREATE TRIGGER index_new_track AFTER INSERT ON track_index
BEGIN
    INSERT OR IGNORE INTO index_unlisted
    SELECT place, words, facts FROM file_index WHERE path = new.path;
END;

CREATE TRIGGER index_changed_values
AFTER UPDATE OF bpm, key, scale, loudness_lufs, flavor ON passages
WHEN old.bpm IS NOT new.bpm OR old.key IS NOT new.key OR old.scale IS NOT new.scale
    OR old.loudness_lufs IS NOT new.loudness_lufs OR old.flavor IS NOT new.flavor
BEGIN
    INSERT OR IGNORE INTO stale_values SELECT path FROM files WHERE id = new.file_id;
END;

CREATE TRIGGER index_changed_song AFTER UPDATE OF flavor ON songs
WHEN old.flavor IS NOT new.flavor
BEGIN
    INSERT OR IGNORE INTO stale_values
    SELECT path FROM passage_songs
    CROSS JOIN passages ON passages.id = passage_id
    CROSS JOIN files ON files.id = file_id
    WHERE song_id = new.id;
END;

CREATE TRIGGER index_new_song AFTER INSERT ON passage_songs
WHEN (SELECT flavor FROM songs WHERE id = new.song_id) IS NOT NULL
BEGIN
    INSERT OR IGNORE INTO stale_values
    SELECT path FROM passages CROSS JOIN files ON files.id = file_id
    WHERE passages.id = new.passage_id;
END;

-- Another song, which was shorter, may stand for the passage then.
CREATE TRIGGER index_removed_song AFTER DELETE ON passage_songs
BEGIN
    INSERT OR IGNORE INTO stale_values
    SELECT path FROM passages CROSS JOIN files ON files.id = file_id
    WHERE passages.id = old.passage_id;
END;

CREATE TRIGGER index_removed_passage AFTER DELETE ON passages
BEGIN
    INSERT OR IGNORE INTO index_stale
    SELECT path FROM files WHERE id = old.file_id;
END;

INSERT INTO index_stale SELECT path FROM files;
