//! What the system says of this process: memory, processor time, descriptors. Asked when someone wants to know.
//!
//! All of it comes from memory of the kernel, so nothing here waits for a disk. What a system does not tell is absent.

use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};
use std::fs;

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    /// Processor time used so far, in seconds.
    pub(super) cpu_s: f64,
    /// Memory that is in use and not swapped out, in bytes.
    pub(super) resident: Option<u64>,
    /// Open descriptors.
    pub(super) descriptors: Option<u64>,
    /// How many there may be.
    pub(super) descriptors_max: Option<u64>,
}

impl Process {
    /// As it is now.
    pub(super) fn look() -> Self {
        let used = clock_gettime(ClockId::ProcessCPUTime);
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        // Since Linux 6.2 the size of the directory is their number. To count them would take milliseconds.
        let descriptors = fs::metadata("/proc/self/fd").map(|folder| folder.len());
        Self {
            cpu_s: used.tv_sec as f64 + used.tv_nsec as f64 / 1e9,
            resident: resident(&status),
            descriptors: descriptors.ok().filter(|count| *count > 0),
            descriptors_max: getrlimit(Resource::Nofile).current,
        }
    }
}

/// Finds the resident memory in the text of `/proc/self/status` (proc_pid_status(5)).
fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_text() {
        let status = "Name:\tmadang\nVmHWM:\t   9000 kB\nVmRSS:\t    3424 kB\nThreads:\t1\n";
        assert_eq!(resident(status), Some(3424 * 1024));
        assert_eq!(resident(""), None);
        assert_eq!(resident("VmRSS: much\n"), None);
    }

    #[test]
    fn a_process_has_used_something() {
        let process = Process::look();
        assert!(process.cpu_s > 0.0);
        assert!(process.resident.is_none_or(|bytes| bytes > 100_000));
        assert!(process.descriptors_max.is_some_and(|most| most > 2));
    }
}
