//! Registration: from the first line to the welcome ("Modern IRC", section Connection Setup).
//!
//! PASS, NICK, USER and CAP come in any order. When there are a name and a user, and nothing is being negotiated, the
//! newcomer is let in or told why not. Owns what is said until then. Does not know deadlines; the server does.

use super::{call::Call, caps::Cap, message::Params, numeric::*};
use crate::{
    chat::{
        Command, Nick, Profile, Refusal, ServerPassword, cut, mode::Letter as _,
        user::USERNAME_BYTES_MAX,
    },
    protocol::{PasswordCheck, TurnedAway, seconds_to_wait},
};

/// What a newcomer has said so far.
#[derive(Debug, Default)]
pub(super) struct Registration {
    nick: Option<Nick>,
    user: Option<Named>,
    /// CAP LS or REQ came, and CAP END did not.
    pub(super) negotiating: bool,
    password: Option<Box<str>>,
    /// AWAY before registration (IRCv3 draft/pre-away).
    pub(super) away: Option<Box<str>>,
}

impl Registration {
    /// Bytes of memory outside of the record.
    pub(super) fn memory(&self) -> usize {
        let length = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let user = self.user.as_ref();
        let user = user.map_or(0, |user| user.username.len() + user.realname.len());
        user + length(&self.password) + length(&self.away)
    }
}

/// What USER says.
#[derive(Debug)]
struct Named {
    username: Box<str>,
    realname: Box<str>,
}

/// PASS.
pub(super) fn pass(call: &mut Call<'_>, params: &Params<'_>) {
    let password = params.at(0).into();
    if let Some(registration) = call.irc.registration() {
        registration.password = Some(password);
    }
}

/// NICK before registration.
pub(super) fn nick(call: &mut Call<'_>, params: &Params<'_>) {
    let text = params.at(0);
    let nick = match Nick::parse(text, call.ctx.hub().rules()) {
        Ok(nick) => nick,
        Err(error) => return call.refuse_nick(text, error),
    };
    if call.ctx.hub().is_reserved(&nick) {
        return call.refuse(&Refusal::NickReserved { nick });
    }
    if call.ctx.hub().find_user(nick.as_str()).is_some() {
        return call.reply(ERR_NICKNAMEINUSE, &[text]);
    }
    if let Some(registration) = call.irc.registration() {
        registration.nick = Some(nick);
    }
    complete(call);
}

/// USER.
pub(super) fn user(call: &mut Call<'_>, params: &Params<'_>) {
    let (username, realname) = (params.at(0), params.at(3));
    if username.is_empty() || realname.is_empty() {
        return call.reply(ERR_NEEDMOREPARAMS, &["USER"]);
    }
    let named = Named {
        username: fit_username(username).into(),
        realname: cut(realname, call.ctx.hub().limits().realname_bytes).into(),
    };
    if let Some(registration) = call.irc.registration() {
        registration.user = Some(named);
    }
    complete(call);
}

/// A user name as it is shown: nobody vouches for it, so it begins with `~` (RFC 1413's absence), and what would
/// break a mask is left out. Cut here to what will be shown, for a ban is compared with that before anyone is in.
fn fit_username(text: &str) -> String {
    let fit = |c: &char| c.is_alphanumeric() || "-._[]{}\\|`^".contains(*c);
    let kept: String = text.trim_start_matches('~').chars().filter(fit).collect();
    if kept.is_empty() {
        return "~user".into();
    }
    cut(&format!("~{kept}"), USERNAME_BYTES_MAX).to_owned()
}

