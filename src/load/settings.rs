//! The options of a run by their names, for the report: two runs that differ in them are hard to compare.

use std::collections::BTreeMap;

/// Values by the names of their options.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Adds one value.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.insert(name.to_owned(), value.to_string());
        self
    }

    pub(super) fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }
}
