//! The options of `madang bench hostile`.

use super::{
    common::{Common, look_up},
    values::{at_least_one, duration, rate, target},
};
use crate::{
    cli::failure::Failure,
    config::Host,
    load::{Attack, Hostile, Operator, Protocol, Rate, Scenario, Target},
};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use std::{env, time::Duration};

/// The variable for the operator's name and password, instead of `--oper`: every user of a machine can see arguments.
const OPERATOR_VARIABLE: &str = "MADANG_BENCH_OPER";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Attackers of each attack; five times as many of those that do not register
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clients())]
    clients: u32,
    /// Those who only send PINGs
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = at_least_one())]
    victims: u32,
    /// PINGs a second from each victim; the server must allow that many
    #[arg(long, value_name = "RATE", default_value = "10/s", value_parser = rate)]
    rate: Rate,
    /// How long each attack lasts
    #[arg(long = "for", value_name = "TIME", default_value = "3s", value_parser = duration)]
    time: Duration,
    /// Silence before each attack, so that what a server allows at once is allowed again
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = duration)]
    rest: Duration,
    /// Rooms with full lists that the attackers create and join
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = rooms())]
    rooms: u32,
    /// Masks in each list of these rooms: bans, and as many exceptions
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = rooms())]
    masks: u32,
    /// Which attack; repeat for more [default: all]
    #[arg(long, value_name = "NAME", value_parser = attack())]
    attack: Vec<Attack>,
    /// Where the same server is called by another protocol (telnet://, ws://), for the attacks on it; repeat for more
    #[arg(long, value_name = "URL", value_parser = target)]
    also: Vec<(Protocol, Host, u16)>,
    /// An operator of the server, for the attack by bans; or in the variable MADANG_BENCH_OPER
    #[arg(long, value_name = "NAME:PASSWORD", value_parser = operator)]
    oper: Option<Operator>,
    /// The run fails if a PING takes longer
    #[arg(long, value_name = "TIME", value_parser = duration)]
    at_most: Option<Duration>,
    #[command(flatten)]
    common: Common,
}

/// Names have room for five digits.
fn clients() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=10_000)
}

/// More than any server allows.
fn rooms() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=1000)
}

fn attack() -> impl clap::builder::TypedValueParser<Value = Attack> {
    let names: Vec<&str> = Attack::names().collect();
    // The parser accepts no other names.
    PossibleValuesParser::new(names).map(|name| Attack::named(&name).unwrap_or(Attack::Quiet))
}

fn operator(text: &str) -> Result<Operator, String> {
    let wrong = || "write it as NAME:PASSWORD, without spaces".to_owned();
    let (name, password) = text.split_once(':').ok_or_else(wrong)?;
    let is_word = |word: &str| {
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control();
        !word.is_empty() && !word.starts_with(':') && word.chars().all(is_plain)
    };
    if !is_word(name) || !is_word(password) || text.len() > 400 {
        return Err(wrong());
    }
    Ok(Operator {
        name: name.into(),
        password: password.into(),
    })
}

/// The operator of the variable; an empty variable counts as none.
fn from_variable(value: Option<String>) -> Result<Option<Operator>, Failure> {
    let value = value.filter(|value| !value.is_empty());
    let wrong = |why| Failure::Usage(format!("{OPERATOR_VARIABLE}: {why}"));
    let found = value.map(|value| operator(&value).map_err(wrong));
    found.transpose()
}

impl Args {
    /// The scenario and the common options.
    ///
    /// # Errors
    /// A host is not found, or the variable cannot be parsed.
    pub(super) fn into_parts(self) -> Result<(Box<dyn Scenario>, Common), Failure> {
        let mut also = Vec::new();
        for (protocol, host, port) in self.also {
            also.push(Target {
                protocol,
                authority: format!("{host}:{port}"),
                address: look_up(&host, port)?,
            });
        }
        let operator = match self.oper {
            Some(operator) => Some(operator),
            None => from_variable(env::var(OPERATOR_VARIABLE).ok())?,
        };
        let mut attacks = self.attack;
        if attacks.is_empty() {
            attacks = Attack::names().filter_map(Attack::named).collect();
        }
        let hostile = Hostile {
            attacks,
            attackers: self.clients as usize,
            victims: self.victims as usize,
            rate: self.rate,
            time: self.time,
            rest: self.rest,
            rooms: self.rooms as usize,
            masks: self.masks as usize,
            also,
            operator,
            at_most: self.at_most,
        };
        Ok((Box::new(hostile), self.common))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_a_name_and_a_password() {
        let found = operator("root:se:same").unwrap();
        assert_eq!((&*found.name, &*found.password), ("root", "se:same"));
        assert!(!format!("{found:?}").contains("same"));
        for wrong in [
            "",
            "root",
            ":x",
            "root:",
            "ro ot:x",
            "root:x y",
            "root::x",
            "root:x\r\nQUIT",
        ] {
            assert!(operator(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_empty_variable_is_as_good_as_none() {
        let found = |value: Option<&str>| from_variable(value.map(str::to_owned));
        assert!(found(None).unwrap().is_none());
        assert!(found(Some("")).unwrap().is_none());
        assert_eq!(found(Some("root:x")).unwrap().unwrap().name, "root");
        let complaint = found(Some("root")).unwrap_err().to_string();
        assert!(complaint.contains("MADANG_BENCH_OPER"), "{complaint}");
    }
}
