//! CAP: which capabilities there are, and which this client wants (IRCv3 capability-negotiation).

use crate::protocol::irc::{
    call::Call,
    caps::{CAPS, Cap, CapSet, find},
    message::Params,
    numeric::ERR_INVALIDCAPCMD,
    register,
};

/// Bytes of a line without its end.
const LINE_BYTES_MAX: usize = 510;

/// CAP.
pub(in super::super) fn cap(call: &mut Call<'_>, params: &Params<'_>) {
    let subcommand = params.at(0);
    match subcommand.to_ascii_uppercase().as_str() {
        "LS" => list_all(call, params.at(1)),
        "LIST" => {
            let names = call.irc.caps.names().map(str::to_owned).collect();
            say(call, "LIST", names, true);
        }
        "REQ" => request(call, params.at(1)),
        "END" => {
            if let Some(registration) = call.irc.registration() {
                registration.negotiating = false;
                register::complete(call);
            }
        }
        _ => call.reply(ERR_INVALIDCAPCMD, &[subcommand]),
    }
}

/// CAP LS: every name; with its value for clients of version 302, which are also told when anything changes.
fn list_all(call: &mut Call<'_>, version: &str) {
    let is_302 = version.parse().is_ok_and(|version: u32| version >= 302);
    if is_302 {
        call.irc.caps.set(Cap::CapNotify, true);
    }
    suspend(call);
    let names = CAPS.iter().map(|entry| match entry.value {
        value if is_302 && !value.is_empty() => format!("{}={value}", entry.name),
        _ => entry.name.to_owned(),
    });
    let mut names: Vec<String> = names.collect();
    if is_302 {
        names.extend(sts(call));
    }
    say(call, "LS", names, is_302);
}

/// The policy in the form for this connection (IRCv3 sts). It cannot be requested, hence it is no [`Cap`]: who asks for it
/// is told NAK as for any stranger.
fn sts(call: &Call<'_>) -> Option<String> {
    let policy = call.ctx.server_info().sts?;
    Some(if call.ctx.is_secure() {
        format!("sts=duration={}", policy.duration)
    } else {
        format!("sts=port={}", policy.port)
    })
}

/// CAP REQ: all that was asked for, or none of it.
fn request(call: &mut Call<'_>, wanted: &str) {
    suspend(call);
    let mut caps = call.irc.caps;
    for word in wanted.split_ascii_whitespace() {
        let (name, present) = match word.strip_prefix('-') {
            Some(name) => (name, false),
            None => (word, true),
        };
        let Some(cap) = find(name) else {
            return answer(call, "NAK", wanted.trim_end());
        };
        caps.set(cap, present);
    }
    answer(call, "ACK", wanted.trim_end());
    change(call, caps);
}

fn change(call: &mut Call<'_>, caps: CapSet) {
    call.irc.caps = caps;
    if call.irc.registered {
        call.ctx.set_flavour(call.irc.flavour());
    }
}

/// Registration waits for CAP END.
fn suspend(call: &mut Call<'_>) {
    if let Some(registration) = call.irc.registration() {
        registration.negotiating = true;
    }
}

fn answer(call: &mut Call<'_>, subcommand: &str, words: &str) {
    let (heading, _, _) = call.parts();
    let client = heading.client.to_owned();
    call.line(|line| {
        let line = line.command("CAP").param(&client).param(subcommand);
        line.text(words)
    });
}

/// Names in as many lines as it takes. Clients that know of no continuation get one, which is short enough for all
/// names without values.
fn say(call: &mut Call<'_>, subcommand: &str, names: Vec<String>, may_continue: bool) {
    let (heading, _, _) = call.parts();
    let client = heading.client.to_owned();
    // One line if it can be: there are clients that read only one.
    let head = ": CAP   * :".len() + heading.server.len() + client.len() + subcommand.len();
    let mut row = String::new();
    for name in names {
        let is_full = head + row.len() + 1 + name.len() > LINE_BYTES_MAX;
        if may_continue && !row.is_empty() && is_full {
            call.line(|line| {
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
    answer(call, subcommand, &row);
}
