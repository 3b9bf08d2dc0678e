//! OPER: what is answered before and after the password was checked.

use super::{super::TryAgain, Stage};
use crate::protocol::Checked;
use std::time::Duration;

#[test]
fn an_operator_is_made_when_the_password_was_checked() {
    let mut stage = Stage::new();
    stage.world.server_info.operators = Box::new(["root".into()]);
    stage.register('a', "labeled-response batch");
    for (again, words) in [
        (TryAgain::Busy, "Please wait a while and try again"),
        (
            TryAgain::After(Duration::from_millis(1500)),
            "Too many wrong passwords; try again in 2 seconds",
        ),
    ] {
        stage.world.try_again = Some(again);
        stage.play(&format!("a> OPER other x\na< :srv 263 a OPER :{words}\n"));
    }
    stage.world.try_again = None;
    for (is_right, code) in [(false, " 464 "), (true, " 381 ")] {
        stage.send('a', "@label=o OPER root secret");
        assert_eq!(stage.world.checks.len(), 1);
        stage.world.checks.clear();
        assert!(stage.received('a').is_empty());
        let (_, seat, irc) = &mut stage.clients[0];
        assert!(irc.is_busy());
        irc.password_checked(Checked::Operator { is_right }, &mut stage.world.at(*seat));
        assert!(!irc.is_busy());
        let told = stage.received('a');
        assert!(told.iter().any(|line| line.contains(code)), "{told:?}");
        assert!(told[0].starts_with("@label=o "), "{told:?}");
    }
}
