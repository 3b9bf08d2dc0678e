//! Sources that stay in other hands: signals, a terminal, the streams of the log, a child process.
//!
//! The loop reports their readiness by name; what is read or written is their owner's.

use super::{core::Net, source::token::External};
use mio::{Interest, event};
use std::io;

impl Net {
    /// Registers a source that stays in other hands: signals, a terminal.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn register_external(
        &mut self,
        source: &mut impl event::Source,
        name: External,
    ) -> io::Result<()> {
        let registry = &self.state.registry;
        registry.register(source, name.token(), Interest::READABLE)
    }

    /// The same for a source that is written to: its events report that there may be room.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn register_external_writable(
        &mut self,
        source: &mut impl event::Source,
        name: External,
    ) -> io::Result<()> {
        let registry = &self.state.registry;
        registry.register(source, name.token(), Interest::WRITABLE)
    }

    /// The same for a source that is read and written.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn register_external_duplex(
        &mut self,
        source: &mut impl event::Source,
        name: External,
    ) -> io::Result<()> {
        let registry = &self.state.registry;
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(source, name.token(), interest)
    }

    /// Takes such a source out again.
    ///
    /// # Errors
    /// When the poll does not know it.
    pub fn deregister_external(&mut self, source: &mut impl event::Source) -> io::Result<()> {
        self.state.registry.deregister(source)
    }
}
