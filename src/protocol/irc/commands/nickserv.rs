//! NickServ, by message or by the commands NS and NICKSERV.
//!
//! Owns nothing; the commands are in [`services`].

use crate::protocol::{
    irc::{
        codec::{line::Line, message::Params},
        session::{
            request::Request,
            state::{Asked, Pending},
        },
    },
    services::{self, NICKSERV, Reply},
};

/// NS and NICKSERV: the same as a message to NickServ.
pub(crate) fn ns(request: &mut Request<'_>, params: &Params<'_>) {
    let words: Vec<&str> = (0..).map_while(|index| params.get(index)).collect();
    to_service(request, &words.join(" "));
}

/// Whether a message goes to a service; then it is handled. `answers`: a NOTICE is never answered.
pub(crate) fn is_to_service(
    request: &mut Request<'_>,
    target: &str,
    text: &str,
    answers: bool,
) -> bool {
    let is_service = target.eq_ignore_ascii_case(NICKSERV);
    if is_service && request.ctx.account_rules().is_none() {
        return false;
    }
    if is_service && answers {
        to_service(request, text);
    }
    is_service
}

fn to_service(request: &mut Request<'_>, text: &str) {
    request.flush();
    match services::run(text, request.ctx) {
        Reply::Lines(lines) => lines.iter().for_each(|line| say(request, line)),
        Reply::Refused(why) => say(request, &why),
        Reply::Later => {
            let asked = Asked::Service;
            request.irc.cold().pending = Some(Pending::Account { asked, label: None });
        }
    }
}

/// A line of NickServ's.
pub(super) fn say(request: &mut Request<'_>, text: &str) {
    let (prefix, _, out) = request.split();
    let source = format_args!("{NICKSERV}!{NICKSERV}@{}", prefix.server);
    let line = Line::new(out).source(source).command("NOTICE");
    line.param(prefix.client).text(text).end();
}
