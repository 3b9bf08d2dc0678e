//! How much memory the host lets this process have, and what of it may be held for peers.
//!
//! Rust ends the process when an allocation fails, so it must not come to that: under a limit of the host (`ulimit -v`,
//! a control group of systemd or of a container) the ceiling of net is lowered at start until what peers can make us
//! hold fits, with room to spare for what is not counted. The limits are read once: a host that changes them restarts.
//!
//! Reads files of the system, at start. Does not know what is held.

use rustix::process::{Resource, getrlimit};
use std::{fs, path::Path};

/// What the process needs for itself beside peers: the program, its tables, a reload, the fragments that an allocator
/// keeps. A server with nobody in it has some 8 MiB.
const OWN_BYTES: u64 = 16 << 20;

/// Of what is left, one part in so many may be held for peers. The rest is for what the counting leaves out: what the
/// allocator adds to each piece and keeps between pieces, tables that are copied while they grow, what one turn takes
/// in before the ceiling is looked at.
const PART: u64 = 3;

/// Never less, or nobody could be served.
const LEAST: u64 = 1 << 20;

/// A limit of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    /// Bytes that the process may still take beyond what it has now.
    free: u64,
    /// Where it comes from, as an operator knows it.
    from: &'static str,
}

/// How many bytes may be held for peers under the host's limits; `usize::MAX` if there are none.
pub(super) fn fits() -> usize {
    let limits = [address_space(), control_group(Path::new("/sys/fs/cgroup"))];
    let Some(limit) = limits.into_iter().flatten().min_by_key(|limit| limit.free) else {
        return usize::MAX;
    };
    let fits = fitting(limit.free);
    let Limit { free, from } = limit;
    tracing::info!(from, free, fits, "the host limits our memory");
    usize::try_from(fits).unwrap_or(usize::MAX)
}

/// A limit from here on is none: version 1 of control groups writes the largest number of whole pages for "no limit".
const NO_LIMIT: u64 = 1 << 62;

/// The ceiling for what peers may make us hold: what is configured, or less if the host has no memory for that.
pub(super) fn ceiling(queued_total: usize, fits: usize) -> usize {
    if fits < queued_total {
        tracing::warn!(
            queued_total,
            ceiling = fits,
            "the host's limit on memory allows less than [limits] queued_total: the ceiling is lower"
        );
    }
    queued_total.min(fits)
}

/// How many bytes of so many that are free may be held for peers.
fn fitting(free: u64) -> u64 {
    LEAST.max(free.saturating_sub(OWN_BYTES) / PART)
}

/// What is left of `ulimit -v`.
fn address_space() -> Option<Limit> {
    let limit = getrlimit(Resource::As).current?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let used = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))?;
    let used: u64 = used.trim().strip_suffix(" kB")?.parse().ok()?;
    let free = limit.saturating_sub(used * 1024);
    Some(Limit {
        free,
        from: "RLIMIT_AS (ulimit -v)",
    })
}

/// What is left in the control group of this process (version 2, or 1 with its memory controller), and in those above
/// it as far as they are seen from here.
fn control_group(root: &Path) -> Option<Limit> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let limits = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let path = path.trim_start_matches('/');
        if controllers.is_empty() {
            return least_free(root, path, ["memory.max", "memory.current"]);
        }
        let is_memory = controllers.split(',').any(|name| name == "memory");
        let files = ["memory.limit_in_bytes", "memory.usage_in_bytes"];
        is_memory
            .then(|| least_free(&root.join("memory"), path, files))
            .flatten()
    });
    let free = limits.min()?;
    Some(Limit {
        free,
        from: "the control group's memory limit",
    })
}

/// The least that is free in a group or one above it. In a container the path may not exist under the mount: then the
/// mount itself is the group.
fn least_free(root: &Path, path: &str, [max, used]: [&str; 2]) -> Option<u64> {
    let read = |group: &Path, file: &str| -> Option<u64> {
        fs::read_to_string(group.join(file))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    let free = |group: &Path| {
        // "max" is no number, and means no limit.
        let limit = read(group, max).filter(|limit| *limit < NO_LIMIT)?;
        Some(limit.saturating_sub(read(group, used).unwrap_or(0)))
    };
    let group = root.join(path);
    let groups = group
        .ancestors()
        .take_while(|group| group.starts_with(root));
    groups.filter_map(free).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_keeps_what_the_process_needs_for_itself() {
        assert_eq!(fitting(0), LEAST);
        assert_eq!(fitting(OWN_BYTES), LEAST);
        assert_eq!(fitting(OWN_BYTES + 300 * (1 << 20)), 100 << 20);
    }

    #[test]
    fn the_least_of_a_group_and_those_above_it_counts() {
        let root = std::env::temp_dir().join(format!("madang-cgroup-{}", std::process::id()));
        let inner = root.join("slice/service");
        fs::create_dir_all(&inner).unwrap();
        fs::write(root.join("slice/memory.max"), "1000\n").unwrap();
        fs::write(root.join("slice/memory.current"), "400\n").unwrap();
        fs::write(inner.join("memory.max"), "max\n").unwrap();
        let files = ["memory.max", "memory.current"];
        let free = |path| least_free(&root, path, files);
        assert_eq!(free("slice/service"), Some(600), "of the one above");
        fs::write(inner.join("memory.max"), "100\n").unwrap();
        assert_eq!(free("slice/service"), Some(100));
        assert_eq!(free("no/such/group"), None);
        for max in ["max", "9223372036854771712"] {
            fs::write(root.join("slice/memory.max"), max).unwrap();
            fs::write(inner.join("memory.max"), max).unwrap();
            assert_eq!(free("slice/service"), None, "{max}");
        }
        fs::remove_dir_all(&root).unwrap();
    }
}
