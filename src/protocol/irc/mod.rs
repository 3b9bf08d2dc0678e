//! IRC: RFC 1459 and 2812 as today's clients speak them ("Modern IRC", <https://modern.ircdocs.horse>), and IRCv3
//! (<https://ircv3.net/irc/>).
//!
//! ```text
//! codec/         bytes -> lines -> messages, and answers -> lines; replies encoded once (ready.rs)
//! session/       one connection: what is remembered of it, one line after the other
//! commands/      the table of commands, and a function for each
//! paged_reply/   LIST, NAMES, WHO, WHOWAS, history, of any length
//! events.rs      what others do -> lines, once for each flavour and view
//! stored.rs      what was said before -> the same lines   authored.rs   what both have in common
//! caps.rs        capabilities             isupport.rs   what the server can do
//! refusal.rs     the hub's refusals as numerics         monitor.rs   watched nicks that come and go
//! ```
//!
//! Does not know sockets.

mod authored;
pub mod caps;
pub mod codec;
mod commands;
mod events;
pub mod isupport;
pub mod monitor;
mod paged_reply;
mod refusal;
pub mod sasl;
pub mod session;
mod stored;
#[cfg(test)]
mod tests;

pub(crate) use commands::markread::write as write_read_marker;
pub use commands::server::DEFAULT_MOTD;
pub use events::{distinction, encode, encode_personal, error, notice, ping};
pub use sasl::logins::{Logins, ScramLogin};
pub use session::{
    server_context::{DeferredRequest, GatewayCheck, ServerContext, ServerInfo, Sts, TryAgain},
    state::Irc,
};
