//! Names of people and rooms (to be written: DESIGN section 9).
/// Which names are allowed.
#[derive(Clone, Copy, Debug)]
pub struct NameRules {
    /// Letters and digits of any script (true), or ASCII alone.
    pub unicode: bool,
}
/// Why a text is no name; `Display` is a sentence for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Placeholder.
    #[error("a name must not be empty")]
    Empty,
}
/// A valid name of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nick(std::rc::Rc<str>);
/// A valid name of a room, its `#` included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomName(std::rc::Rc<str>);
impl Nick {
    /// Checks a text.
    pub fn parse(_text: &str, _rules: NameRules) -> Result<Self, NameError> {
        todo!()
    }
    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl RoomName {
    /// Checks a text; a missing `#` is added.
    pub fn parse(_text: &str, _rules: NameRules) -> Result<Self, NameError> {
        todo!()
    }
    /// As typed, with its `#`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl std::fmt::Display for Nick {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
impl std::fmt::Display for RoomName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
