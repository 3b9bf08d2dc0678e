//! What browsers speak: HTTP as far as a page and an upgrade need it, and WebSocket (RFC 6455).
//!
//! ```text
//! http.rs            bytes -> requests, within limits
//! http/request.rs    one request: its target, its header fields by name
//! http/response.rs   status, pages and their header fields -> bytes
//! forwarded.rs       the client of a request that came through proxies
//! host.rs            which names a request may call us by
//! page.rs            the files of the page: what is where
//! upgrade.rs         from the one to the other: who may, and in which subprotocol
//! websocket.rs       bytes -> messages, messages -> frames, at either end; websocket/handshake.rs: the upgrade
//! ```
//!
//! Like every codec of this layer it sees bytes and makes bytes. What it does not know: sockets, what time it is, and who
//! sits behind the browser.

pub mod forwarded;
pub mod host;
pub mod http;
pub mod page;
pub mod upgrade;
pub mod websocket;

/// The one word of the chat that HTTP needs, for the date of an answer: so that a web server without a chat names this
/// layer alone.
pub use crate::chat::WallTime;
