//! How much memory the host lets this process have: `ulimit -v`, a control group of systemd or of a container.
//!
//! Reads files of the system. Does not know what the memory is for.

use super::process::own_status_kib;
use rustix::process::{Resource, getrlimit};
use std::{fs, path::Path};

/// A limit of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Bytes that the process may still allocate beyond what it has now.
    pub free: u64,
    /// Where it comes from, as an operator knows it.
    pub from: &'static str,
}

/// The limit that leaves the least; `None` if there is none.
pub fn limit() -> Option<Limit> {
    let limits = [address_space(), control_group(Path::new("/sys/fs/cgroup"))];
    limits.into_iter().flatten().min_by_key(|limit| limit.free)
}

/// Limits from this value on mean "no limit": version 1 of control groups writes the largest number of whole pages.
const NO_LIMIT: u64 = 1 << 62;

/// What is left of `ulimit -v`.
fn address_space() -> Option<Limit> {
    let limit = getrlimit(Resource::As).current?;
    let used = own_status_kib("VmSize")?;
    let free = limit.saturating_sub(used * 1024);
    Some(Limit {
        free,
        from: "RLIMIT_AS (ulimit -v)",
    })
}

/// What is left in the control group of this process (version 2, or 1 with its memory controller), and in those above
/// it that are visible here.
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
        // "max" is not a number, and means no limit.
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
    fn the_smallest_limit_of_a_group_and_its_parents_counts() {
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
