//! NickServ's SESSIONS: the connections of one's own account, and the end of some of them.
//!
//! Does not know how a connection is closed.

use super::{
    nickserv::own_account,
    reply::{Outcome, Reply, Trouble, one},
};
use crate::protocol::{Context, SessionLine, time::span};

pub(super) fn sessions(ctx: &mut dyn Context, text: &str) -> Outcome {
    own_account(ctx)?;
    let all = ctx.sessions();
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    let (what, which) = (words.next().unwrap_or_default(), words.next());
    match (&*what.to_ascii_uppercase(), which) {
        ("", None) => Ok(Reply::Lines(list(ctx, &all))),
        ("END", Some(which)) if which.eq_ignore_ascii_case("OTHERS") => {
            let others: Vec<_> = all.iter().filter(|session| !session.is_own).collect();
            others
                .iter()
                .for_each(|session| ctx.end_session(session.id));
            Ok(one(match others.len() {
                0 => "this is the only connection of your account".to_owned(),
                1 => "1 connection is ended".to_owned(),
                count => format!("{count} connections are ended"),
            }))
        }
        ("END", Some(which)) => {
            let wanted = which.parse::<usize>().ok();
            let found = wanted.and_then(|number| all.get(number.checked_sub(1)?));
            let session = found.ok_or(Trouble::Other("there is no such connection"))?;
            if session.is_own {
                return Err(Trouble::Other("that is this connection; QUIT ends it"));
            }
            ctx.end_session(session.id);
            Ok(one("that connection is ended"))
        }
        _ => Err(Trouble::Usage),
    }
}

fn list(ctx: &dyn Context, all: &[SessionLine]) -> Vec<String> {
    let now = ctx.now().moment;
    let row = |(index, session): (usize, &SessionLine)| {
        let nick = ctx.hub().user(session.id.user);
        let nick = nick.map_or("", |user| user.nick().as_str());
        let since = session.since.map(|since| span(now.since(since)));
        let mut line = format!("{}. {nick} by {}", index + 1, session.protocol);
        for (before, part) in [
            (" from ", Some(session.address.to_string())),
            (", for ", since),
            (", ", session.is_away.then(|| "away".to_owned())),
            (", ", session.is_own.then(|| "this one".to_owned())),
        ] {
            if let Some(part) = part.filter(|part| !part.is_empty()) {
                line.extend([before, &part]);
            }
        }
        line
    };
    all.iter().enumerate().map(row).collect()
}
