//! MONITOR: what a client is sent when a nick that it watches comes and goes (IRCv3 monitor).
//!
//! Owns nothing; which client watches which nick is in [`Watches`](crate::chat::watches::Watches).

use super::codec::{
    numeric::{RPL_MONOFFLINE, RPL_MONONLINE},
    reply::ReplyPrefix,
};
use crate::chat::{Nick, User};

/// Nicks that one client may watch (ISUPPORT's MONITOR).
pub const TARGETS_MAX: usize = 100;

/// Appends that a watched user has come.
pub fn come(server: &str, reader: &User, user: &User, out: &mut Vec<u8>) {
    let client = reader.nick().as_str();
    let prefix = ReplyPrefix { server, client };
    let line = prefix.numeric(RPL_MONONLINE, out);
    line.text(user.mask()).end();
}

/// Appends that a watched user has gone.
pub fn gone(server: &str, reader: &User, nick: &Nick, out: &mut Vec<u8>) {
    let client = reader.nick().as_str();
    let prefix = ReplyPrefix { server, client };
    let line = prefix.numeric(RPL_MONOFFLINE, out);
    line.text(nick).end();
}
