//! The codec against the public vectors of ircdocs/parser-tests, and what they leave out: lengths, line ends, any cut
//! of the input.

use super::{
    frames::{CLIENT_TAG_BYTES_MAX, Frames, LINE_BYTES_MAX},
    line::{BODY_BYTES_MAX, Line},
    message::{Message, Source},
};
use crate::protocol::Frame;

/// The cases of a file: lines of a word and a value.
fn cases(file: &'static str) -> impl Iterator<Item = Vec<(&'static str, String)>> {
    let blocks = file.split("\n\n").map(|block| {
        let lines = block.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.split_once(' ').unwrap_or((line, "")))
            .map(|(word, value)| (word, unescaped(value)))
            .collect::<Vec<_>>()
    });
    blocks.filter(|case| !case.is_empty())
}

fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next().unwrap() {
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            'x' => {
                let digits: String = letters.by_ref().take(2).collect();
                text.push(char::from(u8::from_str_radix(&digits, 16).unwrap()));
            }
            other => text.push(other),
        }
    }
    text
}

/// All values after a key.
fn all<'c>(case: &'c [(&str, String)], word: &str) -> Vec<&'c str> {
    case.iter()
        .filter(|(w, _)| *w == word)
        .map(|(_, value)| value.as_str())
        .collect()
}

#[test]
fn lines_are_taken_apart_as_the_vectors_say() {
    let mut count = 0;
    for case in cases(include_str!("vectors/msg-split.txt")) {
        let line = all(&case, "line")[0];
        let message = Message::parse(line).unwrap();
        assert_eq!(
            message.source,
            all(&case, "source").first().copied(),
            "{line}"
        );
        assert_eq!([message.command], all(&case, "verb")[..], "{line}");
        assert_eq!(message.params.as_slice(), all(&case, "param"), "{line}");
        let tags = all(&case, "tag");
        assert_eq!(message.tags.is_empty(), tags.is_empty(), "{line}");
        for tag in tags {
            let (key, value) = tag.split_once('=').unwrap();
            assert_eq!(message.tags.get(key).as_deref(), Some(value), "{line}");
        }
        count += 1;
    }
    assert_eq!(count, 35);
}

#[test]
fn lines_are_put_together_as_the_vectors_say() {
    let mut count = 0;
    for case in cases(include_str!("vectors/msg-join.txt")) {
        let mut out = Vec::new();
        let mut line = Line::new(&mut out);
        for tag in all(&case, "tag") {
            let (key, value) = tag.split_once('=').unwrap();
            line = line.tag(key, value);
        }
        if let Some(source) = all(&case, "source").first() {
            line = line.source(source);
        }
        line = line.command(all(&case, "verb")[0]);
        let params = all(&case, "param");
        if let Some((last, middle)) = params.split_last() {
            for param in middle {
                line = line.param(param);
            }
            line = line.last(last);
        }
        line.end();
        let made = String::from_utf8(out).unwrap();
        let made = made.strip_suffix("\r\n").unwrap();
        let right = all(&case, "line");
        assert!(right.contains(&made), "{made:?} is not among {right:?}");
        count += 1;
    }
    assert_eq!(count, 18);
}

#[test]
fn sources_are_taken_apart_as_the_vectors_say() {
    let mut count = 0;
    for case in cases(include_str!("vectors/userhost-split.txt")) {
        let text = all(&case, "source")[0];
        let part = |word| all(&case, word).first().copied().unwrap_or_default();
        let expected = Source {
            nick: part("nick"),
            user: part("user"),
            host: part("host"),
        };
        assert_eq!(Source::parse(text), expected, "{text}");
        count += 1;
    }
    assert_eq!(count, 7);
}

#[test]
fn lines_without_a_command_are_none() {
    for line in ["", " ", "@a=b", "@a=b ", ":source", "@a=b :source "] {
        assert!(Message::parse(line).is_none(), "{line:?}");
    }
}

#[test]
fn the_fifteenth_parameter_takes_the_rest() {
    let message = Message::parse("C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 :17").unwrap();
    assert_eq!(message.params.len(), 15);
    assert_eq!(message.params.at(14), "15 16 :17");
}

