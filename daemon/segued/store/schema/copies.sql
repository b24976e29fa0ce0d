-- Which sounds several files have, so that their groups are listed without a look at all
-- files. Triggers note sounds whose groups are stale; `segued.store.copy_index.refresh`
-- derives these at the end of each transaction.

-- A sound with copies, and the group that it is in: the first sound of the group. A sound
-- with a pair in same_sounds is listed even if no file has the other sound.
CREATE TABLE copy_members (
    audio_hash TEXT NOT NULL PRIMARY KEY,
    copy_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX members_of_group ON copy_members (copy_id);

-- The size of all files of a group but the best, for the order of the groups. Which of two
-- equally good files is best may depend on their neighbors, which are not watched.
CREATE TABLE copy_groups (
    copy_id TEXT NOT NULL PRIMARY KEY,
    more_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX groups_by_size ON copy_groups (more_bytes DESC, copy_id);

CREATE TABLE stale_sounds (audio_hash TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE stale_groups (copy_id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TRIGGER copies_new_file AFTER INSERT ON files WHEN new.audio_hash IS NOT NULL
BEGIN
    INSERT OR IGNORE INTO stale_sounds VALUES (new.audio_hash);
END;

CREATE TRIGGER copies_new_sound AFTER UPDATE OF audio_hash ON files
WHEN old.audio_hash IS NOT new.audio_hash AND (
    old.audio_hash IN (SELECT audio_hash FROM copy_members)
    OR new.audio_hash IN (SELECT audio_hash FROM same_sounds)
    OR EXISTS (
        SELECT 1 FROM files AS other
        WHERE other.audio_hash = new.audio_hash AND other.id <> new.id
    )
)
BEGIN
    INSERT OR IGNORE INTO stale_sounds
    SELECT old.audio_hash WHERE old.audio_hash IS NOT NULL
    UNION SELECT new.audio_hash WHERE new.audio_hash IS NOT NULL;
END;

CREATE TRIGGER copies_changed_file
AFTER UPDATE OF path, root, status, size_bytes, codec, duration_ticks ON files
WHEN new.audio_hash IS NOT NULL AND (
    old.path <> new.path OR old.root <> new.root OR old.size_bytes <> new.size_bytes
    OR old.codec IS NOT new.codec OR old.duration_ticks IS NOT new.duration_ticks
    OR (old.status = 'MISSING') <> (new.status = 'MISSING')
) AND (
    new.audio_hash IN (SELECT audio_hash FROM copy_members)
    OR EXISTS (
        SELECT 1 FROM files AS other
        WHERE other.audio_hash = new.audio_hash AND other.id <> new.id
    )
)
BEGIN
    INSERT OR IGNORE INTO stale_sounds VALUES (new.audio_hash);
END;

CREATE TRIGGER copies_removed_file AFTER DELETE ON files
WHEN old.audio_hash IN (SELECT audio_hash FROM copy_members)
BEGIN
    INSERT OR IGNORE INTO stale_sounds VALUES (old.audio_hash);
END;

CREATE TRIGGER copies_new_pair AFTER INSERT ON same_sounds
BEGIN
    INSERT OR IGNORE INTO stale_sounds VALUES (new.audio_hash), (new.other_hash);
END;

CREATE TRIGGER copies_removed_pair AFTER DELETE ON same_sounds
BEGIN
    INSERT OR IGNORE INTO stale_sounds VALUES (old.audio_hash), (old.other_hash);
END;

CREATE TRIGGER copies_new_track AFTER INSERT ON track_index
WHEN (SELECT audio_hash FROM files WHERE path = new.path)
    IN (SELECT audio_hash FROM copy_members)
BEGIN
    INSERT OR IGNORE INTO stale_sounds SELECT audio_hash FROM files WHERE path = new.path;
END;

INSERT INTO stale_sounds
    SELECT audio_hash FROM files WHERE audio_hash IS NOT NULL
    GROUP BY audio_hash HAVING count(*) > 1
    UNION SELECT audio_hash FROM same_sounds;
