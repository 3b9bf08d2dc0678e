//! Files as hosts write them, good and bad.

use super::*;

/// The errors of a file `madang.toml` with this text; `ok` if there are none.
fn messages(text: &str) -> String {
    match parse(text, Path::new("madang.toml")) {
        Ok(_) => "ok".into(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(parse("", Path::new("x")), Ok(Config::default()));
    assert_eq!(
        parse("\u{feff}[limits]\r\n", Path::new("x")),
        Ok(Config::default())
    );
}

#[test]
fn every_value_reaches_its_place() {
    let text = r#"
        [server]
        name = "irc.example"
        unicode_names = false
        [[listen]]
        nodelay = false
        url = "telnet://[::]:23?backlog=16&nodelay=true"
        [[listen]]
        url = "echo+udp://localhost"
        sndbuf = 65536
        rcvbuf = "64 KiB"
        [history]
        lines = 100
        bytes = "1 MiB"
        days = 30
        bytes_total = "64 MiB"
        private = false
        events = true
        access = "since-joined"
        replay = 0
        [web]
        hosts = ["Chat.example.", "*.wild.example"]
        ping = "10s"
        [limits]
        clients = 10
        clients_per_address = 2
        connections_per_minute = 30
        exempt = ["192.0.2.9/24", "::1"]
        line = 0x200
        send_queue = "2 MiB"
        queued_total = "1 GiB"
        registration = "500ms"
        ping = "5m"
        messages_per_second = 0
        burst = 1_000
    "#;
    let config = parse(text, Path::new("x")).unwrap();
    insta::assert_debug_snapshot!(config);
}

#[test]
fn bad_files_are_explained() {
    let said = BAD_FILES.iter().map(|(title, text)| {
        let shown: String = text.lines().map(|line| format!("    {line}\n")).collect();
        format!("# {title}\n{shown}{}\n\n", messages(text))
    });
    insta::assert_snapshot!(said.collect::<String>());
}

/// One file of each kind, with a title.
const BAD_FILES: &[(&str, &str)] = &[
    (
        "right keys in wrong places",
        "name = 'x'\n[limits]\nmotd = 'x'\n[server]\nburst = 1",
    ),
    (
        "unknown keys and sections",
        "[server]\nnmae = 'x'\nzzz = 1\n\"a\\nb\" = 1\n[limit]\n[[listeners]]\n[zzz]",
    ),
    ("no sections", "server = 1\nlisten = 'any://127.0.0.1'"),
    (
        "wrong brackets",
        "[listen]\nurl = 'any://127.0.0.1'\n[[server]]",
    ),
    ("no list of tables", "listen = [1, {}, []]"),
    (
        "numbers of the wrong kind",
        "[limits]\nsend_queue = \"1 MB\"\nping = 30\nburst = \"60\"\nclients = 1.5\nline = [\n1]\n\
         registration = 1979-05-27",
    ),
    (
        "texts and flags of the wrong kind",
        "[server]\nname = 1\nmotd = true\nunicode_names = 'yes'",
    ),
    (
        "out of range",
        "[limits]\nclients = 0\nclients_per_address = -1\nline = 511\nsend_queue = '2 GiB'\n\
         queued_total = 1\nregistration = '0s'\nping = '61m'\n\
         messages_per_second = 99999999999999999999\nburst = 0",
    ),
    (
        "a queue below its default line",
        "[limits]\nline = '64 KiB'\nsend_queue = '32 KiB'",
    ),
    (
        "a queue above the default total",
        "[limits]\n\nsend_queue = '512 MiB'",
    ),
    ("no networks", "[limits]\nexempt = ['10.0.0.0/8', 'proxy']"),
    ("a bad name", "[server]\nname = 'my server'"),
    (
        "bad listeners",
        "[[listen]]\nbacklog = 1\n[[listen]]\nurl = 'irk://x'\n[[listen]]\nurl = 'any://x'\n\
         backlg = 1\nnodelay = 1\n[[listen]]\nurl = 'echo+udp://x'\nbacklog = 5",
    ),
    ("an open bracket", "[server\nname = 'x'"),
    ("no values", "[server]\nname = x\nmotd ="),
    ("twice the same", "[limits]\nping = '30s'\nping = '31s'"),
    ("more than a value", "[server]\nname = '마당' x"),
    ("a missing file", "[server]\nmotd = 'no/such.txt'"),
    ("not a file", "[server]\nmotd = '/'"),
];

#[test]
fn a_missing_file_is_reported() {
    let error = load(Path::new("no/such.toml")).unwrap_err().to_string();
    let expected = "no/such.toml: cannot be read: No such file or directory";
    assert_eq!(error, expected);
}
