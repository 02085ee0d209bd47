-- Schema version 1. Columns named *_ns are nanoseconds since 1970-01-01T00:00Z, for comparisons only; the exact times
-- are in the bodies. Bodies are JSON and carry their own format version, where the vocabulary gives them one.

-- created_s and created_ns (0 to 999999999) are one exact time; landed is a content hash of 16 bytes.
CREATE TABLE tickets (
    stream     TEXT NOT NULL,
    source     TEXT NOT NULL,
    id         TEXT NOT NULL,
    created_s  INTEGER NOT NULL,
    created_ns INTEGER NOT NULL,
    landed     BLOB,
    PRIMARY KEY (stream, source, id)
) STRICT, WITHOUT ROWID;

-- visible_ns is NULL until a message is delivered, and again once it is released.
CREATE TABLE queue (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    body       TEXT NOT NULL,
    visible_ns INTEGER,
    attempts   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX queue_by_visibility ON queue (visible_ns, number);

CREATE TABLE dead_letters (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    body     TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason   TEXT NOT NULL
) STRICT;

CREATE TABLE incidents (
    stream     TEXT NOT NULL,
    id         TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    status     TEXT NOT NULL,
    opened_ns  INTEGER NOT NULL,
    decided_ns INTEGER NOT NULL,
    latest     INTEGER NOT NULL,
    announced  INTEGER NOT NULL DEFAULT 0,
    body       TEXT NOT NULL,
    UNIQUE (stream, id, revision)
) STRICT;
CREATE INDEX incidents_by_opening ON incidents (stream, opened_ns DESC, id) WHERE latest;
CREATE INDEX incidents_by_status ON incidents (stream, status, opened_ns DESC, id) WHERE latest;
CREATE INDEX incidents_unannounced ON incidents (stream, decided_ns, id, revision) WHERE NOT announced;

CREATE TABLE leases (
    stream   TEXT NOT NULL,
    id       TEXT NOT NULL,
    revision INTEGER NOT NULL,
    holder   TEXT NOT NULL,
    until_ns INTEGER NOT NULL,
    PRIMARY KEY (stream, id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (
    stream   TEXT NOT NULL,
    incident TEXT NOT NULL,
    revision INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns   INTEGER NOT NULL,
    latest   INTEGER NOT NULL,
    body     TEXT NOT NULL,
    UNIQUE (stream, incident, revision)
) STRICT;
CREATE INDEX reports_by_window ON reports (stream, end_ns, start_ns) WHERE latest;

-- What differs from run to run, kept beside the report.
CREATE TABLE runs (
    stream   TEXT NOT NULL,
    incident TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body     TEXT NOT NULL,
    UNIQUE (stream, incident, revision),
    FOREIGN KEY (stream, incident, revision) REFERENCES reports (stream, incident, revision)
) STRICT;
