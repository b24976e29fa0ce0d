-- What is searched: a row for each file and each passage, in the order of their
-- paths, narrow enough to be gone through whole while somebody types. Kept by
-- triggers, so that no writer can forget it, and made anew from the rest at any
-- time. segued_plain is `segued.matching.normalize.normalised`.

CREATE TABLE file_index (
    path BLOB NOT NULL PRIMARY KEY,
    file_id TEXT NOT NULL,
    status TEXT NOT NULL,
    words TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE passage_index (
    path BLOB NOT NULL,
    ordinal INTEGER NOT NULL,
    passage_id TEXT NOT NULL,
    confidence TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (path, ordinal)
) STRICT, WITHOUT ROWID;

-- The music folder's own name is in every path below it, and tells nothing.
CREATE VIEW file_words AS
SELECT
    files.id AS file_id,
    files.path,
    files.status,
    segued_plain(
        substr(files.path_text, length(CAST(files.root AS TEXT)) + 1) || ' ' || coalesce(
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

-- What is not there cannot be played, and is not found.
CREATE VIEW passage_words AS
SELECT
    passages.id AS passage_id,
    files.path,
    passages.ordinal,
    passages.confidence,
    segued_plain(
        substr(files.path_text, length(CAST(files.root AS TEXT)) + 1)
        || ' ' || coalesce(passages.title, '') || ' ' || coalesce(passages.artist, '')
        || ' ' || coalesce(passages.album, '')
    ) AS words,
    passages.file_id
FROM passages
JOIN files ON files.id = passages.file_id
WHERE files.status <> 'MISSING';

CREATE TRIGGER index_of_new_file AFTER INSERT ON files
BEGIN
    INSERT INTO file_index
    SELECT path, file_id, status, words FROM file_words WHERE file_id = new.id;
END;

CREATE TRIGGER index_of_moved_file AFTER UPDATE OF path, root ON files
BEGIN
    DELETE FROM file_index WHERE path = old.path AND file_id = old.id;
    DELETE FROM passage_index WHERE path = old.path;
    INSERT INTO file_index
    SELECT path, file_id, status, words FROM file_words WHERE file_id = new.id;
    INSERT INTO passage_index
    SELECT path, ordinal, passage_id, confidence, words
    FROM passage_words WHERE file_id = new.id;
END;

CREATE TRIGGER index_of_turned_file AFTER UPDATE OF status ON files
BEGIN
    UPDATE file_index SET status = new.status WHERE path = new.path;
END;

CREATE TRIGGER index_of_missing_file AFTER UPDATE OF status ON files
WHEN new.status = 'MISSING' OR old.status = 'MISSING'
BEGIN
    DELETE FROM passage_index WHERE path = new.path;
    INSERT INTO passage_index
    SELECT path, ordinal, passage_id, confidence, words
    FROM passage_words WHERE file_id = new.id;
END;

CREATE TRIGGER index_of_removed_file AFTER DELETE ON files
BEGIN
    DELETE FROM file_index WHERE path = old.path;
    DELETE FROM passage_index WHERE path = old.path;
END;

CREATE TRIGGER index_of_new_passage AFTER INSERT ON passages
BEGIN
    INSERT INTO passage_index
    SELECT path, ordinal, passage_id, confidence, words
    FROM passage_words WHERE passage_id = new.id;
    UPDATE file_index
    SET words = (SELECT words FROM file_words WHERE file_id = new.file_id)
    WHERE path = (SELECT path FROM files WHERE id = new.file_id);
END;

CREATE TRIGGER index_of_named_passage
AFTER UPDATE OF ordinal, title, artist, album, confidence ON passages
BEGIN
    DELETE FROM passage_index WHERE ordinal = old.ordinal
        AND path = (SELECT path FROM files WHERE id = new.file_id);
    INSERT INTO passage_index
    SELECT path, ordinal, passage_id, confidence, words
    FROM passage_words WHERE passage_id = new.id;
    UPDATE file_index
    SET words = (SELECT words FROM file_words WHERE file_id = new.file_id)
    WHERE path = (SELECT path FROM files WHERE id = new.file_id);
END;

CREATE TRIGGER index_of_removed_passage AFTER DELETE ON passages
BEGIN
    DELETE FROM passage_index WHERE ordinal = old.ordinal
        AND path = (SELECT path FROM files WHERE id = old.file_id);
    UPDATE file_index
    SET words = (SELECT words FROM file_words WHERE file_id = old.file_id)
    WHERE path = (SELECT path FROM files WHERE id = old.file_id);
END;

INSERT INTO file_index SELECT path, file_id, status, words FROM file_words;

INSERT INTO passage_index
SELECT path, ordinal, passage_id, confidence, words FROM passage_words;
