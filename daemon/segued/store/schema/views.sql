-- Stable views for other programs. docs/api.md documents their columns, and a test
-- compares the two. Only add columns, at the end.

CREATE VIEW library_files AS
SELECT
    files.id AS file_id,
    files.path_text AS path,
    files.path AS path_bytes,
    files.shown_status AS status,
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
    files.matching_hashes,
    files.remembered_tags
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
    -- Most are stored with the decode; those of some cut files with the passage.
    coalesce(
        passages.fingerprint,
        (
            SELECT print.value ->> '$.texts[0]'
            FROM decode_cache, json_each(decode_cache.prints) AS print
            WHERE decode_cache.audio_hash = files.audio_hash
            AND print.value ->> '$.span.start' = passages.start_ticks
            AND print.value ->> '$.span.end' = passages.end_ticks
        )
    ) AS fingerprint,
    passages.title,
    passages.artist,
    passages.album,
    songs.mbid AS recording_mbid,
    albums.mbid AS release_mbid,
    passages.confidence,
    passages.score,
    CASE files.shown_status WHEN 'INGEST COMPLETE' THEN 'INGEST COMPLETE'
        ELSE passages.status END AS status,
    coalesce(passages.flavor_source, songs.flavor_source) AS flavor_source,
    coalesce(passages.flavor, songs.flavor) AS flavor,
    coalesce(passages.flavor_version, songs.flavor_version) AS flavor_version,
    coalesce(passages.flavored_at, songs.flavored_at) AS flavored_at,
    passages.flavor_failure,
    passages.bpm,
    passages.key,
    passages.scale,
    passages.key_strength,
    passages.loudness_lufs,
    passages.loudness_range_lu,
    passages.true_peak_dbtp,
    passages.silences,
    track_index.album_id,
    coalesce(track_index.disc, files.tags ->> '$.disc') AS disc,
    files.tags ->> '$.disc_total' AS disc_total,
    nullif(coalesce(track_index.track, files.tags ->> '$.track'), 0) AS track,
    files.tags ->> '$.track_total' AS track_total,
    coalesce(files.tags ->> '$.album_artist', album_index.artist) AS album_artist,
    files.tags ->> '$.date' AS date,
    files.tags ->> '$.original_date' AS original_date,
    files.tags -> '$.genres' AS genres,
    files.tags -> '$.isrcs' AS isrcs,
    files.tags ->> '$.compilation' AS compilation,
    files.tags -> '$.composers' AS composers,
    coalesce(works.title, files.tags ->> '$.work') AS work,
    coalesce(works.mbid, files.tags ->> '$.work_mbid') AS work_mbid,
    round(-18 - passages.loudness_lufs, 2) AS track_gain_db,
    round(-18 - album_index.loudness_lufs, 2) AS album_gain_db,
    album_index.peak_dbtp AS album_peak_dbtp,
    files.tags ->> '$.lyrics' AS lyrics,
    listening.rating,
    listening.play_count,
    listening.last_played
FROM passages
JOIN files ON files.id = passages.file_id
-- Of several songs, the one that runs longest stands for the passage.
LEFT JOIN songs ON songs.id = (
    SELECT song_id FROM passage_songs WHERE passage_id = passages.id
    ORDER BY length_ticks IS NULL DESC, length_ticks DESC, song_id LIMIT 1
)
LEFT JOIN passage_albums ON passage_albums.passage_id = passages.id
LEFT JOIN albums ON albums.id = passage_albums.album_id
LEFT JOIN works ON works.id = (
    SELECT work_id FROM song_works WHERE song_id = songs.id ORDER BY work_id LIMIT 1
)
LEFT JOIN track_index ON track_index.passage_id = passages.id
LEFT JOIN album_index ON album_index.album_id = track_index.album_id
-- Of several programs, the one that was read last.
LEFT JOIN listening ON listening.file_id = files.id AND listening.source = (
    SELECT source FROM listening AS last WHERE last.file_id = files.id
    ORDER BY read_at DESC, source LIMIT 1
);

CREATE VIEW library_albums AS
SELECT
    album_id,
    release_mbid,
    title,
    artist,
    date,
    original_date,
    compilation,
    disc_total,
    track_total,
    tracks,
    uncertain AS uncertain_tracks,
    length_ticks,
    loudness_lufs,
    round(-18 - loudness_lufs, 2) AS gain_db,
    peak_dbtp,
    added_at
