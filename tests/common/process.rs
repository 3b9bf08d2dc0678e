//! What the system says about a running process (`/proc`).

use std::{fs, time::Duration};

/// Clock ticks a second in `/proc`: 100 on every Linux there is, whatever the kernel's own rate.
const TICKS_PER_SECOND: u64 = 100;

/// What a process has used up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// CPU time, its own and the kernel's for it.
    pub(crate) cpu: Duration,
    /// How often it went to sleep by itself: a loop that has nothing to do sleeps once and stays asleep.
    pub(crate) sleeps: u64,
    /// Memory that it has in RAM, in bytes.
    pub(crate) resident: usize,
    /// Open descriptors.
    pub(crate) descriptors: usize,
}

/// A process to look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    pub(crate) fn usage(self) -> Usage {
        let stat = self.read("stat");
        // The name, in parentheses, may hold anything; the fields are counted from behind it: utime and stime are the
        // 14th and 15th.
        let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |index: usize| fields[index].parse::<u64>().expect("a number of ticks");
        Usage {
            cpu: Duration::from_millis((ticks(11) + ticks(12)) * 1000 / TICKS_PER_SECOND),
            sleeps: self.status("voluntary_ctxt_switches"),
            resident: self.status("VmRSS") as usize * 1024,
            descriptors: self.descriptors(),
        }
    }

    fn descriptors(self) -> usize {
        let directory = format!("/proc/{}/fd", self.0);
        fs::read_dir(directory).map_or(0, Iterator::count)
    }

    /// The number on one line of the process's status.
    fn status(self, name: &str) -> u64 {
        let status = self.read("status");
        let mut lines = status.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(key, _)| *key == name).expect("a known line");
        let number = value.split_whitespace().next();
        number.and_then(|n| n.parse().ok()).expect("a number")
    }

    fn read(self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.0);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}
