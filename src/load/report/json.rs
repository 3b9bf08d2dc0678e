//! The report as JSON: its values by their names, and back.

use super::values::{FORM, Report};

impl Report {
    /// As JSON, to be kept and compared.
    pub fn to_json(&self) -> String {
        // Maps have texts for keys and there are no values that could not be written.
        let text = serde_json::to_string_pretty(self).expect("plain values");
        text + "\n"
    }

    /// Reads a report that [`Report::to_json`] wrote.
    ///
    /// # Errors
    /// It is no report, or one of another form; says which.
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
    fn what_is_no_report_is_refused() {
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
