//! Registration: from the first line to the welcome ("Modern IRC", section Connection Setup).
//!
//! PASS, NICK, USER and CAP come in any order. When there are a name and a user, and nothing is being negotiated, the
//! client enters the hub, or learns why not. Does not know deadlines; the server does.

use super::{request::Request, resume, state::UserParams};
use crate::{
    chat::{
        Command, Nick, Profile, Refusal, ServerPassword, cut,
        mode::{Letter as _, UserModes},
        persona::USERNAME_BYTES_MAX,
    },
    protocol::{
        Entered, PasswordCheck, TurnedAway,
        irc::{
            caps::Cap,
            codec::{message::Params, numeric::*},
            commands::{rooms, server},
        },
        seconds_to_wait,
    },
};

/// PASS.
pub(crate) fn pass(request: &mut Request<'_>, params: &Params<'_>) {
    let password = params.at(0).into();
    if let Some(registration) = request.irc.registration() {
        registration.password = Some(password);
    }
}

/// NICK before registration.
pub(crate) fn nick(request: &mut Request<'_>, params: &Params<'_>) {
    let text = params.at(0);
    let nick = match Nick::parse(text, request.ctx.hub().rules()) {
        Ok(nick) => nick,
        Err(error) => return request.refuse_nick(text, error),
    };
    if request.ctx.hub().is_reserved(&nick) {
        return request.refuse(&Refusal::NickReserved { nick });
    }
    if !may_become_free(request, &nick) {
        return request.reply(ERR_NICKNAMEINUSE, &[text]);
    }
    if let Some(registration) = request.irc.registration() {
        registration.nick = Some(nick);
    }
    complete(request);
}

/// Whether a client may have this nick when its registration is done: nobody has it, or a user whom the client resumes, or
/// one with an account, in which the client may be by then.
fn may_become_free(request: &mut Request<'_>, nick: &Nick) -> bool {
    let hub = request.ctx.hub();
    let Some(bearer) = hub.find_user(nick.as_str()) else {
        return true;
    };
    let has_account = hub.user(bearer).is_some_and(|it| it.account_id().is_some());
    let resumes = request.irc.registration().and_then(|it| it.resumes);
    has_account || resumes.is_some_and(|session| session.user == bearer)
}

/// USER.
pub(crate) fn user(request: &mut Request<'_>, params: &Params<'_>) {
    let (username, realname) = (params.at(0), params.at(3));
    if username.is_empty() || realname.is_empty() {
        return request.reply(ERR_NEEDMOREPARAMS, &["USER"]);
    }
    let named = UserParams {
        username: fit_username(username).into(),
        realname: cut(realname, request.ctx.hub().limits().realname_bytes).into(),
    };
    if let Some(registration) = request.irc.registration() {
        registration.user = Some(named);
    }
    complete(request);
}

/// A user name as it is shown: it is not verified, so it begins with `~` (no RFC 1413), and characters that would break a
/// mask are left out. Cut here to what will be shown, for bans are compared with that.
fn fit_username(text: &str) -> String {
    let fit = |c: &char| c.is_alphanumeric() || "-._[]{}\\|`^".contains(*c);
    let kept: String = text.trim_start_matches('~').chars().filter(fit).collect();
    if kept.is_empty() {
        return "~user".into();
    }
    cut(&format!("~{kept}"), USERNAME_BYTES_MAX).to_owned()
}

