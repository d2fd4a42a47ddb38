-- Votes about the pictures of an evaluation. One row per rater, sample and showing: a vote that is
-- cast again replaces the first one.

CREATE TABLE votes (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    folder TEXT    NOT NULL,  -- of the evaluation
    rater  TEXT    NOT NULL,
    sample TEXT    NOT NULL,
    repeat INTEGER NOT NULL,  -- whether the rater saw the sample for the second time
    vote   TEXT    NOT NULL,  -- JSON
    voted  INTEGER NOT NULL,  -- seconds since 1970
    UNIQUE (folder, rater, sample, repeat)
);