#[test]
fn client_only_tags_pass_as_they_came() {
    for (line, expected) in [
        ("@a=b;+c=d\\s;e C", "+c=d\\s"),
        ("@+a=b;c;+d;+ C", "+a=b;+d"),
        ("@a C", ""),
        ("C", ""),
    ] {
        let message = Message::parse(line).unwrap();
        assert_eq!(message.tags.client_only(), expected, "{line}");
    }
}

#[test]
fn a_colon_in_front_of_a_word_does_not_make_it_the_last() {
    let said = |param: &dyn std::fmt::Display| {
        let mut out = Vec::new();
        let line = Line::new(&mut out).command("421").param(param);
        line.text("x").end();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(said(&":a:b"), "421 a:b :x\r\n");
    assert_eq!(said(&"::"), "421 * :x\r\n");
    assert_eq!(said(&format_args!("{}{}", ":", ":a")), "421 a :x\r\n");
}

#[test]
fn no_parameter_breaks_a_line_or_is_cut_in_a_character() {
    let mut out = Vec::new();
    Line::new(&mut out)
        .source("a b")
        .command("C")
        .param("x\r\nQUIT")
        .param("")
        .text("one\ntwo")
        .end();
    assert_eq!(out, b":a C x * :one\r\n");
    for padding in 0..4 {
        let mut out = Vec::new();
        let text = format!("{}{}", "x".repeat(padding), "마".repeat(400));
        Line::new(&mut out)
            .tag("k", &"v".repeat(600))
            .command("C")
            .text(text)
            .end();
        let line = String::from_utf8(out).unwrap();
        let (_, body) = line.split_once(' ').unwrap();
        assert!(body.len() <= BODY_BYTES_MAX && body.len() > BODY_BYTES_MAX - 3);
    }
}

/// Feeds `input` in pieces of one size; `None` is a line that was too long.
fn feed(input: &[u8], size: usize) -> Vec<Option<Vec<u8>>> {
    let mut frames = Frames::default();
    let (mut kept, mut searched, mut found) = (Vec::new(), 0, Vec::new());
    for piece in input.chunks(size) {
        kept.extend_from_slice(piece);
        loop {
            let cut = frames.next(&kept, &mut searched);
            let consumed = cut.consumed;
            let whole = match cut.item {
                Frame::Line(line) => {
                    found.push(Some(line.to_vec()));
                    true
                }
                Frame::TooLong => {
                    found.push(None);
                    true
                }
                Frame::Incomplete => false,
            };
            kept.drain(..consumed);
            assert!(kept.len() <= LINE_BYTES_MAX + 1 || whole);
            if !whole {
                break;
            }
        }
    }
    found
}

#[test]
fn any_cut_gives_the_same_lines() {
    let tags = |bytes: usize| [b"@".as_slice(), &vec![b't'; bytes - 2], b" "].concat();
    let body = |bytes: usize| vec![b'b'; bytes];
    let longest = [tags(CLIENT_TAG_BYTES_MAX), body(BODY_BYTES_MAX - 2)].concat();
    let rows: [(Vec<u8>, bool); 6] = [
        (body(BODY_BYTES_MAX - 2), true),
        (body(BODY_BYTES_MAX - 1), false),
        (longest.clone(), true),
        ([tags(CLIENT_TAG_BYTES_MAX + 1), body(5)].concat(), false),
        ([tags(10), body(BODY_BYTES_MAX - 1)].concat(), false),
        (body(20_000), false),
    ];
    for (line, fits) in rows {
        for end in [b"\n".as_slice(), b"\r\n"] {
            let input = [line.as_slice(), end, b"PING x\n\nPONG"].concat();
            let expected = [
                fits.then(|| line.clone()),
                Some(b"PING x".to_vec()),
                Some(Vec::new()),
            ];
            for size in [1, 2, 7, 511, 512, 4097, 100_000] {
                assert_eq!(feed(&input, size), expected, "{} bytes", line.len());
            }
        }
    }
}
