//! Requests in tables, each cut in every way; answers byte for byte.

use super::*;
use crate::chat::WallTime;
use proptest::prelude::*;
use std::borrow::Cow;

/// 2023-11-14 22:13:20 UTC.
const NOW: WallTime = WallTime::from_unix_ms(1_700_000_000_000);

/// Feeds `pieces` as a connection would, and returns the steps in short: `GET /path`, or a status. Nothing is read
/// after a refusal.
fn feed<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let (mut http, mut kept, mut searched, mut told) = (Http::default(), Vec::new(), 0, Vec::new());
    for piece in pieces {
        kept.extend_from_slice(piece);
        loop {
            let Decoded {
                item: step,
                consumed,
            } = http.next(&kept, &mut searched);
            assert!(consumed <= kept.len());
            match step {
                Step::Incomplete => {
                    kept.drain(..consumed);
                    assert!(kept.len() < HEAD_BYTES_MAX, "kept too much");
                    assert!(searched <= kept.len());
                    break;
                }
                Step::Request(request) => {
                    let keep = if request.keeps_alive() { "" } else { ", close" };
                    told.push(format!("{:?} {}{keep}", request.method, request.path));
                }
                Step::Refused(status) => {
                    told.push(status.code().to_string());
                    return told;
                }
            }
            kept.drain(..consumed);
        }
    }
    told
}

#[track_caller]
fn check(input: &str, expected: &[&str]) {
    let input = input.as_bytes();
    let sizes = (1..=input.len().min(40)).chain([input.len()]);
    for size in sizes {
        let told = feed(input.chunks(size));
        assert_eq!(
            told,
            expected,
            "{} in chunks of {size}",
            input.escape_ascii()
        );
    }
}

