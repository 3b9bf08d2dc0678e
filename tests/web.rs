//! HTTP from outside: statuses, connections that are kept and that are not, the page, and those who are slow. How heads are
//! read is tested beside the codec; here is what needs the whole server.

mod common;

use common::{Client, PATIENCE, Server, Setup, Visitor, connect_with};
use rustix::process::Signal;
use std::time::Instant;

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn the_page_and_its_files_are_served_at_both_kinds_of_doors() {
    let server = Setup::new()
        .listen("any://127.0.0.1:0")
        .listen("http://127.0.0.1:0")
        .start();
    for door in 0..2 {
        let mut visitor = Visitor::connect(server.address_of(door));
        let page = visitor.get("/");
        assert_eq!(page.status, 200);
        assert_eq!(page.field("content-type"), "text/html; charset=utf-8");
        assert!(page.text().starts_with("<!doctype html>"));
        let policy = page.field("content-security-policy");
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.field("x-content-type-options"), "nosniff");
        assert_eq!(page.field("referrer-policy"), "no-referrer");
        assert_eq!(page.field("connection"), "keep-alive");
        // What the page names is there too, on the same connection.
        let style = visitor.get("/madang.css");
        assert_eq!(
            (style.status, style.field("content-type")),
            (200, "text/css; charset=utf-8")
        );
        let script = visitor.get("/madang.js?v=1");
        assert_eq!(
            (script.status, script.field("content-type")),
            (200, "text/javascript; charset=utf-8")
        );
    }
    server.stop();
}

#[test]
fn a_file_that_is_known_is_not_sent_again() {
    let server = Server::start();
    let mut visitor = Visitor::connect(server.address());
    let page = visitor.get("/");
    assert_eq!(page.field("cache-control"), "no-cache");
    let etag = page.field("etag").to_owned();
    let ask =
        |etag: &str| format!("GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {etag}\r\n\r\n");
    visitor.send(&ask(&etag));
    let again = visitor.answer();
    assert_eq!((again.status, again.field("etag")), (304, &*etag));
    assert!(again.body.is_empty());
    visitor.send(&ask("\"another\""));
    assert_eq!(visitor.answer().body, page.body);
    server.stop();
}

#[test]
fn head_is_get_without_the_page() {
    let server = Server::start();
    let mut visitor = Visitor::connect(server.address());
    let page = visitor.get("/");
    visitor.send(&GET.replace("GET", "HEAD"));
    let head = visitor.head();
    assert_eq!(head.status, 200);
    let length = page.body.len().to_string();
    assert_eq!(head.field("content-length"), length);
    // Nothing of a body stands in front of the next answer.
    assert_eq!(visitor.get("/nowhere").status, 404);
    server.stop();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::start();
    let mut visitor = Visitor::connect(server.address());
    let paths = ["/", "/nowhere", "/madang.css", "/ws"];
    let requests = (0..100).map(|n| {
        let path = paths[n % paths.len()];
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    });
    let requests: String = requests.collect();
    visitor.send(&requests);
    visitor.end_input();
    for n in 0..100 {
        let status = visitor.answer().status;
        assert_eq!(status, [200, 404, 200, 426][n % paths.len()], "{n}");
    }
    visitor.expect_end();
    server.stop();
}

#[test]
fn a_head_may_come_byte_by_byte() {
    let server = Server::start();
    let mut visitor = Visitor::connect(server.address());
    for byte in format!("{GET}{GET}").chars() {
        visitor.send(&byte.to_string());
    }
    assert_eq!(visitor.answer().status, 200);
    assert_eq!(visitor.answer().status, 200);
    server.stop();
}

#[test]
fn connections_end_when_either_side_wants() {
    let server = Server::start();
    for (request, keeps) in [
        (GET.to_owned(), true),
        (
            "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".into(),
            false,
        ),
        ("GET / HTTP/1.0\r\n\r\n".into(), false),
        (
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".into(),
            true,
        ),
    ] {
        let mut visitor = Visitor::connect(server.address());
        visitor.send(&request);
        let answer = visitor.answer();
        assert_eq!(answer.status, 200);
        if keeps {
            assert_eq!(visitor.get("/").status, 200, "{request}");
        } else {
            assert_eq!(answer.field("connection"), "close");
            visitor.expect_end();
        }
    }
    server.stop();
}

