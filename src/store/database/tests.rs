//! Real files in a directory of their own.

use super::*;
use crate::store::records::{
    AccountRecord, BanRecord, InvitationRecord, Key, MaskRecord, PresenceRecord,
    PresenceRoomRecord, RankRecord, RoomRecord, SettingRecord, SuspensionRecord,
};
use std::{fs, io::Write as _};

fn loaded(database: &Database) -> Vec<Row> {
    let mut rows = Vec::new();
    database.load(&mut |row| rows.push(row)).unwrap();
    rows
}

fn rows() -> Vec<Row> {
    vec![
        Row::Setting(SettingRecord {
            name: "cloak".into(),
            value: vec![0, 255],
        }),
        Row::Account(AccountRecord {
            name: "마당".into(),
            salt: [1; 16],
            rounds: 4096,
            stored_key: [2; 32],
            server_key: [3; 32],
            registered_ms: -1,
            last_seen_ms: i64::MAX,
            suspended: Some(SuspensionRecord {
                reason: "spam".into(),
                by: "root".into(),
                since_ms: 5,
            }),
            fingerprints: vec!["aa".into(), "bb".into()],
            always_on: Some(true),
        }),
        Row::Invitation(InvitationRecord {
            hash: [7; 32],
            name: Some("bob".into()),
            by: "root".into(),
            made_ms: 1,
            ends_ms: 2,
        }),
        Row::Room(RoomRecord {
            name: "#a".into(),
            founder: "마당".into(),
            topic: "a 'topic'".into(),
            modes: "nt".into(),
            key: Some("sesame".into()),
            limit: Some(7),
            ranks: vec![RankRecord {
                account: "bob".into(),
                letter: 'o',
            }],
            masks: vec![
                MaskRecord {
                    list: 'b',
                    mask: "z!*@*".into(),
                    ..MaskRecord::default()
                },
                MaskRecord {
                    list: 'b',
                    mask: "a!*@*".into(),
                    ..MaskRecord::default()
                },
            ],
            ..RoomRecord::default()
        }),
        Row::Presence(PresenceRecord {
            account: "마당".into(),
            nick: "마당".into(),
            away: Some("lunch".into()),
            rooms: vec![PresenceRoomRecord {
                name: "#a".into(),
                ranks: "qo".into(),
                modes: "is".into(),
                key: Some("sesame".into()),
            }],
            ..PresenceRecord::default()
        }),
        Row::Ban(BanRecord {
            mask: "*@192.0.2.0/24".into(),
            ends_ms: Some(5),
            ..BanRecord::default()
        }),
    ]
}

#[test]
fn what_is_put_is_loaded_again_and_again() {
    let directory = tempfile::tempdir().unwrap();
    let puts: Vec<Change> = rows().into_iter().map(Change::Put).collect();
    for _ in 0..2 {
        let mut database = Database::open(directory.path()).unwrap();
        let results = database.write_all(&[puts.clone(), puts.clone()]);
        assert_eq!(results, [Ok(()), Ok(())]);
        assert_eq!(loaded(&database), rows());
        assert_eq!(database.check().unwrap(), [""; 0]);
    }
    let mut database = Database::open(directory.path()).unwrap();
    let drops: Vec<Change> = rows().iter().map(|row| Change::Drop(row.key())).collect();
    assert_eq!(database.write_all(&[drops]), [Ok(())]);
    assert_eq!(loaded(&database), []);
    let mode = directory.path().join(DATABASE).metadata().unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_write_that_fails_is_left_out_whole_and_the_others_are_made() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    let broken =
        "CREATE TRIGGER no BEFORE INSERT ON server_bans BEGIN SELECT RAISE(FAIL, 'no'); END";
    database.connection.execute_batch(broken).unwrap();
    let [setting, account, _, _, _, ban] = rows().try_into().unwrap();
    let put = |row: &Row| Change::Put(row.clone());
    let results = database.write_all(&[
        vec![put(&setting)],
        vec![put(&account), put(&ban)],
        vec![Change::Drop(Key::Room("#none".into()))],
    ]);
    assert!(
        matches!(&results[..], [Ok(()), Err(_), Ok(())]),
        "{results:?}"
    );
    assert_eq!(loaded(&database), [setting]);
}

#[test]
fn a_database_of_the_first_schema_becomes_one_of_today() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(DATABASE);
    let mut old = Connection::open(&path).unwrap();
    schema::migrate_to(&mut old, 0, 1).unwrap();
    old.execute_batch(
        "INSERT INTO accounts VALUES ('ann', zeroblob(16), 4096, zeroblob(32), zeroblob(32), 1, 2, NULL);
         INSERT INTO accounts VALUES ('bob', zeroblob(16), 4096, zeroblob(32), zeroblob(32), 1, 2, 'spam');",
    )
    .unwrap();
    drop(old);
    let database = Database::open(directory.path()).unwrap();
    assert_eq!(
        schema::version(&database.connection).unwrap(),
        schema::VERSION
    );
    let suspended = loaded(&database).into_iter().map(|row| match row {
        Row::Account(row) => row.suspended.map(|it| it.reason),
        _ => None,
    });
    let suspended: Vec<_> = suspended.collect();
    assert_eq!(suspended, [None, Some("spam".to_owned())]);
}

#[test]
fn a_newer_schema_and_a_damaged_file_are_refused_with_a_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path()).unwrap();
    database
        .connection
        .pragma_update(None, "user_version", 99)
        .unwrap();
    drop(database);
    let error = Database::open(directory.path()).unwrap_err();
    assert!(
        matches!(error, DatabaseError::Newer { found: 99, .. }),
        "{error}"
    );
    let path = directory.path().join(DATABASE);
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(&[b'x'; 8192]).unwrap();
    let error = Database::open(directory.path()).unwrap_err();
    assert!(error.to_string().contains("madang store check"), "{error}");
}

#[test]
fn a_backup_is_a_database_and_never_half_of_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    let puts: Vec<Change> = rows().into_iter().map(Change::Put).collect();
    database.write_all(&[puts]);
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join(DATABASE);
    database.back_up(&copy).unwrap();
    assert_eq!(loaded(&Database::open(elsewhere.path()).unwrap()), rows());
    // It does not write over what is there.
    assert!(database.back_up(&copy).is_err());
}

#[test]
fn nothing_is_put_aside_in_files_elsewhere() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path()).unwrap();
    let query = "PRAGMA temp_store";
    let store: i64 = database
        .connection
        .query_row(query, [], |row| row.get(0))
        .unwrap();
    // MEMORY.
    assert_eq!(store, 2);
}
