-- Stable views for other programs. Their columns are documented in README.md;
-- a test compares the two. Change them only by adding columns at the end.

CREATE VIEW library_files AS
SELECT
    files.id AS file_id,
    files.path_text AS path,
    files.path AS path_bytes,
    files.status,
    files.content_hash,
    files.audio_hash,
    files.size_bytes,
    files.mtime_ns,
    files.duration_ticks,
    files.sample_rate,
    files.channels,
    files.codec,
    failures.code AS failure_code,
    failures.detail AS failure_detail,
    files.matching_hashes
FROM files
LEFT JOIN failures ON failures.file_id = files.id;

CREATE VIEW library_passages AS
SELECT
    passages.id AS passage_id,
    passages.file_id,
    files.path_text AS path,
    passages.ordinal,
    passages.start_ticks,
    passages.end_ticks,
    passages.lead_in_ticks,
    passages.lead_out_ticks,
    passages.fingerprint,
    passages.title,
    passages.artist,
    passages.album,
    songs.mbid AS recording_mbid,
    albums.mbid AS release_mbid,
    passages.confidence,
    passages.score,
    passages.status,
    coalesce(songs.flavor_source, passages.flavor_source) AS flavor_source,
    coalesce(songs.flavor, passages.flavor) AS flavor
FROM passages
JOIN files ON files.id = passages.file_id
LEFT JOIN passage_songs ON passage_songs.passage_id = passages.id
LEFT JOIN songs ON songs.id = passage_songs.song_id
LEFT JOIN passage_albums ON passage_albums.passage_id = passages.id
LEFT JOIN albums ON albums.id = passage_albums.album_id;
