//! A source that records how it is registered with the poll, and is strict about the order.

use mio::{Interest, Registry, Token, event::Source};
use std::{
    cell::Cell,
    io::{self, ErrorKind},
    rc::Rc,
};

/// How a source that no kernel knows is registered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registered(Rc<Cell<Registration>>);

#[derive(Clone, Copy, Debug, Default)]
struct Registration {
    token: Option<Token>,
    interest: Option<Interest>,
    deregistered: bool,
    calls: usize,
}

impl Registered {
    /// The last token it was registered under.
    pub(crate) fn token(&self) -> Option<Token> {
        self.0.get().token
    }

    /// What it is registered for now, if it is.
    pub(crate) fn interest(&self) -> Option<Interest> {
        self.0.get().interest
    }

    /// How often that changed: each time would have been a system call.
    pub(crate) fn calls(&self) -> usize {
        self.0.get().calls
    }

    /// Panics if it was taken out of the poll.
    pub(crate) fn check_in_use(&self) {
        let over = self.0.get().deregistered;
        assert!(!over, "used after it was deregistered");
    }

    fn set(&self, token: Option<Token>, interest: Option<Interest>) {
        let before = self.0.get();
        self.0.set(Registration {
            token: token.or(before.token),
            interest,
            deregistered: interest.is_none(),
            calls: before.calls + 1,
        });
    }
}

impl Source for Registered {
    fn register(&mut self, _: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        assert!(self.interest().is_none(), "registered twice");
        self.set(Some(token), Some(interest));
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        assert!(
            self.interest().is_some(),
            "registered again, but never before"
        );
        self.set(Some(token), Some(interest));
        Ok(())
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        if self.interest().is_none() {
            return Err(ErrorKind::NotFound.into());
        }
        self.set(None, None);
        Ok(())
    }
}