#[test]
fn what_is_not_done_here_is_told_by_its_status() {
    let server = Setup::new().listen("http://127.0.0.1:0").start();
    let with = |fields: &str| format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n");
    let (long, many) = ("y".repeat(9000), "X: y\r\n".repeat(40));
    let ends = [
        ("hello\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\n\r\n".into(), 400),
        (with("Host: y"), 400),
        (with("Content-Length: 1\r\nContent-Length: 2"), 400),
        (with("Content-Length: 1\r\nTransfer-Encoding: chunked"), 400),
        (with("X: a\r\n b"), 400),
        (with("Transfer-Encoding: chunked"), 411),
        (with("Content-Length: 1000000"), 413),
        (with(&format!("X: {long}")), 431),
        (with(many.trim_end()), 431),
        (with("Transfer-Encoding: gzip"), 501),
        ("GET / HTTP/3.0\r\n\r\n".into(), 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), 505),
    ];
    for (request, status) in ends {
        let mut visitor = Visitor::connect(server.address());
        // Nothing behind it is read as a request.
        visitor.send(&(request.clone() + GET));
        let answer = visitor.answer();
        assert_eq!(answer.status, status, "{request}");
        assert_eq!(answer.field("connection"), "close");
        visitor.expect_end();
    }
    let mut visitor = Visitor::connect(server.address());
    for (request, status, field, value) in [
        (
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
            405,
            "allow",
            "GET, HEAD",
        ),
        (
            "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
            405,
            "allow",
            "GET, HEAD",
        ),
        (
            "DELETE /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
            405,
            "allow",
            "GET, HEAD",
        ),
        (
            "GET /../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
            404,
            "content-length",
            "14",
        ),
        (
            "GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n",
            426,
            "sec-websocket-version",
            "13",
        ),
    ] {
        visitor.send(request);
        let answer = visitor.answer();
        assert_eq!(answer.status, status, "{request}");
        assert_eq!(answer.field(field), value);
    }
    assert_eq!(visitor.get("/").status, 200);
    server.stop();
}

#[test]
fn who_does_not_finish_a_request_is_told_so_and_who_never_began_is_not() {
    let config = "[limits]\nregistration = \"2s\"\n";
    let listen = "http://127.0.0.1:0";
    let server = Setup::new().listen(listen).config(config).start();
    let mut silent = Visitor::connect(server.address());
    let mut slow = Visitor::connect(server.address());
    slow.send("GET / HTTP/1.1\r\nHost:");
    let mut second = Visitor::connect(server.address());
    second.get("/");
    second.send("GET / HT");
    for visitor in [&mut slow, &mut second] {
        let answer = visitor.answer();
        assert_eq!((answer.status, answer.field("connection")), (408, "close"));
        visitor.expect_end();
    }
    silent.expect_end();
    server.stop();
}

