//! A password that was hashed: an operator's, a gateway's, or that of an account.
//!
//! Decides whom to call; the rules of accounts are in [`shared::accounts`](crate::server::shared::accounts).

use super::current::Current;
use crate::{
    protocol::{Checked, account::AccountError},
    server::shared::{Shared, accounts::Step},
};

/// What a hash was for.
pub(super) enum Hashed {
    /// A request about an account.
    Account(Step),
    /// A password of which the protocol knows: an operator's or a gateway's.
    Protocol(Checked),
}

/// A password of this connection was hashed.
pub(super) fn hashed(at: &mut Current<'_>, checked: Checked) -> Hashed {
    if let Checked::Gateway {
        is_right: Some(is_right),
    } = checked
    {
        at.shared.gateways.finish(at.id, is_right);
    }
    if matches!(checked, Checked::Gateway { .. } | Checked::Operator { .. }) {
        return Hashed::Protocol(checked);
    }
    let (now, user) = (at.now(), at.client.user());
    let Shared {
        accounts,
        hub,
        store,
        ..
    } = &mut *at.shared;
    let step = accounts
        .as_mut()
        .and_then(|accounts| accounts.hashed(at.id, checked, user, now, hub, store));
    Hashed::Account(step.unwrap_or(Step::Done(Err(AccountError::NoAccounts))))
}
