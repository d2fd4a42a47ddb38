-- Version 1: runs, and the jobs that draw them.
-- Times are seconds since 1970. An id is never used again, so a deleted run can come back.

CREATE TABLE runs (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    created            INTEGER NOT NULL,
    question           TEXT    NOT NULL,
    modes              TEXT    NOT NULL,             -- "answer,latent"
    seeds              TEXT    NOT NULL,             -- "7,8"
    requests           TEXT    NOT NULL,             -- JSON, one request per column
    bundle             TEXT    NOT NULL DEFAULT '',  -- known once a column is finished
    bundle_fingerprint TEXT    NOT NULL DEFAULT '',
    bundle_source      TEXT    NOT NULL,             -- "embedded" or "folder:…"
    frame              TEXT    NOT NULL,             -- JSON: name, size, sha256
    frame_sha256       TEXT    NOT NULL,
    frame_origin       TEXT    NOT NULL,             -- "example:…", "file:…", "clipboard", …
    finished           INTEGER NOT NULL DEFAULT 0,   -- columns
    state              TEXT    NOT NULL,
    problem            TEXT,
    starred            INTEGER NOT NULL DEFAULT 0,
    file               TEXT    NOT NULL,             -- name of the run file
    deleted            INTEGER                       -- when; null while it is there
);

CREATE INDEX runs_by_time ON runs (created DESC, id DESC);
CREATE INDEX runs_by_frame ON runs (frame_sha256);

-- A job without an end belongs to the program that still works, or to nobody: see owner.rs.
CREATE TABLE jobs (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    run       INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    columns   TEXT    NOT NULL,  -- JSON, the columns it draws
    place     INTEGER NOT NULL,  -- in the queue; smaller comes first
    state     TEXT    NOT NULL,
    owner     TEXT    NOT NULL,
    submitted INTEGER NOT NULL,
    started   INTEGER,
    ended     INTEGER,
    problem   TEXT
);

CREATE INDEX jobs_by_run ON jobs (run);
CREATE INDEX jobs_by_end ON jobs (ended);