FROM album_index;

CREATE VIEW library_changes AS
SELECT
    change,
    kind,
    id,
    NOT CASE kind
        WHEN 'file' THEN EXISTS (SELECT 1 FROM files WHERE files.id = row_changes.id)
        WHEN 'passage'
            THEN EXISTS (SELECT 1 FROM passages WHERE passages.id = row_changes.id)
        ELSE EXISTS (SELECT 1 FROM album_index WHERE album_id = row_changes.id)
    END AS removed
FROM row_changes;

-- What the libraries of other programs say about files: evidence, never the match.
CREATE VIEW library_imported_ids AS
SELECT
    imported_ids.file_id,
    files.path_text AS path,
    imported_ids.source,
    imported_ids.recording_mbid,
    imported_ids.release_mbid,
    imported_ids.added_at,
    imported_ids.read_at
FROM imported_ids
JOIN files ON files.id = imported_ids.file_id;

-- The releases that a person chose for files; they precede what matching finds.
CREATE VIEW library_chosen_releases AS
SELECT
    files.id AS file_id,
    files.path_text AS path,
    chosen_releases.release_mbid,
    chosen_releases.at AS chosen_at
FROM chosen_releases
JOIN files ON files.audio_hash = chosen_releases.audio_hash;

-- Questions about matches that nobody has answered; a card is an album, or a file
-- without one. An override applies within one second (28,224,000 ticks). A release that
-- is chosen answers what was asked before the file is matched with it.
CREATE VIEW passage_questions AS
SELECT
    coalesce(track_index.album_id, passages.file_id) AS card_id,
    track_index.album_id,
    passages.file_id,
    passages.id AS passage_id,
    decisions.question,
    decisions.question_text AS text,
    decisions.urgency,
    decisions.candidates
FROM decisions
JOIN passages ON passages.id = decisions.passage_id
JOIN files ON files.id = passages.file_id
LEFT JOIN track_index ON track_index.passage_id = passages.id
WHERE decisions.urgency IS NOT NULL
    AND files.shown_status = 'INGEST COMPLETE'
    AND NOT EXISTS (
        SELECT 1 FROM overrides WHERE overrides.audio_hash = files.audio_hash
        AND start_ticks BETWEEN passages.start_ticks - 28224000
            AND passages.start_ticks + 28224000
    )
    AND NOT EXISTS (
        SELECT 1 FROM chosen_releases
        WHERE chosen_releases.audio_hash = files.audio_hash
        AND chosen_releases.at > decisions.at
    );

CREATE VIEW album_questions AS
SELECT
    album_id AS card_id,
    album_id,
    NULL AS file_id,
    NULL AS passage_id,
    'missing tracks' AS question,
    CASE json_array_length(missing)
        WHEN 1 THEN 'Track ' || (missing ->> '$[0][1]') || ' is missing.'
        ELSE json_array_length(missing) || ' tracks are missing.' END AS text,
    5 AS urgency,
    NULL AS candidates
FROM album_index
-- Of single songs, the rest of the album is not missed.
WHERE missing <> '[]' AND tracks >= 3 AND 2 * json_array_length(missing) <= tracks
    -- Nor of an album of which a person has decided every track: these are few.
    AND album_id NOT IN (
        SELECT track_index.album_id FROM overrides
        CROSS JOIN files ON files.audio_hash = overrides.audio_hash
        CROSS JOIN passages ON passages.file_id = files.id
            AND passages.start_ticks BETWEEN overrides.start_ticks - 28224000
                AND overrides.start_ticks + 28224000
        CROSS JOIN track_index ON track_index.passage_id = passages.id
        WHERE track_index.album_id IS NOT NULL
        GROUP BY track_index.album_id
        HAVING count(DISTINCT passages.id) = (
            SELECT count(*) FROM track_index AS every
            WHERE every.album_id = track_index.album_id
        )
    );

CREATE VIEW library_review AS
SELECT * FROM passage_questions UNION ALL SELECT * FROM album_questions;

