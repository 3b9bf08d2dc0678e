//! The options of `madang bench login`.

use super::{
    super::failure::Failure,
    common::Common,
    values::{at_least_one, duration, rate},
};
use crate::load::{Login, Rate, Scenario};
use std::{env, time::Duration};

/// The variable for the account's name and password. There is no option: every user of a machine can see arguments.
const ACCOUNT_VARIABLE: &str = "MADANG_BENCH_ACCOUNT";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many clients log in
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = at_least_one())]
    connections: u32,
    /// PINGs a second of ten clients that do not log in, together
    #[arg(long, value_name = "RATE", default_value = "50/s", value_parser = rate)]
    rate: Rate,
    /// How long to wait for the last answer
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = duration)]
    patience: Duration,
    #[command(flatten)]
    common: Common,
}

impl Args {
    /// The scenario and the common options.
    ///
    /// # Errors
    /// The variable cannot be parsed.
    pub(super) fn into_parts(self) -> Result<(Box<dyn Scenario>, Common), Failure> {
        let login = Login {
            connections: self.connections as usize,
            account: account(env::var(ACCOUNT_VARIABLE).ok())?,
            rate: self.rate,
            patience: self.patience,
        };
        Ok((Box::new(login), self.common))
    }
}

/// The account of the variable; an empty variable counts as none.
fn account(value: Option<String>) -> Result<Option<(String, String)>, Failure> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    match value.split_once(':') {
        // One line of IRC has room for it, in base64.
        Some((name, password)) if !name.is_empty() && !password.is_empty() && value.len() < 250 => {
            Ok(Some((name.into(), password.into())))
        }
        _ => Err(Failure::Usage(format!(
            "{ACCOUNT_VARIABLE}: write it as NAME:PASSWORD"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_a_name_and_a_password() {
        let parsed = |text: &str| account(Some(text.into())).ok();
        let whole = Some(("alice".into(), "a:b c".into()));
        assert_eq!(parsed("alice:a:b c"), Some(whole));
        assert_eq!(parsed(""), Some(None));
        for wrong in ["alice", ":x", "alice:", &format!("a:{}", "x".repeat(250))] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
