//! Letters and parameters -> changes of modes (Modern IRC, "MODE message").
//!
//! Looks at form alone: whether a letter is known, whether its parameter is there and can be one. Does not know rooms,
//! people or rights.

use super::{Letter, ListKind, ModeChange, Rank, RoomFlag, Sign, UserMode, UserModeChange};

/// Changes with a parameter in one command (ISUPPORT's MODES); what comes beyond is left out, as IRC servers do. A line
/// of 512 bytes hardly holds more.
pub const PARAMETERS_MAX: usize = 12;

/// Longest key, in bytes (ISUPPORT's KEYLEN).
pub const KEY_BYTES_MAX: usize = 32;

/// A MODE command for a room, parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomModeRequest<'a> {
    /// Changes, in their order.
    pub changes: Vec<ModeChange<'a>>,
    /// Lists that shall be shown: their letters came without a mask.
    pub lists: Vec<ListKind>,
    /// What could not be understood.
    pub errors: Vec<ModeError<'a>>,
}

/// A mistake in the form of a MODE command; `Display` is a sentence for the user who gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModeError<'a> {
    /// A key with a space, a comma, a control character, a colon in front, too many bytes or none (`ERR_INVALIDKEY`).
    #[error(
        "a key has 1 to {KEY_BYTES_MAX} bytes, without spaces and commas, and no colon in front"
    )]
    InvalidKey(&'a str),
    /// A limit that is no positive number (`ERR_INVALIDMODEPARAM`).
    #[error("a limit is a number from 1 on")]
    InvalidLimit(&'a str),
    /// This letter needs a parameter, and there is none (`ERR_INVALIDMODEPARAM`).
    #[error("the mode {0} needs a parameter")]
    MissingParameter(char),
    /// There is no such mode (`ERR_UNKNOWNMODE`). Told once for each letter.
    #[error("there is no mode {}", .0.escape_debug())]
    UnknownLetter(char),
}

/// Reads the letters of a MODE command for a room: `+o-v` with `alice bob`. Letters before any sign are switched on.
pub fn parse_room_changes<'a>(
    letters: &str,
    parameters: impl IntoIterator<Item = &'a str>,
) -> RoomModeRequest<'a> {
    let mut request = RoomModeRequest::default();
    let mut parameters = parameters.into_iter().take(PARAMETERS_MAX);
    let mut sign = Sign::Plus;
    for letter in letters.chars() {
        match letter {
            '+' => sign = Sign::Plus,
            '-' => sign = Sign::Minus,
            _ => request.read_letter(sign, letter, &mut parameters),
        }
    }
    request
}

impl<'a> RoomModeRequest<'a> {
    fn read_letter(
        &mut self,
        sign: Sign,
        letter: char,
        parameters: &mut impl Iterator<Item = &'a str>,
    ) {
        if let Some(flag) = RoomFlag::from_letter(letter) {
            self.changes.push(ModeChange::Flag { sign, flag });
        } else if let Some(rank) = Rank::from_letter(letter) {
            match parameters.next() {
                Some(nick) => self.changes.push(ModeChange::Rank { sign, rank, nick }),
                None => self.complain(ModeError::MissingParameter(letter)),
            }
        } else if let Some(kind) = ListKind::ALL.into_iter().find(|k| k.letter() == letter) {
            match parameters.next() {
                Some(mask) => self.changes.push(ModeChange::List { sign, kind, mask }),
                None if self.lists.contains(&kind) => {}
                None => self.lists.push(kind),
            }
        } else {
            match (letter, sign) {
                ('k', Sign::Plus) => self.read_key(parameters.next()),
                ('k', Sign::Minus) => {
                    // Any parameter will do, as everywhere today; clients send the key, or `*`.
                    let _ = parameters.next();
                    self.changes.push(ModeChange::Key(None));
                }
                ('l', Sign::Plus) => self.read_limit(parameters.next()),
                ('l', Sign::Minus) => self.changes.push(ModeChange::Limit(None)),
                _ => self.complain(ModeError::UnknownLetter(letter)),
            }
        }
    }

    fn read_key(&mut self, key: Option<&'a str>) {
        match key {
            Some(key) if is_valid_key(key) => self.changes.push(ModeChange::Key(Some(key))),
            Some(key) => self.complain(ModeError::InvalidKey(key)),
            None => self.complain(ModeError::MissingParameter('k')),
        }
    }

    fn read_limit(&mut self, limit: Option<&'a str>) {
        let Some(text) = limit else {
            return self.complain(ModeError::MissingParameter('l'));
        };
        let is_number = text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(max) if is_number && max > 0 => self.changes.push(ModeChange::Limit(Some(max))),
            _ => self.complain(ModeError::InvalidLimit(text)),
        }
    }

    /// Each error once, so that a long line of nonsense gets a short answer.
    fn complain(&mut self, error: ModeError<'a>) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

/// Whether a text can be the key of a room (Modern IRC, "Key Channel Mode").
pub fn is_valid_key(key: &str) -> bool {
    let is_bad = |c: char| c.is_control() || c == ' ' || c == ',';
    (1..=KEY_BYTES_MAX).contains(&key.len()) && !key.starts_with(':') && !key.contains(is_bad)
}

/// Reads the letters of a MODE command for oneself: the changes, and each letter that is none (`ERR_UMODEUNKNOWNFLAG`).
pub fn parse_user_changes(letters: &str) -> (Vec<UserModeChange>, Vec<char>) {
    let (mut changes, mut unknown) = (Vec::new(), Vec::new());
    let mut sign = Sign::Plus;
    for letter in letters.chars() {
        match (letter, UserMode::from_letter(letter)) {
            ('+', _) => sign = Sign::Plus,
            ('-', _) => sign = Sign::Minus,
            (_, Some(mode)) => changes.push(UserModeChange { sign, mode }),
            (_, None) if unknown.contains(&letter) => {}
            (_, None) => unknown.push(letter),
        }
    }
    (changes, unknown)
}
