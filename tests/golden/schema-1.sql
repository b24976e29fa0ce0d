-- A library as segued 0.1.0 makes it, for trying migrations on.

PRAGMA application_id = 0x53454755;
PRAGMA user_version = 1;

CREATE TABLE "albums" ("id" TEXT NOT NULL PRIMARY KEY, "mbid" TEXT, "name_key" TEXT, "title" TEXT) STRICT;

CREATE UNIQUE INDEX "albums_mbid" ON "albums" ("mbid");

CREATE UNIQUE INDEX "albums_name_key" ON "albums" ("name_key");

CREATE TABLE "artists" ("id" TEXT NOT NULL PRIMARY KEY, "mbid" TEXT, "name_key" TEXT, "name" TEXT) STRICT;

CREATE UNIQUE INDEX "artists_mbid" ON "artists" ("mbid");

CREATE UNIQUE INDEX "artists_name_key" ON "artists" ("name_key");

CREATE TABLE "files" ("id" TEXT NOT NULL PRIMARY KEY, "path" BLOB NOT NULL, "folder" BLOB NOT NULL, "root" BLOB NOT NULL, "path_text" TEXT NOT NULL, "size_bytes" INTEGER NOT NULL, "mtime_ns" INTEGER NOT NULL, "inode" INTEGER NOT NULL, "status" TEXT NOT NULL, "status_was" TEXT, "content_hash" TEXT, "audio_hash" TEXT, "matching_hashes" TEXT NOT NULL, "tags" TEXT, "duration_ticks" INTEGER, "sample_rate" INTEGER, "channels" INTEGER, "codec" TEXT, "added_at" TEXT NOT NULL, "finished_at" TEXT, CHECK (status IN ('PENDING', 'PROCESSING', 'INGEST COMPLETE', 'DUPLICATE HASH', 'NO AUDIO', 'FAILED', 'MISSING'))) STRICT;

CREATE UNIQUE INDEX "files_path" ON "files" ("path");

CREATE INDEX "files_folder" ON "files" ("folder");

CREATE INDEX "files_content_hash" ON "files" ("content_hash");

CREATE INDEX "files_audio_hash" ON "files" ("audio_hash");

CREATE INDEX "files_status_path" ON "files" ("status", "path");

CREATE TABLE "checkpoints" ("file_id" TEXT NOT NULL, "phase" INTEGER NOT NULL, "recipe" TEXT NOT NULL, "payload" TEXT NOT NULL, "needs" TEXT, "at" TEXT NOT NULL, PRIMARY KEY ("file_id", "phase"), FOREIGN KEY ("file_id") REFERENCES "files" ("id") ON DELETE CASCADE, CHECK (phase BETWEEN 1 AND 10)) STRICT, WITHOUT ROWID;

CREATE INDEX "checkpoints_phase_recipe" ON "checkpoints" ("phase", "recipe");

CREATE INDEX "checkpoints_needs" ON "checkpoints" ("needs");

CREATE TABLE "level_curves" ("audio_hash" TEXT NOT NULL PRIMARY KEY, "version" INTEGER NOT NULL, "rate" INTEGER NOT NULL, "hop_frames" INTEGER NOT NULL, "frames" INTEGER NOT NULL, "levels" BLOB NOT NULL, "facts" TEXT NOT NULL, "prints" TEXT NOT NULL, "warnings" TEXT NOT NULL) STRICT;

CREATE TABLE "passages" ("id" TEXT NOT NULL PRIMARY KEY, "file_id" TEXT NOT NULL, "ordinal" INTEGER NOT NULL, "start_ticks" INTEGER NOT NULL, "end_ticks" INTEGER NOT NULL, "lead_in_ticks" INTEGER, "lead_out_ticks" INTEGER, "fade_in_ticks" INTEGER, "fade_out_ticks" INTEGER, "fade_in_curve" TEXT, "fade_out_curve" TEXT, "fingerprint" TEXT, "title" TEXT, "artist" TEXT, "album" TEXT, "confidence" TEXT NOT NULL, "score" REAL NOT NULL, "status" TEXT NOT NULL, "flavor" TEXT, "flavor_source" TEXT, FOREIGN KEY ("file_id") REFERENCES "files" ("id") ON DELETE CASCADE, CHECK (status IN ('PENDING', 'INGEST COMPLETE')), CHECK (confidence IN ('High', 'Medium', 'Low', 'None')), CHECK (0 <= start_ticks AND start_ticks < end_ticks), CHECK (lead_in_ticks BETWEEN start_ticks AND end_ticks), CHECK (lead_out_ticks BETWEEN start_ticks AND end_ticks), CHECK (lead_in_ticks <= lead_out_ticks), CHECK (score BETWEEN 0 AND 1)) STRICT;

