//! The system's errors as texts for users.

use std::io;

/// The system's text for an error, without its number, for the middle of a sentence.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        // Not of abbreviations.
        Some(first) if !letters.as_str().starts_with(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_become_plain_text() {
        let in_use = io::Error::from_raw_os_error(98);
        assert_eq!(plain(&in_use), "address already in use");
        assert_eq!(plain(&io::Error::other("IPv6 is off")), "IPv6 is off");
    }
}
