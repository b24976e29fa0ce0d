-- Triggers that note which rows of the views changed. At the end of each transaction,
-- `segued.store.row_changes.refresh` numbers them. They may note a row that did not change.
-- 'track' stands for a passage whose album or artist has to be derived again.

CREATE TRIGGER changed_new_file AFTER INSERT ON files
BEGIN
    INSERT OR IGNORE INTO changed_rows VALUES ('file', new.id);
END;

CREATE TRIGGER changed_file AFTER UPDATE OF
    path, shown_status, content_hash, audio_hash, size_bytes, mtime_ns, duration_ticks,
    sample_rate, channels, codec, matching_hashes, remembered_tags
ON files
BEGIN
    INSERT OR IGNORE INTO changed_rows VALUES ('file', new.id);
END;

CREATE TRIGGER changed_removed_file AFTER DELETE ON files
BEGIN
    INSERT OR IGNORE INTO changed_rows VALUES ('file', old.id);
END;

CREATE TRIGGER changed_file_of_passages AFTER UPDATE OF path, shown_status, tags ON files
WHEN old.path <> new.path OR old.shown_status IS NOT new.shown_status
    OR old.tags IS NOT new.tags
BEGIN
    INSERT OR IGNORE INTO changed_rows
    SELECT 'passage', id FROM passages WHERE file_id = new.id
    UNION ALL SELECT 'track', id FROM passages WHERE file_id = new.id;
END;

CREATE TRIGGER changed_new_failure AFTER INSERT ON failures
BEGIN
    INSERT OR IGNORE INTO changed_rows VALUES ('file', new.file_id);
END;

CREATE TRIGGER changed_failure AFTER UPDATE ON failures
BEGIN
    INSERT OR IGNORE INTO changed_rows VALUES ('file', new.file_id);
END;

CREATE TRIGGER changed_removed_failure AFTER DELETE ON failures
BEGIN
    INSERT OR IGNORE INTO changed_rows VALUES ('file', old.file_id);
END;

CREATE TRIGGER changed_new_passage AFTER INSERT ON passages
BEGIN
    INSERT OR IGNORE INTO changed_rows
    VALUES ('passage', new.id), ('track', new.id);
END;

CREATE TRIGGER changed_passage AFTER UPDATE ON passages
BEGIN
    INSERT OR IGNORE INTO changed_rows VALUES ('passage', new.id);
END;

CREATE TRIGGER changed_track AFTER UPDATE OF
    ordinal, start_ticks, end_ticks, artist, album, confidence, loudness_lufs,
    true_peak_dbtp
ON passages
WHEN abs(old.ordinal) <> new.ordinal OR old.start_ticks <> new.start_ticks
    OR old.end_ticks <> new.end_ticks OR old.artist IS NOT new.artist
    OR old.album IS NOT new.album OR old.confidence <> new.confidence
    OR old.loudness_lufs IS NOT new.loudness_lufs
    OR old.true_peak_dbtp IS NOT new.true_peak_dbtp
BEGIN
    INSERT OR IGNORE INTO changed_rows VALUES ('track', new.id);
END;

CREATE TRIGGER changed_removed_passage AFTER DELETE ON passages
BEGIN
    INSERT OR IGNORE INTO changed_rows
    VALUES ('passage', old.id), ('track', old.id);
END;

CREATE TRIGGER changed_new_song AFTER INSERT ON passage_songs
BEGIN
    INSERT OR IGNORE INTO changed_rows VALUES ('passage', new.passage_id);
END;

CREATE TRIGGER changed_removed_song AFTER DELETE ON passage_songs
BEGIN
    INSERT OR IGNORE INTO changed_rows VALUES ('passage', old.passage_id);
END;

CREATE TRIGGER changed_new_album AFTER INSERT ON passage_albums
BEGIN
    INSERT OR IGNORE INTO changed_rows
    VALUES ('passage', new.passage_id), ('track', new.passage_id);
END;

CREATE TRIGGER changed_removed_album AFTER DELETE ON passage_albums
BEGIN
    INSERT OR IGNORE INTO changed_rows
    VALUES ('passage', old.passage_id), ('track', old.passage_id);
END;

CREATE TRIGGER changed_song AFTER UPDATE OF
    mbid, flavor, flavor_source, flavor_version, flavored_at
ON songs
BEGIN
    INSERT OR IGNORE INTO changed_rows
    SELECT 'passage', passage_id FROM passage_songs WHERE song_id = new.id;
END;

CREATE TRIGGER changed_album AFTER UPDATE OF mbid, title ON albums
BEGIN
    INSERT OR IGNORE INTO changed_rows
    SELECT 'passage', passage_id FROM passage_albums WHERE album_id = new.id
    UNION ALL SELECT 'track', passage_id FROM passage_albums WHERE album_id = new.id;
END;

CREATE TRIGGER changed_new_work AFTER INSERT ON song_works
BEGIN
    INSERT OR IGNORE INTO changed_rows
    SELECT 'passage', passage_id FROM passage_songs WHERE song_id = new.song_id;
END;

CREATE TRIGGER changed_removed_work AFTER DELETE ON song_works
BEGIN
    INSERT OR IGNORE INTO changed_rows
    SELECT 'passage', passage_id FROM passage_songs WHERE song_id = old.song_id;
END;

CREATE TRIGGER changed_work AFTER UPDATE OF mbid, title ON works
BEGIN
    INSERT OR IGNORE INTO changed_rows
    SELECT 'passage', passage_id FROM passage_songs
    JOIN song_works USING (song_id) WHERE work_id = new.id;
END;

CREATE TRIGGER changed_new_listening AFTER INSERT ON listening
BEGIN
    INSERT OR IGNORE INTO changed_rows
    SELECT 'passage', id FROM passages WHERE file_id = new.file_id;
END;

CREATE TRIGGER changed_listening AFTER UPDATE ON listening
BEGIN
    INSERT OR IGNORE INTO changed_rows
    SELECT 'passage', id FROM passages WHERE file_id = new.file_id;
END;

CREATE TRIGGER changed_removed_listening AFTER DELETE ON listening
BEGIN
    INSERT OR IGNORE INTO changed_rows
    SELECT 'passage', id FROM passages WHERE file_id = old.file_id;
END;

INSERT OR IGNORE INTO changed_rows SELECT 'file', id FROM files;
INSERT OR IGNORE INTO changed_rows SELECT 'passage', id FROM passages;
INSERT OR IGNORE INTO changed_rows SELECT 'track', id FROM passages;
