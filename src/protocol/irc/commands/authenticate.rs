//! AUTHENTICATE: logging in by SASL (IRCv3 sasl-3.1, sasl-3.2).
//!
//! Works with and without the capability, before and after registration. Registration waits for an exchange that goes on.

use crate::{
    chat::{AccountId, Command, hub::Hub},
    protocol::{
        account::{AccountError, AccountOutcome},
        irc::{
            codec::{line::Line, message::Params, numeric::*},
            sasl::{
                exchange::{Exchange, Progress},
                mechanism::{LoginMeans, Mechanism},
                message::{PIECE_BYTES, pieces_of},
            },
            session::{
                register,
                request::Request,
                state::{Asked, Pending},
            },
        },
    },
};

/// AUTHENTICATE.
pub(crate) fn authenticate(request: &mut Request<'_>, params: &Params<'_>) {
    let exchange = request.irc.cold().exchange.take();
    match exchange {
        Some(exchange) => go_on(request, *exchange, params.at(0)),
        None => begin(request, params.at(0)),
    }
    register::complete(request);
}

fn begin(request: &mut Request<'_>, name: &str) {
    let means = LoginMeans::of(request.ctx);
    let is_logged_in = request
        .irc
        .registration()
        .is_some_and(|it| it.account.is_some());
    if name == "*" {
        return request.reply(ERR_SASLABORTED, &[]);
    }
    if name.len() > PIECE_BYTES {
        return request.reply(ERR_SASLTOOLONG, &[]);
    }
    // A user may log in to another account; a client that is not one yet has only just done it.
    if is_logged_in {
        return request.reply(ERR_SASLALREADY, &[]);
    }
    let Some(mechanism) = Mechanism::find(name, means) else {
        if means.accounts {
            request.reply(RPL_SASLMECHS, &[&Mechanism::list(means)]);
        }
        return request.reply(ERR_SASLFAIL, &[]);
    };
    request.irc.cold().exchange = Some(Box::new(Exchange::new(mechanism)));
    write_message(request, b"");
}

fn go_on(request: &mut Request<'_>, exchange: Exchange, piece: &str) {
    let (exchange, progress) = exchange.push(piece, request.ctx);
    request.irc.cold().exchange = exchange.map(Box::new);
    match progress {
        Progress::Aborted => request.reply(ERR_SASLABORTED, &[]),
        Progress::Challenge(message) => write_message(request, message.as_bytes()),
        Progress::Checking => {
            let asked = Asked::Sasl;
            request.irc.cold().pending = Some(Pending::Account { asked, label: None });
        }
        Progress::Incomplete => {}
        Progress::Proved(account) => finish(request, account),
        Progress::Refused(refusal) => refuse(request, &refusal),
        Progress::TooLong => request.reply(ERR_SASLTOOLONG, &[]),
    }
}

/// The password of PLAIN was checked.
pub(crate) fn done(request: &mut Request<'_>, outcome: Result<AccountOutcome, AccountError>) {
    match outcome {
        Ok(AccountOutcome::LoggedIn(account)) => finish(request, account),
        Ok(_) => debug_assert!(false, "a login has no other outcome"),
        Err(refusal) => refuse(request, &refusal),
    }
    register::complete(request);
}

fn finish(request: &mut Request<'_>, account: AccountId) {
    match log_in(request, account) {
        Ok(()) => request.reply(RPL_SASLSUCCESS, &[]),
        Err(refusal) => refuse(request, &refusal),
    }
}

/// Logs the client in, or notes that it is when it becomes a user.
pub(crate) fn log_in(request: &mut Request<'_>, account: AccountId) -> Result<(), AccountError> {
    if request.ctx.hub().accounts().name(account).is_none() {
        // It was ended a moment ago.
        return Err(AccountError::Wrong);
    }
    if request.irc.registered {
        request.apply(Command::LogIn { account })?;
    } else if let Some(registration) = request.irc.registration() {
        registration.account = Some(account);
    }
    let mask = mask(request);
    let (prefix, hub, out) = request.split();
    let name = name_of(hub, account);
    let line = prefix.numeric(RPL_LOGGEDIN, out).word(&mask).word(name);
    line.text(format_args!("You are now logged in as {name}"))
        .end();
    Ok(())
}

fn name_of(hub: &Hub, account: AccountId) -> &str {
    hub.accounts()
        .name(account)
        .map_or("*", |name| name.as_str())
}

/// `nick!user@host`, as far as these are known before registration.
fn mask(request: &mut Request<'_>) -> String {
    if let Some((.., user)) = request.split_with_user() {
        return user.mask().to_string();
    }
    let host = request.ctx.host();
    let (nick, username) = match request.irc.registration() {
        Some(registration) => registration.shown(),
        None => ("*", "*"),
    };
    format!("{nick}!{username}@{host}")
}

/// Answers why the client is not logged in.
fn refuse(request: &mut Request<'_>, refusal: &AccountError) {
    let words = ERR_SASLFAIL.words;
    match refusal {
        AccountError::Suspended { .. } => request.reply_with(ERR_NICKLOCKED, &[], refusal),
        AccountError::Wrong => request.reply(ERR_SASLFAIL, &[]),
        _ => request.reply_with(ERR_SASLFAIL, &[], format_args!("{words}: {refusal}")),
    }
}

/// A message of ours. Lines without a source, as the specification has them.
fn write_message(request: &mut Request<'_>, message: &[u8]) {
    for piece in pieces_of(message) {
        let (_, _, out) = request.split();
        Line::new(out).command("AUTHENTICATE").word(&piece).end();
    }
}