/// What is asked of a server by a page whose name, a stranger's, points to it.
fn rebound(path: &str, host: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

#[test]
fn a_strangers_name_that_points_here_is_refused_at_every_door() {
    let server = Setup::new()
        .listen("http://127.0.0.1:0")
        .listen("any://127.0.0.1:0")
        .listen("metrics://127.0.0.1:0")
        .start();
    for door in 0..3 {
        let port = server.address_of(door).port();
        for path in ["/", "/status", "/ws", "/metrics", "/nowhere"] {
            let absolute = format!("http://evil.example:{port}{path}");
            let plain = |host: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            for request in [
                plain("evil.example"),
                plain(&format!("evil.example:{port}")),
                plain("127.0.0.1.evil.example"),
                rebound(path, &format!("evil.example:{port}")),
                rebound(path, "localhost.evil.example"),
                format!("HEAD {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
                format!("GET {absolute} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                format!("GET {path} HTTP/1.0\r\nHost: evil.example\r\n\r\n"),
            ] {
                let mut page = Visitor::connect(server.address_of(door));
                page.send(&request);
                if request.starts_with("HEAD") {
                    assert_eq!(page.head().status, 421, "{request}");
                    continue;
                }
                let answer = page.answer();
                assert_eq!(answer.status, 421, "{request}");
                let advice = "hosts in the section [web]";
                assert!(answer.text().contains(advice), "{answer:?}");
            }
        }
    }
    let line = server.log.expect("nor in [web] hosts");
    assert!(line.contains("evil.example"), "{line}");
    server.stop();
}

#[test]
fn our_own_names_are_answered_and_those_that_the_host_allows() {
    let config = "[server]\nname = \"irc.example\"\n[web]\nhosts = [\"Chat.example\", \"*.wild.example\"]\n\
                  origins = [\"https://public.example\"]\n";
    let server = Setup::new()
        .listen("any://localhost:0")
        .config(config)
        .start();
    let port = server.address().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "irc.example",
        "chat.example",
        "CHAT.example.",
        "a.wild.example",
        "public.example",
        "[::1]",
    ] {
        for host in [
            host.to_owned(),
            format!("{host}:{port}"),
            format!("{host}:8443"),
        ] {
            let mut page = Visitor::connect(server.address());
            page.send(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
            assert_eq!(page.answer().status, 200, "{host}");
            page.send(&rebound("/ws", &host));
            assert_eq!(page.head().status, 101, "{host}");
        }
    }
    // The origin counts beside the name.
    let mut page = Visitor::connect(server.address());
    page.send(&rebound("/ws", "chat.example").replace("http://chat", "http://evil"));
    assert_eq!(page.answer().status, 403);
    // No browser leaves the name out.
    let mut old = Visitor::connect(server.address());
    old.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(old.answer().status, 200);
    let mut wrong = Visitor::connect(server.address());
    wrong.send("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(wrong.answer().status, 400);
    server.stop();
}

#[test]
fn any_name_is_answered_if_the_host_says_so() {
    let server = Setup::new().config("[web]\nhosts = [\"*\"]\n").start();
    let mut page = Visitor::connect(server.address());
    page.send("GET / HTTP/1.1\r\nHost: whatever.example\r\n\r\n");
    assert_eq!(page.answer().status, 200);
    server.stop();
}

#[test]
fn a_full_server_says_so_in_http() {
    let server = Setup::new()
        .listen("http://127.0.0.1:0")
        .flag("--max-clients=1")
        .start();
    let mut first = Visitor::connect(server.address());
    assert_eq!(first.get("/").status, 200);
    let mut second = Visitor::connect(server.address());
    let answer = second.answer();
    assert_eq!((answer.status, answer.field("retry-after")), (503, "60"));
    second.expect_end();
    assert_eq!(first.get("/").status, 200);
    server.stop();
}

#[test]
fn a_form_that_is_sent_to_a_door_for_lines_says_nothing_there() {
    let server = Setup::new()
        .listen("irc://127.0.0.1:0")
        .listen("telnet://127.0.0.1:0")
        .listen("any://127.0.0.1:0")
        .start();
    let mut ann = Client::enter(server.address_of(1), "ann");
    let body = "NICK mallory\r\nUSER m 0 * :m\r\nJOIN #lobby\r\nmallory\r\nhello\r\n";
    let length = body.len();
    let form = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}{body}"
    );
    for door in 0..3 {
        let mut mallory = Client::connect(server.address_of(door));
        mallory.send_bytes(form.as_bytes());
        mallory.end_input();
        let answer = mallory.rest();
        let expected = [
            "ERROR :Closing Link: HTTP is not spoken at this port",
            "! HTTP is not spoken at this port; good-bye",
            "HTTP/1.1 405 ",
        ];
        assert!(answer.contains(expected[door]), "{answer}");
    }
    server.log.expect("reason=http_not_here");
    ann.expect_nothing_more();
    server.stop();
}

#[test]
fn who_asks_and_does_not_read_costs_little_and_disturbs_nobody() {
    let listen = "any://127.0.0.1:0?sndbuf=16384";
    let server = Setup::new().listen(listen).start();
    let process = server.process();
    let mut ann = Client::enter(server.address(), "ann");
    let before = process.usage().resident;
    let mut greedy: Vec<Visitor> = (0..50)
        .map(|_| Visitor::over(connect_with(server.address(), 4096)))
        .collect();
    for visitor in &mut greedy {
        visitor.send(&"GET /madang.css HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(150));
    }
    for visitor in &mut greedy {
        // The first answers are there, the last are not made yet.
        assert_eq!(visitor.answer().status, 200);
    }
    ann.expect_nothing_more();
    let grown = process.usage().resident.saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} bytes for 50 visitors");
    // All of it comes when it is read.
    for visitor in &mut greedy {
        for _ in 1..150 {
            assert_eq!(visitor.answer().status, 200);
        }
    }
    server.stop();
}

#[test]
fn visitors_are_hung_up_on_when_the_server_stops() {
    let mut server = Server::start();
    let mut visitor = Visitor::connect(server.address());
    assert_eq!(visitor.get("/").status, 200);
    let told = Instant::now();
    server.signal(Signal::TERM);
    visitor.expect_end();
    drop(visitor);
    assert_eq!(server.wait(), Some(0));
    assert!(told.elapsed() < PATIENCE);
}
