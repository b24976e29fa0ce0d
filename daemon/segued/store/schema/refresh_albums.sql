-- Run at the end of each transaction that changed tracks: see `segued.store.row_changes`.
-- A CROSS JOIN is one whose left side is read first: the few stale rows. SQLite would
-- otherwise read all tracks of the library, for each file that is imported.

INSERT OR IGNORE INTO stale_albums
    SELECT album_id, NULL, NULL FROM track_index
    WHERE album_id IS NOT NULL
    AND passage_id IN (SELECT id FROM changed_rows WHERE kind = 'track');
INSERT OR IGNORE INTO stale_artists
    SELECT artist_key FROM track_index
    WHERE passage_id IN (SELECT id FROM changed_rows WHERE kind = 'track');

DELETE FROM track_index
    WHERE passage_id IN (SELECT id FROM changed_rows WHERE kind = 'track');
INSERT INTO track_index
    SELECT * FROM track_facts
    WHERE passage_id IN (SELECT id FROM changed_rows WHERE kind = 'track');

INSERT OR IGNORE INTO stale_albums
    SELECT album_id, NULL, NULL FROM track_index
    WHERE album_id IS NOT NULL
    AND passage_id IN (SELECT id FROM changed_rows WHERE kind = 'track');
INSERT OR IGNORE INTO stale_artists
    SELECT artist_key FROM track_index
    WHERE passage_id IN (SELECT id FROM changed_rows WHERE kind = 'track');

UPDATE stale_albums SET (loudness_lufs, peak_dbtp) = (
    SELECT loudness_lufs, peak_dbtp FROM album_index
    WHERE album_index.album_id = stale_albums.album_id
);
DELETE FROM album_index WHERE album_id IN (SELECT album_id FROM stale_albums);
INSERT INTO album_index
    SELECT
        album_id, mbid, title, artist, segued_plain(artist), segued_plain(title),
        date, original_date,
        CASE WHEN substr(date, 1, 4) GLOB '[0-9][0-9][0-9][0-9]'
            THEN CAST(substr(date, 1, 4) AS INTEGER) ELSE 0 END,
        compilation, disc_total, track_total, tracks, uncertain, length_ticks,
        loudness_lufs, peak_dbtp, added_at, segued_plain(artist || ' ' || title), cover,
        segued_missing(places, disc_total, track_total)
    FROM (
        SELECT
            albums.id AS album_id,
            albums.mbid,
            coalesce(albums.title, max(passages.album), '') AS title,
            coalesce(
                max(files.tags ->> '$.album_artist'),
                CASE WHEN count(DISTINCT track_index.artist_key) = 1
                    THEN max(track_index.artist) ELSE 'Various Artists' END
            ) AS artist,
            min(files.tags ->> '$.date') AS date,
            min(files.tags ->> '$.original_date') AS original_date,
            coalesce(max(files.tags ->> '$.compilation'), 0) AS compilation,
            -- Those in the tags are not of a release that a person chose.
            max(
                CASE WHEN chosen_releases.at IS NULL
                    THEN CAST(files.tags ->> '$.disc_total' AS INTEGER) END
            ) AS disc_total,
            max(
                CASE WHEN chosen_releases.at IS NULL
                    THEN CAST(files.tags ->> '$.track_total' AS INTEGER) END
            ) AS track_total,
            count(*) AS tracks,
            count(*) FILTER (WHERE passages.confidence IN ('Low', 'None')) AS uncertain,
            sum(track_index.length_ticks) AS length_ticks,
            segued_level(
                sum(track_index.length_ticks * segued_energy(passages.loudness_lufs))
                / sum(track_index.length_ticks)
                    FILTER (WHERE passages.loudness_lufs IS NOT NULL)
            ) AS loudness_lufs,
            max(passages.true_peak_dbtp) AS peak_dbtp,
            max(files.added_at) AS added_at,
            max(files.tags ->> '$.cover.blake3') AS cover,
            json_group_array(json_array(track_index.disc, track_index.track)) AS places
        FROM stale_albums
        CROSS JOIN albums ON albums.id = stale_albums.album_id
        CROSS JOIN track_index ON track_index.album_id = stale_albums.album_id
        CROSS JOIN passages ON passages.id = track_index.passage_id
        CROSS JOIN files ON files.id = passages.file_id
        LEFT JOIN chosen_releases ON chosen_releases.audio_hash = files.audio_hash
        GROUP BY stale_albums.album_id
    );

DELETE FROM artist_index WHERE artist_key IN (SELECT artist_key FROM stale_artists);
INSERT INTO artist_index
    SELECT artist_key, max(artist), count(*), count(DISTINCT album_id)
    FROM stale_artists CROSS JOIN track_index USING (artist_key)
    WHERE artist_key <> ''
    GROUP BY artist_key;

INSERT OR IGNORE INTO changed_rows SELECT 'album', album_id FROM stale_albums;
-- The gain of an album is a column of each of its passages.
INSERT OR IGNORE INTO changed_rows
    SELECT 'passage', track_index.passage_id
    FROM stale_albums
    LEFT JOIN album_index USING (album_id)
    CROSS JOIN track_index ON track_index.album_id = stale_albums.album_id
    WHERE album_index.loudness_lufs IS NOT stale_albums.loudness_lufs
        OR album_index.peak_dbtp IS NOT stale_albums.peak_dbtp;
DELETE FROM stale_albums;
DELETE FROM stale_artists;
DELETE FROM changed_rows WHERE kind = 'track';
