//! The mechanisms of SASL: their names, and which of them a client can use.

use crate::protocol::irc::ServerContext;

/// By what means the client at one connection can log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LoginMeans {
    /// There are accounts. Without this there is nothing else.
    pub(crate) accounts: bool,
    /// The password itself may be sent.
    pub(crate) plain_text: bool,
    /// The client has proved to have a certificate.
    pub(crate) certificate: bool,
}

impl LoginMeans {
    /// Of the client whose line is being handled.
    pub(crate) fn of(ctx: &dyn ServerContext) -> Self {
        Self {
            accounts: ctx.account_rules().is_some(),
            plain_text: ctx.takes_passwords(),
            certificate: ctx.has_certificate(),
        }
    }
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// The client proves that it knows the password (RFC 7677).
    ScramSha256,
    /// The client sends the password (RFC 4616).
    Plain,
    /// The client has proved by its certificate who it is (RFC 4422 appendix A).
    External,
}

impl Mechanism {
    /// In the order in which they are offered. Clients that choose the first one choose the one that reveals least.
    const ALL: [Self; 3] = [Self::ScramSha256, Self::Plain, Self::External];

    /// Its registered name.
    fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
            Self::External => "EXTERNAL",
        }
    }

    fn is_among(self, means: LoginMeans) -> bool {
        means.accounts
            && match self {
                Self::ScramSha256 => true,
                Self::Plain => means.plain_text,
                Self::External => means.certificate,
            }
    }

    /// The mechanism of this name, if the client can use it.
    pub(crate) fn find(name: &str, means: LoginMeans) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|it| it.name().eq_ignore_ascii_case(name) && it.is_among(means))
    }

    /// The names of those that the client can use, with commas between them; empty: it cannot log in.
    pub(crate) fn list(means: LoginMeans) -> String {
        let usable = Self::ALL.into_iter().filter(|it| it.is_among(means));
        usable.map(Self::name).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_client_can_use_is_offered() {
        let none = LoginMeans::default();
        let accounts = LoginMeans {
            accounts: true,
            ..none
        };
        let encrypted = LoginMeans {
            plain_text: true,
            ..accounts
        };
        let certified = LoginMeans {
            certificate: true,
            ..encrypted
        };
        let without_accounts = LoginMeans {
            accounts: false,
            ..certified
        };
        for (means, list) in [
            (none, ""),
            (accounts, "SCRAM-SHA-256"),
            (encrypted, "SCRAM-SHA-256,PLAIN"),
            (certified, "SCRAM-SHA-256,PLAIN,EXTERNAL"),
            (without_accounts, ""),
        ] {
            assert_eq!(Mechanism::list(means), list);
            for mechanism in Mechanism::ALL {
                let found = Mechanism::find(&mechanism.name().to_lowercase(), means);
                let is_listed = list.split(',').any(|name| name == mechanism.name());
                assert_eq!(found, is_listed.then_some(mechanism));
            }
        }
        assert_eq!(Mechanism::find("SCRAM-SHA-256-PLUS", certified), None);
    }
}
