//! Names: what is accepted is accepted as it is shown, fits a line of any protocol, and is the same name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::chat::{
    NameRules, Nick, RoomName,
    mask::fold,
    name::{NICK_CHARS_MAX, ROOM_CHARS_MAX},
};

fuzz_target!(|text: &str| {
    let unicode = NameRules { unicode: true };
    let ascii = NameRules { unicode: false };
    if let Ok(nick) = Nick::parse(text, unicode) {
        let shown = nick.as_str();
        assert!(shown.chars().count() <= NICK_CHARS_MAX);
        assert!(
            !shown.starts_with(['#', ':', '@', '+', '-', '~', '&', '%', '$', '*']),
            "{shown:?}"
        );
        fits_a_line(shown);
        assert!(
            !shown.contains(['!', '@', '*', '?', ',', '#', '.', '/', ':']),
            "{shown:?}"
        );
        let again = Nick::parse(shown, unicode).expect("what is shown can be typed");
        assert_eq!((again.as_str(), &again), (shown, &nick));
        assert_eq!(
            Nick::parse(text, ascii).is_ok(),
            shown.is_ascii() && text.is_ascii()
        );
        // Masks fold what they match: a name in other letters of the same case is met by the same mask.
        if let Ok(other) = Nick::parse(&fold(shown), unicode) {
            if shown.is_ascii() {
                assert_eq!(other, nick);
            }
        }
    }
    if let Ok(room) = RoomName::parse(text, unicode) {
        let shown = room.as_str();
        assert!(shown.starts_with('#') && shown.len() > 1);
        assert!(shown.chars().count() <= ROOM_CHARS_MAX);
        fits_a_line(shown);
        let again = RoomName::parse(shown, unicode).expect("what is shown can be typed");
        assert_eq!((again.as_str(), &again), (shown, &room));
    }
});

fn fits_a_line(shown: &str) {
    assert!(
        !shown.contains([' ', ','])
            && !shown.contains(char::is_control)
            && !shown.contains(char::is_whitespace)
    );
}
