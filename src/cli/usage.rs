//! clap's messages in madang's form: help goes to stdout, an error becomes one line with its remedy.
//!
//! Owns only that translation. Knows no commands and no flags.

use clap::{Error, error::ErrorKind};

use super::{failure::Failure, stdout::accept_closed_pipe};

/// Prints help or the version if that is what was asked for; anything else is the user's error.
pub(super) fn answer(error: &Error) -> Result<(), Failure> {
    match error.kind() {
        // clap knows whether stdout takes colours.
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => accept_closed_pipe(error.print()),
        _ => Err(Failure::Usage(one_line(&error.to_string()))),
    }
}

/// Makes one line of clap's paragraphs: the error; its tip, or else the usage; where to read more.
fn one_line(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let mut line = String::new();
    let mut has_tip = false;
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        if part.starts_with("For more information") {
            continue;
        }
        let tip = part.strip_prefix("tip: ");
        has_tip |= tip.is_some();
        if let Some(usage) = part.strip_prefix("Usage: ") {
            if !has_tip {
                line += &format!("; usage: {usage}");
            }
            break;
        }
        line += match (line.is_empty(), tip) {
            (true, _) => "",
            (false, Some(_)) => "; ",
            (false, None) => " ",
        };
        line += tip.unwrap_or(part);
    }
    line + " (more: --help)"
}
