-- SPDX-License-Identifier: BSD-3-Clause
-- Version 1. Times are UTC, ISO 8601 with microseconds; lines are little-endian uint16; arrays are npz.

CREATE TABLE chips (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    origin         TEXT NOT NULL CHECK (origin IN ('chip', 'emulated')),
    profile        TEXT NOT NULL,
    macros         INTEGER NOT NULL,
    rows           INTEGER NOT NULL,
    columns        INTEGER NOT NULL,
    made           TEXT NOT NULL DEFAULT '',
    notes          TEXT NOT NULL DEFAULT '',
    pulse_budget   INTEGER,
    first_seen_utc TEXT NOT NULL,
    last_seen_utc  TEXT NOT NULL,
    retired_utc    TEXT
);
CREATE UNIQUE INDEX chips_by_name ON chips (name, origin) WHERE retired_utc IS NULL;

-- A board with other gateware or firmware is another row: the rows of one uid are its history.
CREATE TABLE boards (
    uid            TEXT NOT NULL,
    build_hash     TEXT NOT NULL,
    firmware_crc   TEXT NOT NULL,
    map_hash       TEXT NOT NULL,
    profile        TEXT NOT NULL,
    origin         TEXT NOT NULL,
    first_seen_utc TEXT NOT NULL,
    last_seen_utc  TEXT NOT NULL,
    PRIMARY KEY (uid, build_hash, firmware_crc)
);

-- One process that pulses one chip; it lives as long as it holds the lock on its file.
CREATE TABLE sessions (
    id             TEXT PRIMARY KEY,
    chip_id        INTEGER NOT NULL REFERENCES chips (id),
    board_uid      TEXT,
    boot_id        INTEGER,
    counter_base   INTEGER,
    started_utc    TEXT NOT NULL,
    ended_utc      TEXT
);

CREATE TABLE jobs (
    id             INTEGER PRIMARY KEY,
    chip_id        INTEGER NOT NULL REFERENCES chips (id),
    session_id     TEXT NOT NULL REFERENCES sessions (id),
    kind           TEXT NOT NULL,
    macro          INTEGER NOT NULL,
    rows           BLOB NOT NULL,
    columns        BLOB NOT NULL,
    pulsing        INTEGER NOT NULL,
    resumable      INTEGER NOT NULL,
    steps          INTEGER NOT NULL,
    most_pulses    INTEGER NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('planned', 'running', 'done', 'failed', 'interrupted')),
    message        TEXT NOT NULL DEFAULT '',
    plan           TEXT NOT NULL,
    arrays         BLOB,
    provenance     TEXT NOT NULL,
    made_utc       TEXT NOT NULL,
    ended_utc      TEXT
);
CREATE INDEX jobs_by_chip ON jobs (chip_id, state);

-- Write-ahead: `planned` is on disk before the board is asked; what the board answered ends it.
CREATE TABLE steps (
    id             INTEGER PRIMARY KEY,
    job_id         INTEGER NOT NULL REFERENCES jobs (id),
    session_id     TEXT NOT NULL REFERENCES sessions (id),
    number         INTEGER NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('planned', 'acknowledged', 'not_driven', 'in_doubt')),
    macro          INTEGER NOT NULL,
    rows           BLOB NOT NULL,
    columns        BLOB NOT NULL,
    most_pulses    INTEGER NOT NULL,
    row_by_row     INTEGER NOT NULL,
    given          INTEGER NOT NULL DEFAULT 0,
    request        TEXT NOT NULL,
    result         TEXT NOT NULL DEFAULT '{}',
    arrays         BLOB,
    planned_utc    TEXT NOT NULL,
    ended_utc      TEXT
);
CREATE UNIQUE INDEX steps_once ON steps (job_id, number) WHERE state IN ('planned', 'acknowledged');
CREATE INDEX steps_by_session ON steps (session_id, state);
CREATE INDEX steps_open ON steps (job_id) WHERE state = 'planned';

-- Pulses of every cell of a row, little-endian uint32 [columns].
CREATE TABLE wear (
    chip_id        INTEGER NOT NULL REFERENCES chips (id),
    macro          INTEGER NOT NULL,
    line           INTEGER NOT NULL,
    pulses         BLOB NOT NULL,
    PRIMARY KEY (chip_id, macro, line)
) WITHOUT ROWID;

CREATE TABLE wear_totals (
    chip_id        INTEGER NOT NULL REFERENCES chips (id),
    kind           TEXT NOT NULL,
    operations     INTEGER NOT NULL,
    cell_pulses    INTEGER NOT NULL,
    PRIMARY KEY (chip_id, kind)
) WITHOUT ROWID;

CREATE TABLE health (
    id             INTEGER PRIMARY KEY,
    chip_id        INTEGER NOT NULL REFERENCES chips (id),
    job_id         INTEGER REFERENCES jobs (id),
    source         TEXT NOT NULL,
    macro          INTEGER NOT NULL,
    arrays         BLOB NOT NULL,
    provenance     TEXT NOT NULL,
    made_utc       TEXT NOT NULL
);
CREATE INDEX health_by_chip ON health (chip_id, macro, id);

CREATE TABLE maps (
    id             INTEGER PRIMARY KEY,
    chip_id        INTEGER NOT NULL REFERENCES chips (id),
    job_id         INTEGER REFERENCES jobs (id),
    method         TEXT NOT NULL,
    macro          INTEGER NOT NULL,
    arrays         BLOB NOT NULL,
    about          TEXT NOT NULL,
    provenance     TEXT NOT NULL,
    made_utc       TEXT NOT NULL
);
CREATE INDEX maps_by_chip ON maps (chip_id, macro, id);

CREATE TABLE fingerprints (
    map_id         INTEGER PRIMARY KEY REFERENCES maps (id),
    chip_id        INTEGER NOT NULL REFERENCES chips (id),
    macro          INTEGER NOT NULL,
    arrays         BLOB NOT NULL
);

CREATE TABLE calibrations (
    id             INTEGER PRIMARY KEY,
    kind           TEXT NOT NULL,
    chip_id        INTEGER REFERENCES chips (id),
    board_uid      TEXT NOT NULL,
    build_hash     TEXT NOT NULL,
    current_range  INTEGER,
    job_id         INTEGER REFERENCES jobs (id),
    arrays         BLOB NOT NULL,
    units          TEXT NOT NULL,
    conditions     TEXT NOT NULL,
    figures        TEXT NOT NULL,
    provenance     TEXT NOT NULL,
    made_utc       TEXT NOT NULL,
    valid_until_utc TEXT,
    superseded_by  INTEGER REFERENCES calibrations (id)
);
CREATE INDEX calibrations_by_board ON calibrations (board_uid, kind, id);
