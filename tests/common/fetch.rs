//! One request by HTTP, and its answer.

use super::Client;
use std::net::SocketAddr;

/// What came back.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) status: u16,
    /// The head without the status line.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Fetched {
    /// The value of a header field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = fields.filter(|(n, _)| n.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value)
    }
}

/// Asks for a path on a connection of its own.
#[track_caller]
pub(crate) fn fetch(address: SocketAddr, path: &str) -> Fetched {
    fetch_over(&mut Client::connect(address), path)
}

/// Asks for a path on a connection that is kept.
#[track_caller]
pub(crate) fn fetch_over(client: &mut Client, path: &str) -> Fetched {
    fetch_with(client, path, "")
}

/// Asks for a path with header fields, each with its line end.
#[track_caller]
pub(crate) fn fetch_with(client: &mut Client, path: &str, fields: &str) -> Fetched {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    client.send_bytes(request.as_bytes());
    let mut head = String::new();
    let status = client.line();
    loop {
        let line = client.line();
        if line.is_empty() {
            break;
        }
        head.push_str(&line);
        head.push('\n');
    }
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let mut fetched = Fetched {
        status: status.expect("a status line"),
        head,
        body: String::new(),
    };
    let length = fetched.field("content-length").expect("a length");
    let bytes = client.bytes(length.parse().expect("a number"));
    fetched.body = String::from_utf8(bytes).expect("UTF-8");
    fetched
}
