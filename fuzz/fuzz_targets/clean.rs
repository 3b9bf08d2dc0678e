//! The cleaner of what a terminal is shown: any cut of any bytes gives the same output, of which nothing steers a terminal
//! or turns the order of its text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::protocol::sanitize::{Cleaner, clean};

fuzz_target!(|input: &[u8]| {
    let Some((&piece, input)) = input.split_first() else {
        return;
    };
    let whole = stream(std::iter::once(input));
    assert_eq!(stream(input.chunks(usize::from(piece).max(1))), whole);
    assert!(
        whole
            .chars()
            .all(|c| c == '\n' || c == '\t' || is_harmless(c))
    );
    // Clean text stays as it is.
    assert_eq!(stream(std::iter::once(whole.as_bytes())), whole);
    if let Ok(text) = std::str::from_utf8(input) {
        let line = clean(text);
        assert!(line.len() <= text.len() && line.chars().all(is_harmless));
        assert_eq!(clean(&line), line);
    }
});

fn is_harmless(c: char) -> bool {
    let turns = matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !turns
}

fn stream<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> String {
    let (mut cleaner, mut out) = (Cleaner::default(), Vec::new());
    for piece in pieces {
        cleaner.push(piece, &mut out);
    }
    cleaner.finish(&mut out);
    String::from_utf8(out).expect("a terminal is sent UTF-8")
}
