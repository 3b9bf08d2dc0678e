//! CAP: which capabilities there are, and which this client wants (IRCv3 capability-negotiation).

use crate::protocol::irc::{
    caps::{CAPS, Cap, CapSet, Entry, find},
    codec::{message::Params, numeric::ERR_INVALIDCAPCMD},
    commands::register_account,
    sasl::mechanism::{LoginMeans, Mechanism},
    session::{register, request::Request, server_context::ServerContext},
};
use std::borrow::Cow;

/// Bytes of a line without its end.
const LINE_BYTES_MAX: usize = 510;

/// CAP.
pub(crate) fn cap(request: &mut Request<'_>, params: &Params<'_>) {
    let subcommand = params.at(0);
    match subcommand.to_ascii_uppercase().as_str() {
        "LS" => list_all(request, params.at(1)),
        "LIST" => {
            let names = request.irc.caps.names().map(str::to_owned).collect();
            say(request, "LIST", names, Continuation::Understood);
        }
        "REQ" => request_caps(request, params.at(1)),
        "END" => {
            if let Some(registration) = request.irc.registration() {
                registration.negotiating = false;
                register::complete(request);
            }
        }
        _ => request.reply(ERR_INVALIDCAPCMD, &[subcommand]),
    }
}

/// CAP LS: every name; with its value for clients of version 302, which also get changes.
fn list_all(request: &mut Request<'_>, version: &str) {
    let is_302 = version.parse().is_ok_and(|version: u32| version >= 302);
    if is_302 {
        request.irc.caps.set(Cap::CapNotify, true);
    }
    suspend(request);
    let ctx = &*request.ctx;
    let names = CAPS.iter().filter_map(|entry| {
        let value = value_of(entry, ctx)?;
        Some(match is_302 && !value.is_empty() {
            true => format!("{}={value}", entry.name),
            false => entry.name.to_owned(),
        })
    });
    let mut names: Vec<String> = names.collect();
    if is_302 {
        names.extend(sts(request));
    }
    let continuation = match is_302 {
        true => Continuation::Understood,
        false => Continuation::Unknown,
    };
    say(request, "LS", names, continuation);
}

/// The value of a capability for this client; `None`: it is not offered to it.
fn value_of(entry: &Entry, ctx: &dyn ServerContext) -> Option<Cow<'static, str>> {
    match entry.cap {
        Cap::AccountRegistration => Some(register_account::value(ctx)?.into()),
        Cap::Sasl => {
            let mechanisms = Mechanism::list(LoginMeans::of(ctx));
            (!mechanisms.is_empty()).then_some(mechanisms.into())
        }
        Cap::ChatHistory | Cap::EventPlayback => {
            let has_history = ctx.history_rules().is_some();
            has_history.then_some(entry.value.into())
        }
        _ => Some(entry.value.into()),
    }
}

/// The policy in the form for this connection (IRCv3 sts). It cannot be requested, hence it is no [`Cap`]: who asks for it
/// gets NAK as for any unknown name.
fn sts(request: &Request<'_>) -> Option<String> {
    let policy = request.ctx.server_info().sts?;
    Some(if request.ctx.is_secure() {
        format!("sts=duration={}", policy.duration)
    } else {
        format!("sts=port={}", policy.port)
    })
}

/// CAP REQ: all that was asked for, or none of it.
fn request_caps(request: &mut Request<'_>, wanted: &str) {
    suspend(request);
    let mut caps = request.irc.caps;
    for word in wanted.split_ascii_whitespace() {
        let (name, present) = match word.strip_prefix('-') {
            Some(name) => (name, false),
            None => (word, true),
        };
        let offered = find(name).filter(|entry| !present || value_of(entry, request.ctx).is_some());
        let Some(Entry { cap, .. }) = offered else {
            return answer(request, "NAK", wanted.trim_end());
        };
        caps.set(*cap, present);
    }
    answer(request, "ACK", wanted.trim_end());
    change(request, caps);
}

fn change(request: &mut Request<'_>, caps: CapSet) {
    request.irc.caps = caps;
    if request.irc.registered {
        request.ctx.set_flavour(request.irc.flavour());
    }
}

/// Registration waits for CAP END.
fn suspend(request: &mut Request<'_>) {
    if let Some(registration) = request.irc.registration() {
        registration.negotiating = true;
    }
}

fn answer(request: &mut Request<'_>, subcommand: &str, words: &str) {
    let (prefix, _, _) = request.split();
    let client = prefix.client.to_owned();
    request.line(|line| {
        let line = line.command("CAP").param(&client).param(subcommand);
        line.text(words)
    });
}

/// Whether a client understands that a list goes on in the next line (CAP LS 302).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Continuation {
    Understood,
    Unknown,
}

/// Names in as many lines as it takes. Clients that know of no continuation get one, which is short enough for all
/// names without values.
fn say(
    request: &mut Request<'_>,
    subcommand: &str,
    names: Vec<String>,
    continuation: Continuation,
) {
    let (prefix, _, _) = request.split();
    let client = prefix.client.to_owned();
    // One line if it can be: there are clients that read only one.
    let head = ": CAP   * :".len() + prefix.server.len() + client.len() + subcommand.len();
    let mut row = String::new();
    for name in names {
        let is_full = head + row.len() + 1 + name.len() > LINE_BYTES_MAX;
        if continuation == Continuation::Understood && !row.is_empty() && is_full {
            request.line(|line| {
                let line = line.command("CAP").param(&client).param(subcommand);
                line.param("*").text(&row)
            });
            row.clear();
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(&name);
    }
    answer(request, subcommand, &row);
}
