//! Heads of HTTP requests: any cut of the input gives the same steps, little is kept, and every answer is whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::protocol::{
    Decoded,
    web::{
        WallTime,
        http::{Body, Cache, HEAD_BYTES_MAX, Http, Method, Page, Request, Status, Step, respond},
        upgrade::{Upgrade, upgrade},
    },
};

const PAGE: Page<'_> = Page {
    content_type: "text/plain",
    body: Body::Borrowed(b"page"),
    etag: Some("\"x\""),
    cache: Cache::Revalidate,
};

fuzz_target!(|input: &[u8]| {
    let Some((&piece, input)) = input.split_first() else {
        return;
    };
    let pieces = input.chunks(usize::from(piece).max(1));
    assert_eq!(feed(pieces), feed(std::iter::once(input)));
});

/// Hands in pieces as a connection would, keeping what was not consumed; what was answered, and the status of a refusal.
fn feed<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Option<Status>) {
    let (mut http, mut kept, mut searched) = (Http::default(), Vec::new(), 0);
    let mut answers = Vec::new();
    for piece in pieces {
        kept.extend_from_slice(piece);
        loop {
            let Decoded {
                item: step,
                consumed,
            } = http.next(&kept, &mut searched);
            match step {
                Step::Request(request) => answer(&request, &mut answers),
                Step::Refused(status) => return (answers, Some(status)),
                Step::Incomplete => {
                    kept.drain(..consumed);
                    break;
                }
            }
            kept.drain(..consumed);
        }
        assert!(searched <= kept.len());
        assert!(kept.len() < HEAD_BYTES_MAX, "kept {}", kept.len());
    }
    (answers, None)
}

/// Answers a request as a server would.
fn answer(request: &Request<'_>, out: &mut Vec<u8>) {
    assert!(request.path.starts_with('/') || request.path == "*");
    let start = out.len();
    let upgraded = upgrade(request, &[], out);
    assert_eq!(out.len() > start, matches!(upgraded, Upgrade::Accepted(_)));
    if upgraded == Upgrade::NotAsked {
        let keep = respond(request, Some(&PAGE), WallTime::default(), out);
        assert!(keep <= request.keeps_alive());
        let text = std::str::from_utf8(&out[start..]).expect("ASCII");
        let (_, body) = text.split_once("\r\n\r\n").expect("a head's end");
        assert!(
            request.method == Method::Get || request.method == Method::Other || body.is_empty()
        );
    }
}
