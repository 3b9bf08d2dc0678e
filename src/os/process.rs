//! What a process uses, read from Linux's `/proc`: memory, processor time, descriptors.
//!
//! Every number of [`Process`] is the sum over all threads, because other servers have several. A number that the system
//! does not give is `None`, not zero. All of it comes from the kernel's memory, so nothing here waits for a disk.

use super::descriptors;
use rustix::time::{ClockId, clock_gettime};
use std::{fs, path::PathBuf};

/// Clock ticks a second in `/proc/PID/stat`: 100 on every Linux system, whatever the kernel's own rate.
const TICKS_PER_SECOND: u64 = 100;

/// The resources that a process has used since its start, and the memory it has now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time in nanoseconds, user and system together, as exactly as the scheduler knows.
    pub cpu_nanos: Option<u64>,
    /// CPU time in user mode, in milliseconds (ticks of ten).
    pub user_millis: Option<u64>,
    /// CPU time in the kernel, in milliseconds.
    pub system_millis: Option<u64>,
    /// Resident memory in bytes.
    pub resident: Option<u64>,
    /// How often it went to sleep by itself; it woke up as often.
    pub sleeps: Option<u64>,
    /// How often it was taken off the CPU.
    pub preemptions: Option<u64>,
}

/// Numbers that take longer to read: only read when a phase of a run begins or ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Its proportional share of the memory it has in RAM, in bytes (PSS).
    pub proportional: Option<u64>,
    /// Open descriptors.
    pub descriptors: Option<u64>,
}

/// The resources of the running process, as far as they can be read in microseconds: for metrics.
#[derive(Clone, Copy, Debug)]
pub struct OwnUsage {
    /// Processor time used so far, in seconds.
    pub cpu_s: f64,
    /// Memory that is in use and not swapped out, in bytes.
    pub resident: Option<u64>,
    /// Open descriptors.
    pub descriptors: Option<u64>,
    /// The limit of open descriptors.
    pub descriptors_max: Option<u64>,
}

impl OwnUsage {
    /// Reads the numbers as they are now.
    pub fn read() -> Self {
        let used = clock_gettime(ClockId::ProcessCPUTime);
        // Since Linux 6.2 the size of the directory is the number of descriptors. Counting them would take
        // milliseconds.
        let descriptors = fs::metadata("/proc/self/fd").map(|folder| folder.len());
        Self {
            cpu_s: used.tv_sec as f64 + used.tv_nsec as f64 / 1e9,
            resident: own_status_kib("VmRSS").map(|kib| kib * 1024),
            descriptors: descriptors.ok().filter(|count| *count > 0),
            descriptors_max: descriptors::limit(),
        }
    }
}

/// A number of `/proc/self/status` (proc_pid_status(5)) that is given in KiB.
pub(super) fn own_status_kib(name: &str) -> Option<u64> {
    field(&fs::read_to_string("/proc/self/status").ok()?, name)
}

/// A process of this machine, whether it exists or not.
#[derive(Clone, Debug)]
pub struct Process(PathBuf);

impl Process {
    /// The process with this id.
    pub fn with_id(id: u32) -> Self {
        Self(PathBuf::from(format!("/proc/{id}")))
    }

    /// The running process.
    pub fn ourselves() -> Self {
        Self(PathBuf::from("/proc/self"))
    }

    /// Its name, if it exists.
    pub fn name(&self) -> Option<String> {
        self.read("comm").map(|name| name.trim().to_owned())
    }