#[test]
fn requests_are_read_one_after_the_other() {
    check(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /x?y=/z HTTP/1.1\r\nHost: a:1\r\n\r\n",
        &["Get /", "Head /x"],
    );
    check("GET / HTTP/1.1\nHost: a\n\n", &["Get /"]);
    check(
        "\r\n\r\nGET / HTTP/1.1\r\nhOsT:a\r\n\r\n\nGET /2 HTTP/1.1\nHost:\ta \n\n",
        &["Get /", "Get /2"],
    );
    check("POST /x HTTP/1.1\r\nHost: a\r\n\r\n", &["Other *"]);
    check("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &["Other *"]);
    check("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", &["Other *"]);
    check("GET / HTTP/1.1\r\nHost: a\r\n", &[]);
}

#[test]
fn targets_may_be_whole_urls() {
    check("GET http://a HTTP/1.1\r\nHost: b\r\n\r\n", &["Get /"]);
    check("GET HTTP://a/x?y HTTP/1.1\r\nHost: b\r\n\r\n", &["Get /x"]);
    check("GET http://a?y HTTP/1.1\r\nHost: b\r\n\r\n", &["Get /"]);
    check("GET http:///x HTTP/1.1\r\nHost: b\r\n\r\n", &["400"]);
    check("GET http://me@a/ HTTP/1.1\r\nHost: b\r\n\r\n", &["400"]);
    check("GET x HTTP/1.1\r\nHost: b\r\n\r\n", &["400"]);
    check("GET /#x HTTP/1.1\r\nHost: b\r\n\r\n", &["400"]);
    let mut http = Http::default();
    let Decoded { item: step, .. } =
        http.next(b"GET https://a:2/ HTTP/1.1\r\nHost: b\r\n\r\n", &mut 0);
    assert!(matches!(step, Step::Request(request) if request.host == Some("a:2")));
}

#[test]
fn connections_are_kept_as_both_sides_want() {
    let with = |version: &str, field: &str| format!("GET / {version}\r\nHost: a\r\n{field}\r\n");
    check(&with("HTTP/1.1", ""), &["Get /"]);
    check(
        &with("HTTP/1.1", "Connection: Close\r\n"),
        &["Get /, close"],
    );
    check(
        &with("HTTP/1.1", "Connection: a, cLOSE\r\n"),
        &["Get /, close"],
    );
    check(&with("HTTP/1.0", ""), &["Get /, close"]);
    check(&with("HTTP/1.0", "Connection: keep-alive\r\n"), &["Get /"]);
    check(
        &with("HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 5\r\n"),
        &["Get /, close"],
    );
    check("GET / HTTP/1.0\r\n\r\n", &["Get /, close"]);
}

#[test]
fn small_bodies_are_read_over() {
    let get = "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ";
    check(
        &format!("{head}5\r\n\r\nGET /{get}"),
        &["Other *", "Get /2"],
    );
    check(&format!("{head}0\r\n\r\n{get}"), &["Other *", "Get /2"]);
    let body = "\r\n".repeat(4096);
    check(
        &format!("{head}8192\r\n\r\n{body}{get}"),
        &["Other *", "Get /2"],
    );
    check(&format!("{head}8193\r\n\r\n{body}"), &["413"]);
    check(&format!("{head}99999999999999999999999\r\n\r\n"), &["413"]);
}

#[test]
fn what_can_be_understood_in_two_ways_is_refused() {
    let get = |fields: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    for fields in [
        "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x1\r\n",
        "Content-Length:\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Content-Length : 1\r\n",
        "X: 1\r\n folded\r\n",
        " X: 1\r\n",
        "X: a\rb\r\n",
        "X: a\0b\r\n",
        "X\r\n",
        ": 1\r\n",
        "Host: a\r\n",
        "Host: b\r\n",
    ] {
        check(&get(fields), &["400"]);
    }
    check(&get("Transfer-Encoding: chunked\r\n"), &["411"]);
    check(&get("Transfer-Encoding: gzip, chunked\r\n"), &["501"]);
    check(&get("Transfer-Encoding: identity\r\n"), &["501"]);
    check("GET / HTTP/1.1\r\n\r\n", &["400"]);
    check("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", &["400"]);
    check("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", &["400"]);
    check("GET / HTTP/1.1\r\nHost: a\r\n\r\nX", &["Get /"]);
    let coded = "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    check(coded, &["400"]);
}

#[test]
fn other_versions_and_junk_are_refused_at_the_first_line() {
    check("GET /\r\n", &["400"]);
    check("GET / HTTP/2.0\r\n", &["505"]);
    check("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &["505"]);
    check("GET / HTTP/1.2\r\n", &["505"]);
    check("GET / http/1.1\r\n", &["400"]);
    check("hello\r\n", &["400"]);
    check("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]);
    check("GET / x HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]);
    check("GET /\t HTTP/1.1\r\nHost: a\r\n\r\n", &["400"]);
}

#[test]
fn heads_have_a_limit_in_bytes_and_in_fields() {
    let padded = |total: usize| {
        let head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
        let pad = "x".repeat(total - head.len() - 4);
        format!("{head}{pad}\r\n\r\n")
    };
    check(&padded(HEAD_BYTES_MAX), &["Get /"]);
    check(&padded(HEAD_BYTES_MAX + 1), &["431"]);
    check(&"x".repeat(HEAD_BYTES_MAX), &["431"]);
    let fields = |count| {
        let fields = "X: 1\r\n".repeat(count);
        format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
    };
    check(&fields(HEADERS_MAX - 1), &["Get /"]);
    check(&fields(HEADERS_MAX), &["431"]);
}

#[test]
fn what_was_searched_is_not_searched_again() {
    // The claim to have searched past the empty line is believed: that is what makes a slow sender cost linear time.
    let mut searched = 5;
    let Decoded {
        item: step,
        consumed,
    } = Http::default().next(b"a\n\nbcd", &mut searched);
    assert!(matches!(step, Step::Incomplete));
    assert_eq!((consumed, searched), (0, 6));
}

/// The answer to a request, the page at its path being `page`.
fn answer(input: &str, page: Option<&Page<'_>>) -> String {
    let mut out = Vec::new();
    let Decoded { item: step, .. } = Http::default().next(input.as_bytes(), &mut 0);
    match step {
        Step::Request(request) => {
            let keep = respond(&request, page, NOW, &mut out);
            assert_eq!(keep, request.keeps_alive());
        }
        Step::Refused(status) => respond_early(status, NOW, &mut out),
        Step::Incomplete => panic!("not whole: {input:?}"),
    }
    String::from_utf8(out).unwrap()
}

const PAGE: Page<'_> = Page {
    content_type: "text/html; charset=utf-8",
    body: Cow::Borrowed(b"hello"),
    etag: Some("\"tag\""),
    cache: Cache::Revalidate,
};

#[test]
fn answers() {
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let with = |field: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
    let changing = Page {
        etag: None,
        cache: Cache::Never,
        ..PAGE
    };
    let answers = [
        ("a page", answer(get, Some(&PAGE))),
        (
            "a page that is never the same",
            answer(get, Some(&changing)),
        ),
        ("its head", answer(&get.replace("GET", "HEAD"), Some(&PAGE))),
        (
            "known already",
            answer(&with("If-None-Match: \"tag\""), Some(&PAGE)),
        ),
        ("no such page", answer(get, None)),
        ("its head", answer(&get.replace("GET", "HEAD"), None)),
        (
            "another method",
            answer(&get.replace("GET", "PUT"), Some(&PAGE)),
        ),
        (
            "the last answer",
            answer(&with("Connection: close"), Some(&PAGE)),
        ),
        ("no HTTP", answer("hello\r\n", None)),
    ];
    let shown = answers.map(|(title, answer)| format!("# {title}\n{answer}\n"));
    insta::assert_snapshot!(shown.concat().replace('\r', "\\r"));
}

#[test]
fn entity_tags_are_compared_one_by_one() {
    let status = |field: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: {field}\r\n\r\n");
        answer(&request, Some(&PAGE))[9..12].to_owned()
    };
    assert_eq!(status("\"other\""), "200");
    assert_eq!(status("tag"), "200");
    assert_eq!(status("\"other\" , W/\"tag\""), "304");
    assert_eq!(status("*"), "304");
}

#[test]
fn an_entity_tag_names_the_content() {
    assert_eq!(etag(b"a"), etag(b"a"));
    assert_ne!(etag(b"a"), etag(b"b"));
    assert_eq!(etag(b"a").len(), 18);
}

#[test]
fn every_status_begins_with_its_number() {
    assert_eq!(Status::Ok.code(), 200);
    assert_eq!(Status::VersionNotSupported.code(), 505);
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_steps(
        parts in proptest::collection::vec(proptest::sample::select(&[
            "GET / HTTP/1.1\r\n", "Host: a\r\n", "\r\n", "\n", "Content-Length: 3\r\n", "abc", "\r", "X: y\r\n",
            "HEAD /x HTTP/1.0\r\n", "Transfer-Encoding: chunked\r\n", " ", "GET",
        ][..]), 0..12),
        cuts in proptest::collection::vec(any::<bool>(), 200),
    ) {
        let input = parts.concat().into_bytes();
        let mut ends = vec![0];
        ends.extend((1..input.len()).filter(|&at| cuts[at % cuts.len()]));
        ends.push(input.len());
        let pieces = ends.windows(2).map(|ends| &input[ends[0]..ends[1]]);
        prop_assert_eq!(feed(pieces), feed(std::iter::once(&input[..])));
    }

    #[test]
    fn junk_is_survived(input in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut searched = 0;
        let Decoded { consumed, .. } = Http::default().next(&input, &mut searched);
        prop_assert!(consumed <= input.len());
    }
}
