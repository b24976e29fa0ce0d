-- The tables of wkmp that its player and its program director read, with the names, types
-- and constraints of its published schema (IMPL001 of MangoCats/McRhythm). Without rows in
-- schema_version, wkmp adds what it has added to the schema since.

CREATE TABLE schema_version (
    version INTEGER PRIMARY KEY,
    applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE users (
    guid TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    password_salt TEXT NOT NULL,
    config_interface_access BOOLEAN NOT NULL DEFAULT 1,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE files (
    guid TEXT PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL,
    duration_ticks INTEGER CHECK (duration_ticks IS NULL OR duration_ticks > 0),
    format TEXT,
    sample_rate INTEGER CHECK (sample_rate IS NULL OR sample_rate > 0),
    channels INTEGER CHECK (channels IS NULL OR channels BETWEEN 1 AND 32),
    file_size_bytes INTEGER CHECK (file_size_bytes IS NULL OR file_size_bytes >= 0),
    modification_time TIMESTAMP NOT NULL,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE passages (
    guid TEXT PRIMARY KEY,
    file_id TEXT NOT NULL REFERENCES files (guid) ON DELETE CASCADE,
    start_time_ticks INTEGER NOT NULL CHECK (start_time_ticks >= 0),
    fade_in_start_ticks INTEGER
        CHECK (fade_in_start_ticks BETWEEN start_time_ticks AND end_time_ticks),
    lead_in_start_ticks INTEGER
        CHECK (lead_in_start_ticks BETWEEN start_time_ticks AND end_time_ticks),
    lead_out_start_ticks INTEGER
        CHECK (lead_out_start_ticks BETWEEN start_time_ticks AND end_time_ticks),
    fade_out_start_ticks INTEGER
        CHECK (fade_out_start_ticks BETWEEN start_time_ticks AND end_time_ticks),
    end_time_ticks INTEGER NOT NULL,
    fade_in_curve TEXT CHECK (fade_in_curve IN ('exponential', 'cosine', 'linear')),
    fade_out_curve TEXT CHECK (fade_out_curve IN ('logarithmic', 'cosine', 'linear')),
    title TEXT,
    user_title TEXT,
    artist TEXT,
    album TEXT,
    musical_flavor_vector TEXT,
    import_metadata TEXT,
    additional_metadata TEXT,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CHECK (end_time_ticks > start_time_ticks),
    CHECK (fade_in_start_ticks <= fade_out_start_ticks),
    CHECK (lead_in_start_ticks <= lead_out_start_ticks)
);
CREATE TABLE songs (
    guid TEXT PRIMARY KEY,
    recording_mbid TEXT NOT NULL,
    work_id TEXT,
    related_songs TEXT,
    lyrics TEXT,
    base_probability REAL NOT NULL DEFAULT 1.0
        CHECK (base_probability BETWEEN 0.0 AND 1000.0),
    min_cooldown INTEGER NOT NULL DEFAULT 604800 CHECK (min_cooldown >= 0),
    ramping_cooldown INTEGER NOT NULL DEFAULT 1209600 CHECK (ramping_cooldown >= 0),
    last_played_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE artists (
    guid TEXT PRIMARY KEY,
    artist_mbid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    base_probability REAL NOT NULL DEFAULT 1.0
        CHECK (base_probability BETWEEN 0.0 AND 1000.0),
    min_cooldown INTEGER NOT NULL DEFAULT 7200 CHECK (min_cooldown >= 0),
    ramping_cooldown INTEGER NOT NULL DEFAULT 14400 CHECK (ramping_cooldown >= 0),
    last_played_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE works (
    guid TEXT PRIMARY KEY,
    work_mbid TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    base_probability REAL NOT NULL DEFAULT 1.0
        CHECK (base_probability BETWEEN 0.0 AND 1000.0),
    min_cooldown INTEGER NOT NULL DEFAULT 259200 CHECK (min_cooldown >= 0),
    ramping_cooldown INTEGER NOT NULL DEFAULT 604800 CHECK (ramping_cooldown >= 0),
    last_played_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE albums (
    guid TEXT PRIMARY KEY,
    album_mbid TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    release_date TEXT,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE passage_songs (
    passage_id TEXT NOT NULL REFERENCES passages (guid) ON DELETE CASCADE,
    song_id TEXT NOT NULL REFERENCES songs (guid) ON DELETE CASCADE,
    start_time_ticks INTEGER NOT NULL CHECK (start_time_ticks >= 0),
    end_time_ticks INTEGER NOT NULL CHECK (end_time_ticks > start_time_ticks),
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (passage_id, song_id)
);
CREATE TABLE song_artists (
    song_id TEXT NOT NULL REFERENCES songs (guid) ON DELETE CASCADE,
    artist_id TEXT NOT NULL REFERENCES artists (guid) ON DELETE CASCADE,
    weight REAL NOT NULL CHECK (weight > 0.0 AND weight <= 1.0),
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (song_id, artist_id)
);
CREATE TABLE passage_albums (
    passage_id TEXT NOT NULL REFERENCES passages (guid) ON DELETE CASCADE,
    album_id TEXT NOT NULL REFERENCES albums (guid) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (passage_id, album_id)
);
CREATE TABLE song_works (
    song_id TEXT NOT NULL REFERENCES songs (guid) ON DELETE CASCADE,
    work_id TEXT NOT NULL REFERENCES works (guid) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (song_id, work_id)
);

CREATE INDEX idx_files_path ON files (path);
CREATE INDEX idx_files_hash ON files (hash);
CREATE INDEX idx_passages_file_id ON passages (file_id);
CREATE INDEX idx_passages_title ON passages (title);
CREATE INDEX idx_songs_recording_mbid ON songs (recording_mbid);
CREATE INDEX idx_songs_last_played ON songs (last_played_at);
CREATE INDEX idx_artists_mbid ON artists (artist_mbid);
CREATE INDEX idx_artists_last_played ON artists (last_played_at);
CREATE INDEX idx_works_mbid ON works (work_mbid);
CREATE INDEX idx_works_last_played ON works (last_played_at);
CREATE INDEX idx_albums_mbid ON albums (album_mbid);
CREATE INDEX idx_passage_songs_passage ON passage_songs (passage_id);
CREATE INDEX idx_passage_songs_song ON passage_songs (song_id);
CREATE INDEX idx_passage_songs_timing ON passage_songs (passage_id, start_time_ticks);
CREATE INDEX idx_song_artists_song ON song_artists (song_id);
CREATE INDEX idx_song_artists_artist ON song_artists (artist_id);
CREATE INDEX idx_passage_albums_passage ON passage_albums (passage_id);
CREATE INDEX idx_passage_albums_album ON passage_albums (album_id);
CREATE INDEX idx_song_works_song ON song_works (song_id);
CREATE INDEX idx_song_works_work ON song_works (work_id);

INSERT INTO users (guid, username, password_hash, password_salt)
VALUES ('00000000-0000-0000-0000-000000000001', 'Anonymous', '', '');
