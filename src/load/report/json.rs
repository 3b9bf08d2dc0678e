//! The report as JSON: its values by their names, and back.

use super::values::{FORM, Report};

impl Report {
    /// The report as JSON, to be kept and compared.
    pub fn to_json(&self) -> String {
        // The keys of maps are texts, and every value can be written.
        let text = serde_json::to_string_pretty(self).expect("plain values");
        text + "\n"
    }

    /// Reads a report that [`Report::to_json`] wrote.
    ///
    /// # Errors
    /// The text is not a report, or has another format version.
    pub fn from_json(text: &str) -> Result<Self, String> {
        #[derive(serde::Deserialize)]
        struct Head {
            form: u32,
        }
        let head: Head =
            serde_json::from_str(text).map_err(|error| format!("it is no report: {error}"))?;
        if head.form != FORM {
            return Err(format!(
                "it is a report of form {} and this program reads form {FORM}: use the program that wrote it",
                head.form
            ));
        }
        serde_json::from_str(text).map_err(|error| format!("it is no report: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_back_as_it_was_written() {
        let report = crate::load::report::sample::full();
        let text = report.to_json();
        assert_eq!(Report::from_json(&text), Ok(report));
    }

    #[test]
    fn texts_that_are_no_reports_are_refused() {
        for (text, word) in [
            ("", "no report"),
            ("{}", "no report"),
            ("[]", "no report"),
            ("{\"form\": 2}", "form 2"),
            ("{\"form\": 1}", "no report"),
        ] {
            let complaint = Report::from_json(text).unwrap_err();
            assert!(complaint.contains(word), "{complaint}");
        }
    }
}
