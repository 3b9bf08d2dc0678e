//! Listeners: from the configured URLs and from sockets that a service manager passed, to listening sockets in the loop.

pub(crate) mod bind;
pub(crate) mod passed;