/// Lets the newcomer in if they have said everything.
pub(super) fn complete(call: &mut Call<'_>) {
    let Some(registration) = call.irc.registration() else {
        return;
    };
    if registration.negotiating || registration.nick.is_none() || registration.user.is_none() {
        return;
    }
    let (Some(nick), Some(user)) = (registration.nick.take(), registration.user.take()) else {
        return;
    };
    let password = registration.password.take();
    if !gives_password(call, password.as_deref().unwrap_or_default()) {
        return call.turn_away(TurnedAway::BadPassword, "Bad password");
    }
    call.flush();
    let profile = Profile {
        username: user.username.clone(),
        realname: user.realname.clone(),
        password: ServerPassword::Correct,
        ..Profile::default()
    };
    let refusal = match call.ctx.enter(nick.clone(), profile) {
        Ok(_) => return welcome(call),
        Err(refusal) => refusal,
    };
    match &refusal {
        Refusal::Full => return call.turn_away(TurnedAway::Full, "Server is full"),
        Refusal::BannedFromServer { reason } => {
            call.refuse(&refusal);
            return call.turn_away(TurnedAway::Banned, &format!("Banned: {reason}"));
        }
        Refusal::PasswordRequired => {
            call.refuse(&refusal);
            return call.turn_away(TurnedAway::BadPassword, "Bad password");
        }
        Refusal::NickReserved { .. } => call.refuse(&refusal),
        _ => call.reply(ERR_NICKNAMEINUSE, &[nick.as_str()]),
    }
    // The client may send another NICK; the rest of its registration stays.
    if let Some(registration) = call.irc.registration() {
        registration.user = Some(user);
        registration.password = password;
    }
}

/// Whether the client gave the server's password, if there is one; if not, the answer says so.
fn gives_password(call: &mut Call<'_>, given: &str) -> bool {
    match call.ctx.check_password(given.as_bytes()) {
        PasswordCheck::Right => return true,
        PasswordCheck::Wrong => call.reply(ERR_PASSWDMISMATCH, &[]),
        PasswordCheck::TooSoon(wait) => {
            let seconds = seconds_to_wait(wait);
            call.reply_with(
                ERR_PASSWDMISMATCH,
                &[],
                format_args!("Too many wrong passwords; try again in {seconds} seconds"),
            );
        }
    }
    false
}

/// A welcome without a message of the day takes some 1,500 bytes.
const WELCOME_BYTES: usize = 2048;

fn welcome(call: &mut Call<'_>) {
    let away = call.irc.finish_registration().and_then(|said| said.away);
    call.ctx.set_flavour(call.irc.flavour());
    call.reserve(WELCOME_BYTES);
    greet(call);
    super::commands::isupport(call);
    super::commands::lusers(call);
    super::commands::motd(call);
    let modes = call.ctx.server_info().default_user_modes;
    if !modes.is_empty() {
        let letters: String = modes.iter().map(|mode| mode.letter()).collect();
        let (heading, _, _) = call.parts();
        let nick = heading.client.to_owned();
        call.line(|line| {
            line.command("MODE")
                .param(&nick)
                .param(format_args!("+{letters}"))
        });
    }
    if let Some(text) = away {
        call.apply_or_refuse(Command::SetAway { text: Some(&text) });
    }
}

fn greet(call: &mut Call<'_>) {
    let server_info = call.ctx.server_info();
    let (name, network, started) = (
        server_info.name.clone(),
        server_info.network.clone(),
        server_info.started,
    );
    let version = super::server_context::ServerInfo::VERSION;
    if let Some((heading, _, out, _, user)) = call.parts_with_me() {
        heading
            .numeric(RPL_WELCOME, out)
            .text(format_args!(
                "Welcome to the {network} Network, {}",
                user.mask()
            ))
            .end();
    }
    let words = ["Your host is ", &name, ", running version ", version];
    call.reply_words(RPL_YOURHOST, &[], &words.concat());
    let started = super::time::Iso(started.wall).to_string();
    let words = ["This server was created ", &started];
    call.reply_words(RPL_CREATED, &[], &words.concat());
    let [users, rooms, with_params] = super::commands::mode_letters();
    call.reply_params(RPL_MYINFO, &[&name, version, users, rooms, with_params]);
}

/// AUTHENTICATE: there are no accounts yet, so it fails whatever the mechanism (IRCv3 sasl-3.1).
pub(super) fn authenticate(call: &mut Call<'_>, _params: &Params<'_>) {
    call.reply(ERR_SASLFAIL, &[]);
}

/// AWAY before registration (IRCv3 draft/pre-away).
pub(super) fn away(call: &mut Call<'_>, params: &Params<'_>) {
    if !call.irc.caps.has(Cap::PreAway) {
        return call.reply(ERR_NOTREGISTERED, &[]);
    }
    let text = params.get(0).map(Box::from);
    let numeric = if text.is_some() {
        RPL_NOWAWAY
    } else {
        RPL_UNAWAY
    };
    if let Some(registration) = call.irc.registration() {
        registration.away = text;
    }
    call.reply(numeric, &[]);
}