/// Makes the client a user if it has sent all that is needed.
pub(crate) fn complete(request: &mut Request<'_>) {
    let Some(registration) = request.irc.registration() else {
        return;
    };
    if registration.negotiating || registration.nick.is_none() || registration.user.is_none() {
        return;
    }
    if request.irc.is_logging_in() {
        return;
    }
    let Some(registration) = request.irc.registration() else {
        return;
    };
    let (Some(nick), Some(user)) = (registration.nick.take(), registration.user.take()) else {
        return;
    };
    let (password, mut account) = (registration.password.take(), registration.account);
    if !gives_password(request, password.as_deref().unwrap_or_default()) {
        return request.turn_away(TurnedAway::BadPassword, "Bad password");
    }
    request.flush();
    if let Some(resumed) = request.irc.registration().and_then(|it| it.resumes.take()) {
        // The token proves that it is the same client, and so the login goes on too.
        let old = request.ctx.hub().user(resumed.user);
        account = account.or(old.and_then(|user| user.account_id()));
        request.ctx.end_resumed(resumed);
    }
    let is_usable = |id| {
        let info = request.ctx.account_info(id);
        info.is_some_and(|info| info.suspension.is_none())
    };
    if account.is_some_and(|id| !is_usable(id)) {
        account = None;
        request.notice("the account was ended or suspended meanwhile: you are not logged in");
        request.flush();
    }
    let profile = Profile {
        username: user.username.clone(),
        realname: user.realname.clone(),
        password: ServerPassword::Correct,
        account,
        ..Profile::default()
    };
    let refusal = match request.ctx.enter(nick.clone(), profile) {
        Ok(entered) => return welcome(request, entered),
        Err(refusal) => refusal,
    };
    match &refusal {
        Refusal::Full => return request.turn_away(TurnedAway::Full, "Server is full"),
        Refusal::TooManySessions => {
            return request.turn_away(TurnedAway::Full, &refusal.to_string());
        }
        Refusal::BannedFromServer { reason } => {
            request.refuse(&refusal);
            return request.turn_away(TurnedAway::Banned, &format!("Banned: {reason}"));
        }
        Refusal::PasswordRequired => {
            request.refuse(&refusal);
            return request.turn_away(TurnedAway::BadPassword, "Bad password");
        }
        Refusal::NickReserved { .. } | Refusal::NickOwned { .. } => request.refuse(&refusal),
        _ => request.reply(ERR_NICKNAMEINUSE, &[nick.as_str()]),
    }
    // The client may send another NICK; the rest of its registration stays.
    if let Some(registration) = request.irc.registration() {
        registration.user = Some(user);
        registration.password = password;
    }
}

/// Whether the client gave the server's password, if there is one; if not, the answer reports it.
fn gives_password(request: &mut Request<'_>, given: &str) -> bool {
    match request.ctx.check_password(given.as_bytes()) {
        PasswordCheck::Right => return true,
        PasswordCheck::Wrong => request.reply(ERR_PASSWDMISMATCH, &[]),
        PasswordCheck::TooSoon(wait) => {
            let seconds = seconds_to_wait(wait);
            request.reply_with(
                ERR_PASSWDMISMATCH,
                &[],
                format_args!("Too many wrong passwords; try again in {seconds} seconds"),
            );
        }
    }
    false
}

/// A welcome takes some 1,500 bytes, the default message of the day 600 more, and the first room 300.
const WELCOME_BYTES: usize = 3072;

fn welcome(request: &mut Request<'_>, entered: Entered) {
    let away = request.irc.finish_registration().and_then(|said| said.away);
    request.ctx.set_flavour(request.irc.flavour());
    request.reserve(WELCOME_BYTES);
    greet(request);
    server::isupport(request);
    server::lusers(request);
    server::motd(request);
    let me = request.ctx.hub().user(entered.user());
    let modes = me.map_or(UserModes::EMPTY, |me| me.modes());
    if !modes.is_empty() {
        let letters: String = modes.iter().map(|mode| mode.letter()).collect();
        let (prefix, _, _) = request.split();
        let nick = prefix.client.to_owned();
        request.line(|line| {
            line.command("MODE")
                .param(&nick)
                .param(format_args!("+{letters}"))
        });
    }
    if let Some(text) = away {
        request.apply_or_refuse(Command::SetAway { text: Some(&text) });
    }
    resume::send_token(request);
    // With the welcome, and not after some wait for the client's own JOIN: no deadline for each session, and a client sees
    // the same each time. A client that joins rooms by itself is in both.
    match entered {
        Entered::New(_) => rooms::join_at_start(request),
        Entered::Attached(_) => rooms::show_all(request),
    }
}

fn greet(request: &mut Request<'_>) {
    let network = request.ctx.server_info().network.clone();
    if let Some((prefix, _, out, _, user)) = request.split_with_user() {
        let (nick, username, host) = (user.nick().as_str(), user.username(), user.host());
        let mask = [nick, "!", username, "@", host].concat();
        let words = ["Welcome to the ", &network, " Network, ", &mask].concat();
        prefix.numeric(RPL_WELCOME, out).words(&words).end();
    }
    request.ready(|info| &info.greeting);
}

/// AWAY before registration (IRCv3 draft/pre-away).
pub(crate) fn away(request: &mut Request<'_>, params: &Params<'_>) {
    if !request.irc.caps.has(Cap::PreAway) {
        return request.reply(ERR_NOTREGISTERED, &[]);
    }
    let text = params.get(0).map(Box::from);
    let numeric = if text.is_some() {
        RPL_NOWAWAY
    } else {
        RPL_UNAWAY
    };
    if let Some(registration) = request.irc.registration() {
        registration.away = text;
    }
    request.reply(numeric, &[]);
}
