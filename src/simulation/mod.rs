//! Simulations (tests): the loop alone and the whole server, over a network that misbehaves by a seed.
//!
//! ```text
//! network/       connections in memory, with a kernel's edges, short writes, resets and delays
//! keeper/        the store's client, with a keeper that dies, lags and lies at the other end
//! event_loop.rs  the loop, with a handler that relays lines
//! server/        the server, with telnet, IRC, HTTP, WebSocket and echo clients and an oracle of what each must hear
//! ```
//!
//! A run is a seed: it fails with its number, and `MADANG_SEED` plays it again. Stands above all layers, which do not know it.

mod event_loop;
mod keeper;
pub(crate) mod network;
mod server;