-- Files with the same sound: the same bytes, other tags, or another encoding. The best
-- comes first: lossless, then the higher bit rate (by 10 %), then by where the file is.
CREATE VIEW library_copies AS
WITH grouped AS (
    SELECT
        files.*,
        -- Without the music folder, which may itself be in a folder of such a name.
        substr(files.path_text, length(CAST(files.root AS TEXT)) + 1) AS own_path,
        copy_members.copy_id,
        coalesce(
            files.codec,
            (
                SELECT max(codec) FROM files AS other
                WHERE other.audio_hash = files.audio_hash
            ),
            ''
        ) AS known_codec,
        coalesce(
            files.duration_ticks,
            (
                SELECT max(duration_ticks) FROM files AS other
                WHERE other.audio_hash = files.audio_hash
            )
        ) AS known_ticks,
        (
            SELECT max(album_id) FROM track_index
            JOIN passages ON passages.id = track_index.passage_id
            JOIN files AS other ON other.id = passages.file_id
            WHERE other.audio_hash = files.audio_hash
        ) AS album_id
    FROM copy_members
    CROSS JOIN files ON files.audio_hash = copy_members.audio_hash
    WHERE files.status <> 'MISSING'
),
judged AS (
    SELECT
        grouped.*,
        CAST(8.0 * size_bytes * 28224000 / known_ticks AS INTEGER) AS bit_rate,
        known_codec LIKE 'pcm%' OR known_codec IN (
            'flac', 'alac', 'wavpack', 'ape', 'tta', 'mlp', 'truehd', 'wmalossless'
        ) AS is_lossless,
        own_path LIKE '%(copy%' OR own_path LIKE '% - copy%'
            OR own_path LIKE '%/copy of %' OR own_path GLOB '* ([0-9]).*'
            AS is_named_copy,
        own_path LIKE '%/download%/%' OR own_path LIKE '%/incoming/%'
            OR own_path LIKE '%/temp/%' OR own_path LIKE '%/tmp/%' AS is_download,
        (
            SELECT count(*) FROM track_index
            JOIN passages ON passages.id = track_index.passage_id
            JOIN files AS sibling ON sibling.id = passages.file_id
            WHERE sibling.folder = grouped.folder
            AND track_index.album_id = grouped.album_id
        ) AS album_tracks
    FROM grouped
),
ranked AS (
    SELECT
        judged.*,
        row_number() OVER best_first AS place,
        first_value(content_hash) OVER best_first AS best_content_hash,
        first_value(audio_hash) OVER best_first AS best_audio_hash,
        first_value(is_lossless) OVER best_first AS best_is_lossless,
        first_value(bit_rate) OVER best_first AS best_bit_rate,
        first_value(is_named_copy) OVER best_first AS best_is_named_copy,
        first_value(is_download) OVER best_first AS best_is_download,
        first_value(album_tracks) OVER best_first AS best_album_tracks,
        count(*) OVER (PARTITION BY copy_id) AS copies
    FROM judged
    WINDOW best_first AS (
        PARTITION BY copy_id
        ORDER BY is_lossless DESC, bit_rate / 10000 DESC, is_named_copy, is_download,
            album_tracks DESC, path
    )
)
SELECT
    ranked.copy_id,
    ranked.id AS file_id,
    ranked.path_text AS path,
    ranked.place = 1 AS is_best,
    CASE
        WHEN ranked.place = 1 THEN 'best'
        WHEN ranked.content_hash = best_content_hash THEN 'same file'
        WHEN ranked.audio_hash = best_audio_hash THEN 'same sound, other tags'
        ELSE 'other encoding'
    END AS kind,
    CASE
        WHEN ranked.place = 1 THEN ''
        WHEN ranked.is_lossless < best_is_lossless THEN 'lossy'
        WHEN ranked.bit_rate / 10000 < best_bit_rate / 10000 THEN 'lower bit rate'
        WHEN ranked.is_named_copy > best_is_named_copy THEN 'named as a copy'
        WHEN ranked.is_download > best_is_download THEN 'among downloads'
        WHEN ranked.album_tracks < best_album_tracks
            THEN 'away from the songs of its album'
        ELSE 'later by its path'
    END AS why,
    ranked.known_codec AS codec,
    ranked.bit_rate,
    ranked.size_bytes,
    ranked.known_ticks AS duration_ticks,
    coalesce(same_sounds.offset_ticks, 0) AS offset_ticks
FROM ranked
LEFT JOIN same_sounds ON same_sounds.audio_hash = ranked.best_audio_hash
    AND same_sounds.other_hash = ranked.audio_hash
WHERE ranked.copies > 1;