CREATE UNIQUE INDEX "passages_file_id_ordinal" ON "passages" ("file_id", "ordinal");

CREATE TABLE "decisions" ("passage_id" TEXT NOT NULL PRIMARY KEY, "reason" TEXT NOT NULL, "evidence" TEXT NOT NULL, "rejected" TEXT NOT NULL, "at" TEXT NOT NULL, FOREIGN KEY ("passage_id") REFERENCES "passages" ("id") ON DELETE CASCADE) STRICT;

CREATE TABLE "failures" ("file_id" TEXT NOT NULL PRIMARY KEY, "phase" INTEGER NOT NULL, "code" TEXT NOT NULL, "detail" TEXT NOT NULL, "fatal" INTEGER NOT NULL, "at" TEXT NOT NULL, FOREIGN KEY ("file_id") REFERENCES "files" ("id") ON DELETE CASCADE, CHECK (fatal IN (0, 1))) STRICT;

CREATE INDEX "failures_code" ON "failures" ("code");

CREATE TABLE "passage_albums" ("passage_id" TEXT NOT NULL, "album_id" TEXT NOT NULL, PRIMARY KEY ("passage_id", "album_id"), FOREIGN KEY ("passage_id") REFERENCES "passages" ("id") ON DELETE CASCADE, FOREIGN KEY ("album_id") REFERENCES "albums" ("id") ON DELETE CASCADE) STRICT, WITHOUT ROWID;

CREATE INDEX "passage_albums_album_id" ON "passage_albums" ("album_id");

CREATE TABLE "songs" ("id" TEXT NOT NULL PRIMARY KEY, "mbid" TEXT, "name_key" TEXT, "title" TEXT, "status" TEXT NOT NULL, "flavor" TEXT, "flavor_source" TEXT, CHECK (status IN ('PENDING', 'FLAVOR READY', 'FLAVORING FAILED')), CHECK ((mbid IS NULL) <> (name_key IS NULL))) STRICT;

CREATE UNIQUE INDEX "songs_mbid" ON "songs" ("mbid");

CREATE UNIQUE INDEX "songs_name_key" ON "songs" ("name_key");

CREATE TABLE "passage_songs" ("passage_id" TEXT NOT NULL, "song_id" TEXT NOT NULL, PRIMARY KEY ("passage_id", "song_id"), FOREIGN KEY ("passage_id") REFERENCES "passages" ("id") ON DELETE CASCADE, FOREIGN KEY ("song_id") REFERENCES "songs" ("id") ON DELETE CASCADE) STRICT, WITHOUT ROWID;

CREATE INDEX "passage_songs_song_id" ON "passage_songs" ("song_id");

CREATE TABLE "import_sessions" ("id" TEXT NOT NULL PRIMARY KEY, "state" TEXT NOT NULL, "roots" TEXT NOT NULL, "started_at" TEXT NOT NULL, "ended_at" TEXT, "files_total" INTEGER NOT NULL, "files_done" INTEGER NOT NULL, "files_failed" INTEGER NOT NULL, "reason" TEXT, CHECK (state IN ('SCANNING', 'PROCESSING', 'COMPLETED', 'PAUSED', 'CANCELLED', 'FAILED'))) STRICT;

CREATE TABLE "settings" ("key" TEXT NOT NULL PRIMARY KEY, "value" TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE "song_artists" ("song_id" TEXT NOT NULL, "artist_id" TEXT NOT NULL, "weight" REAL NOT NULL, PRIMARY KEY ("song_id", "artist_id"), FOREIGN KEY ("song_id") REFERENCES "songs" ("id") ON DELETE CASCADE, FOREIGN KEY ("artist_id") REFERENCES "artists" ("id") ON DELETE CASCADE, CHECK (weight > 0 AND weight <= 1)) STRICT, WITHOUT ROWID;

CREATE INDEX "song_artists_artist_id" ON "song_artists" ("artist_id");

CREATE TABLE "works" ("id" TEXT NOT NULL PRIMARY KEY, "mbid" TEXT NOT NULL, "title" TEXT) STRICT;

CREATE UNIQUE INDEX "works_mbid" ON "works" ("mbid");

CREATE TABLE "song_works" ("song_id" TEXT NOT NULL, "work_id" TEXT NOT NULL, PRIMARY KEY ("song_id", "work_id"), FOREIGN KEY ("song_id") REFERENCES "songs" ("id") ON DELETE CASCADE, FOREIGN KEY ("work_id") REFERENCES "works" ("id") ON DELETE CASCADE) STRICT, WITHOUT ROWID;

CREATE INDEX "song_works_work_id" ON "song_works" ("work_id");

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
