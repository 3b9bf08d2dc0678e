//! Descriptors: as many as the system allows, and how many clients that makes.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit of open descriptors to the hard one and says what it is now.
pub(super) fn raise_limit() -> u64 {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    if before.current != before.maximum {
        if let Err(error) = setrlimit(Resource::Nofile, wanted) {
            tracing::warn!(%error, "cannot raise the limit of open descriptors");
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// How many clients so many descriptors are good for. The rest is for the poll, the listeners, the signal pipe, the
/// standard streams and the spare, and for callers who are being told that there is no room.
pub(super) fn clients_for(descriptors: u64) -> usize {
    let kept = (descriptors / 64).clamp(16, 256);
    usize::try_from(descriptors.saturating_sub(kept)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_kept_back() {
        assert_eq!(clients_for(10), 0);
        assert_eq!(clients_for(64), 48);
        assert_eq!(clients_for(1024), 1008);
        assert_eq!(clients_for(20_000), 19_744);
    }
}
