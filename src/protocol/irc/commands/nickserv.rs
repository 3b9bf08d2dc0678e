//! NickServ and ChanServ, by message or by the commands NS, NICKSERV, CS and CHANSERV.
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
    services::{self, CHANSERV, NICKSERV, Reply},
};

/// NS and NICKSERV: the same as a message to NickServ.
pub(crate) fn ns(request: &mut Request<'_>, params: &Params<'_>) {
    to_service(request, NICKSERV, &words_of(params));
}

/// CS and CHANSERV: the same as a message to ChanServ.
pub(crate) fn cs(request: &mut Request<'_>, params: &Params<'_>) {
    to_service(request, CHANSERV, &words_of(params));
}

fn words_of(params: &Params<'_>) -> String {
    let words: Vec<&str> = (0..).map_while(|index| params.get(index)).collect();
    words.join(" ")
}

/// Whether a message goes to a service; then it is handled. `answers`: a NOTICE is never answered.
pub(crate) fn is_to_service(
    request: &mut Request<'_>,
    target: &str,
    text: &str,
    answers: bool,
) -> bool {
    let services = [NICKSERV, CHANSERV];
    let service = services
        .into_iter()
        .find(|name| target.eq_ignore_ascii_case(name));
    let Some(service) = service else {
        return false;
    };
    if request.ctx.account_rules().is_none() {
        return false;
    }
    if answers {
        to_service(request, service, text);
    }
    true
}

fn to_service(request: &mut Request<'_>, service: &str, text: &str) {
    request.flush();
    let reply = match service {
        CHANSERV => services::run_room(text, request.ctx),
        _ => services::run(text, request.ctx),
    };
    match reply {
        Reply::Lines(lines) => lines.iter().for_each(|line| say(request, service, line)),
        Reply::Refused(why) => say(request, service, &why),
        Reply::Later => {
            let asked = Asked::Service;
            request.irc.cold().pending = Some(Pending::Account { asked, label: None });
        }
    }
}

/// A line of a service.
pub(super) fn say(request: &mut Request<'_>, service: &str, text: &str) {
    let (prefix, _, out) = request.split();
    let source = format_args!("{service}!{service}@{}", prefix.server);
    let line = Line::new(out).source(source).command("NOTICE");
    line.param(prefix.client).text(text).end();
}
