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
    words TEXT NOT NULL
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

-- Which files have three characters in a row, of the words of file_index, followed by two
-- spaces. They are stored some hundred rows at a time: those in index_unlisted are not
-- yet, and the words in it are those that are stored.
CREATE VIRTUAL TABLE file_grams USING fts5 (
    words, content = '', detail = none, columnsize = 0,
    tokenize = 'trigram case_sensitive 1'
);

CREATE VIRTUAL TABLE gram_terms USING fts5vocab (file_grams, row);

CREATE TABLE index_unlisted (
    place INTEGER NOT NULL PRIMARY KEY, listed_words TEXT
) STRICT;

CREATE TRIGGER unlisted_file AFTER INSERT ON file_index
BEGIN
    INSERT OR IGNORE INTO index_unlisted VALUES (new.place, NULL);
END;

CREATE TRIGGER unlisted_words AFTER UPDATE OF words ON file_index
WHEN old.words <> new.words
BEGIN
    INSERT OR IGNORE INTO index_unlisted VALUES (old.place, old.words);
END;

CREATE TRIGGER unlisted_place AFTER UPDATE OF place ON file_index
WHEN old.place <> new.place
BEGIN
    INSERT OR IGNORE INTO index_unlisted
    VALUES (old.place, old.words), (new.place, NULL);
END;

CREATE TRIGGER unlisted_removed_file AFTER DELETE ON file_index
BEGIN
    INSERT OR IGNORE INTO index_unlisted VALUES (old.place, old.words);
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

CREATE TRIGGER index_removed_passage AFTER DELETE ON passages
BEGIN
    INSERT OR IGNORE INTO index_stale
    SELECT path FROM files WHERE id = old.file_id;
END;

INSERT INTO index_stale SELECT path FROM files;
