//! The tables, and how an older database becomes one of today.
//!
//! Invariant: a step that was released is never changed; what is new is a new step. docs/STORE.md shows the result.

use rusqlite::Connection;

/// The steps, in order. The schema's version is how many were made.
const STEPS: [&str; 4] = [FIRST, SUSPENSIONS, PRESENCES, HISTORY];

const FIRST: &str = "
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    name          TEXT PRIMARY KEY,
    salt          BLOB NOT NULL,
    rounds        INTEGER NOT NULL,
    stored_key    BLOB NOT NULL,
    server_key    BLOB NOT NULL,
    registered_ms INTEGER NOT NULL,
    last_seen_ms  INTEGER NOT NULL,
    suspended     TEXT
) STRICT;

CREATE TABLE certificates (
    account     TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (account, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE rooms (
    name          TEXT PRIMARY KEY,
    founder       TEXT NOT NULL,
    registered_ms INTEGER NOT NULL,
    created_ms    INTEGER NOT NULL,
    topic         TEXT NOT NULL,
    topic_by      TEXT NOT NULL,
    topic_ms      INTEGER NOT NULL,
    modes         TEXT NOT NULL,
    key           TEXT,
    member_limit  INTEGER
) STRICT;

CREATE TABLE room_ranks (
    room    TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE,
    account TEXT NOT NULL,
    letter  TEXT NOT NULL,
    PRIMARY KEY (room, account, letter)
) STRICT, WITHOUT ROWID;

CREATE TABLE room_masks (
    room   TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE,
    list   TEXT NOT NULL,
    place  INTEGER NOT NULL,
    mask   TEXT NOT NULL,
    by     TEXT NOT NULL,
    set_ms INTEGER NOT NULL,
    PRIMARY KEY (room, list, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE server_bans (
    mask    TEXT PRIMARY KEY,
    reason  TEXT NOT NULL,
    by      TEXT NOT NULL,
    set_ms  INTEGER NOT NULL,
    ends_ms INTEGER
) STRICT;
";

/// Who has suspended an account, and when; and rights to make one.
const SUSPENSIONS: &str = "
ALTER TABLE accounts ADD COLUMN suspended_by TEXT;
ALTER TABLE accounts ADD COLUMN suspended_ms INTEGER;

CREATE TABLE invitations (
    hash    BLOB PRIMARY KEY,
    account TEXT,
    by      TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    ends_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// The users who stay without a connection.
const PRESENCES: &str = "
ALTER TABLE accounts ADD COLUMN always_on INTEGER;

CREATE TABLE presences (
    account      TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    nick         TEXT NOT NULL,
    username     TEXT NOT NULL,
    realname     TEXT NOT NULL,
    host         TEXT NOT NULL,
    modes        TEXT NOT NULL,
    away         TEXT,
    absent_since_ms INTEGER
) STRICT;

CREATE TABLE presence_rooms (
    account TEXT NOT NULL REFERENCES presences ON DELETE CASCADE,
    room    TEXT NOT NULL,
    ranks   TEXT NOT NULL,
    modes   TEXT NOT NULL,
    key     TEXT,
    PRIMARY KEY (account, room)
) STRICT, WITHOUT ROWID;
";

/// Lines of history. A buffer is a room from its founding to its end, or two accounts (`account` is the lesser name).
const HISTORY: &str = "
ALTER TABLE rooms ADD COLUMN serial INTEGER NOT NULL DEFAULT 0;

CREATE TABLE buffers (
    buffer  INTEGER PRIMARY KEY AUTOINCREMENT,
    room    INTEGER UNIQUE,
    account TEXT,
    other   TEXT,
    lines   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    UNIQUE (account, other)
) STRICT;

CREATE INDEX buffers_other ON buffers (other) WHERE other IS NOT NULL;

CREATE TABLE messages (
    buffer   INTEGER NOT NULL,
    id       INTEGER NOT NULL,
    time_ms  INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    event    INTEGER NOT NULL,
    rank     INTEGER NOT NULL,
    nick     TEXT NOT NULL,
    username TEXT NOT NULL,
    host     TEXT NOT NULL,
    account  TEXT,
    bot      INTEGER NOT NULL,
    target   TEXT NOT NULL,
    tags     TEXT NOT NULL,
    text     TEXT NOT NULL,
    detail   TEXT NOT NULL,
    message  INTEGER,
    bytes    INTEGER NOT NULL,
    PRIMARY KEY (buffer, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_time ON messages (buffer, time_ms);
CREATE INDEX messages_said ON messages (buffer, id) WHERE event = 0;

CREATE TABLE forgotten (buffer INTEGER PRIMARY KEY) STRICT;

CREATE TABLE gaps (
    from_ms INTEGER NOT NULL,
    to_ms   INTEGER NOT NULL,
    lines   INTEGER NOT NULL
) STRICT;
";

/// The schema of today.
pub(super) const VERSION: u32 = STEPS.len() as u32;

/// The schema of a database; 0 if it is empty.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Makes the steps that are missing, each as a whole or not at all.
pub(super) fn migrate(connection: &mut Connection, found: u32) -> rusqlite::Result<()> {
    migrate_to(connection, found, VERSION)
}

/// The same, up to a schema of the past.
pub(super) fn migrate_to(
    connection: &mut Connection,
    found: u32,
    wanted: u32,
) -> rusqlite::Result<()> {
    let steps = STEPS[..wanted as usize].iter().enumerate();
    for (index, step) in steps.skip(found as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", index as u32 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}