    /// The resources it has used so far.
    pub fn usage(&self) -> Usage {
        let stat = self.read("stat");
        let ticks = stat.as_deref().and_then(cpu_ticks);
        let millis = |ticks: u64| ticks * 1000 / TICKS_PER_SECOND;
        let mut usage = Usage {
            user_millis: ticks.map(|(user, _)| millis(user)),
            system_millis: ticks.map(|(_, system)| millis(system)),
            resident: self
                .read("status")
                .and_then(|text| field(&text, "VmRSS"))
                .map(|kib| kib * 1024),
            ..Usage::default()
        };
        for thread in self.threads() {
            let thread = Self(thread);
            let nanos = thread
                .read("schedstat")
                .and_then(|text| first_number(&text));
            add(&mut usage.cpu_nanos, nanos);
            let status = thread.read("status").unwrap_or_default();
            add(&mut usage.sleeps, field(&status, "voluntary_ctxt_switches"));
            add(
                &mut usage.preemptions,
                field(&status, "nonvoluntary_ctxt_switches"),
            );
        }
        // A kernel without scheduler statistics still counts ticks.
        usage.cpu_nanos = usage
            .cpu_nanos
            .or(ticks.map(|(user, system)| millis(user + system) * 1_000_000));
        usage
    }

    /// The resources it holds now. Takes milliseconds for a process with thousands of descriptors.
    pub fn holdings(&self) -> Holdings {
        let rollup = self.read("smaps_rollup");
        let descriptors = fs::read_dir(self.0.join("fd")).ok();
        Holdings {
            proportional: rollup
                .and_then(|text| field(&text, "Pss"))
                .map(|kib| kib * 1024),
            descriptors: descriptors.map(|entries| entries.count() as u64),
        }
    }

    fn threads(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.0.join("task")).into_iter().flatten();
        entries.flatten().map(|entry| entry.path()).collect()
    }

    fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.0.join(file)).ok()
    }
}

fn add(sum: &mut Option<u64>, part: Option<u64>) {
    if let Some(part) = part {
        *sum = Some(sum.unwrap_or_default() + part);
    }
}

/// `utime` and `stime` of a `stat` line: the 14th and 15th field. The second field is a name in parentheses that may
/// hold anything, so the fields are counted from its closing parenthesis.
fn cpu_ticks(stat: &str) -> Option<(u64, u64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11).map(str::parse);
    Some((fields.next()?.ok()?, fields.next()?.ok()?))
}

/// The number on the line `NAME:  number ...` of a text.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(key, _)| *key == name)?;
    first_number(value)
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_parsed() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 123 45 0 0 20 0 1 0 9 1 1";
        assert_eq!(cpu_ticks(stat), Some((123, 45)));
        assert_eq!(cpu_ticks("nonsense"), None);
        let status = "Name:\tx\nVmRSS:\t  2048 kB\nvoluntary_ctxt_switches:\t9\n";
        assert_eq!(field(status, "VmRSS"), Some(2048));
        assert_eq!(field(status, "voluntary_ctxt_switches"), Some(9));
        assert_eq!(field(status, "ctxt_switches"), None);
        assert_eq!(field("", "VmRSS"), None);
        assert_eq!(field("VmRSS: much\n", "VmRSS"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_can_be_read() {
        let usage = Process::ourselves().usage();
        assert!(usage.cpu_nanos > Some(0), "{usage:?}");
        assert!(usage.resident > Some(100_000), "{usage:?}");
        assert!(usage.sleeps.is_some() && usage.user_millis.is_some());
        let holdings = Process::ourselves().holdings();
        assert!(holdings.descriptors > Some(2), "{holdings:?}");
    }

    #[test]
    fn the_running_process_has_used_something() {
        let process = OwnUsage::read();
        assert!(process.cpu_s > 0.0);
        assert!(process.resident.is_none_or(|bytes| bytes > 100_000));
        assert!(process.descriptors_max.is_some_and(|most| most > 2));
    }

    #[test]
    fn a_process_that_does_not_exist_has_no_numbers() {
        let nobody = Process(PathBuf::from("/proc/none"));
        assert_eq!(nobody.usage(), Usage::default());
        assert_eq!(nobody.holdings(), Holdings::default());
        assert_eq!(nobody.name(), None);
    }
}
