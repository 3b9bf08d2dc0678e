//! System calls: the table of those that each role may make, and why; the rest is refused by seccomp.
//!
//! A filter knows numbers, not paths or addresses, so a call that is allowed at all is allowed with any argument; files
//! and TCP are Landlock's (`paths.rs`). The one argument that counts is `PROT_EXEC`: no memory becomes a program, except
//! where another keeper may have to be started. Does not know files.

use super::role::{Mode, Role};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};
use std::{collections::BTreeMap, env, io};

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// Each role.
    All,
    /// The server.
    Server,
    /// The keeper. A server that may start another needs these too, for its child cannot do more than it.
    Keeper,
    /// The start of another keeper by a server with a data directory.
    Start,
}

/// Calls with one reason.
struct Row {
    by: For,
    /// The reason; for readers of the table, and of its test.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers"))]
    why: &'static str,
    calls: &'static [libc::c_long],
}

/// Every call that is allowed.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row { by: For::All, why: "bytes in and out of what is open",
        calls: &[libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev, libc::SYS_recvfrom, libc::SYS_recvmsg,
            libc::SYS_sendto, libc::SYS_sendmsg, libc::SYS_close] },
    Row { by: For::All, why: "waiting until something is ready, or a lock is free",
        calls: &[libc::SYS_ppoll, libc::SYS_futex] },
    #[cfg(target_arch = "x86_64")]
    Row { by: For::All, why: "the same under names that newer architectures do not have",
        calls: &[libc::SYS_poll] },
    Row { by: For::All, why: "flags of descriptors, whether one is a terminal, and their places in a file",
        calls: &[libc::SYS_fcntl, libc::SYS_ioctl, libc::SYS_lseek] },
    Row { by: For::All, why: "another description of standard error in the place of the inherited one, for the last words",
        calls: &[libc::SYS_dup, libc::SYS_dup3] },
    #[cfg(target_arch = "x86_64")]
    Row { by: For::All, why: "the same under names that newer architectures do not have",
        calls: &[libc::SYS_dup2] },
    Row { by: For::All, why: "files: the tables of paths say which",
        calls: &[libc::SYS_openat, libc::SYS_statx, libc::SYS_newfstatat, libc::SYS_fstat, libc::SYS_readlinkat,
            libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_getdents64, libc::SYS_unlinkat, libc::SYS_getcwd] },
    #[cfg(target_arch = "x86_64")]
    Row { by: For::All, why: "the same under names that newer architectures do not have",
        calls: &[libc::SYS_open, libc::SYS_stat, libc::SYS_lstat, libc::SYS_readlink, libc::SYS_access, libc::SYS_unlink] },
    Row { by: For::All, why: "memory",
        calls: &[libc::SYS_mmap, libc::SYS_munmap, libc::SYS_mremap, libc::SYS_madvise, libc::SYS_mprotect, libc::SYS_brk] },
    Row { by: For::All, why: "the time, where the kernel does not lend it without a call",
        calls: &[libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_gettimeofday, libc::SYS_nanosleep,
            libc::SYS_clock_nanosleep] },
    #[cfg(target_arch = "x86_64")]
    Row { by: For::All, why: "the same under names that newer architectures do not have",
        calls: &[libc::SYS_time] },
    Row { by: For::All, why: "random numbers",
        calls: &[libc::SYS_getrandom] },
    Row { by: For::All, why: "who we are",
        calls: &[libc::SYS_getpid, libc::SYS_gettid, libc::SYS_getuid, libc::SYS_geteuid, libc::SYS_getgid,
            libc::SYS_getegid] },
    Row { by: For::All, why: "signals: handlers, the return from them, a panic that ends the process",
        calls: &[libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_sigaltstack,
            libc::SYS_tgkill, libc::SYS_restart_syscall] },
    Row { by: For::All, why: "limits and what was used of them, for the metrics; how many processors, for the allocator",
        calls: &[libc::SYS_prlimit64, libc::SYS_getrusage, libc::SYS_sched_getaffinity, libc::SYS_sched_yield,
            libc::SYS_sysinfo, libc::SYS_uname] },
    Row { by: For::All, why: "names of memory areas, and the vector of the kernel's answers at start",
        calls: &[libc::SYS_prctl] },
    Row { by: For::All, why: "the end",
        calls: &[libc::SYS_exit, libc::SYS_exit_group] },
    Row { by: For::Server, why: "the loop",
        calls: &[libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2, libc::SYS_epoll_ctl] },
    #[cfg(target_arch = "x86_64")]
    Row { by: For::Server, why: "the same under names that newer architectures do not have",
        calls: &[libc::SYS_epoll_wait] },
    Row { by: For::Server, why: "connections: taking them and ending them; their options and addresses",
        calls: &[libc::SYS_accept4, libc::SYS_shutdown, libc::SYS_getsockopt, libc::SYS_setsockopt, libc::SYS_getsockname,
            libc::SYS_getpeername] },
    Row { by: For::Keeper, why: "the database: reads and writes at a place, locks, sync, length, owner and mode of its files",
        calls: &[libc::SYS_pread64, libc::SYS_pwrite64, libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_ftruncate,
            libc::SYS_fallocate, libc::SYS_flock, libc::SYS_fchmod, libc::SYS_fchown, libc::SYS_umask, libc::SYS_statfs,
            libc::SYS_fstatfs] },
    Row { by: For::Keeper, why: "and where the file system has to make or rename one",
        calls: &[libc::SYS_renameat2, libc::SYS_mkdirat, libc::SYS_utimensat] },
    #[cfg(target_arch = "x86_64")]
    Row { by: For::Keeper, why: "the same under names that newer architectures do not have",
        calls: &[libc::SYS_rename, libc::SYS_renameat, libc::SYS_mkdir] },
    Row { by: For::Start, why: "a socket pair to the new keeper",
        calls: &[libc::SYS_socketpair, libc::SYS_pipe2] },
    Row { by: For::Start, why: "a process, its program (the paths allow one alone), its end",
        calls: &[libc::SYS_clone, libc::SYS_execve, libc::SYS_wait4, libc::SYS_waitid, libc::SYS_kill,
            libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal, libc::SYS_setpgid, libc::SYS_close_range] },
    #[cfg(target_arch = "x86_64")]
    Row { by: For::Start, why: "the same under names that newer architectures do not have",
        calls: &[libc::SYS_fork, libc::SYS_vfork] },
    Row { by: For::Start, why: "what the C library and the loader do when a program starts",
        calls: &[libc::SYS_set_tid_address, libc::SYS_set_robust_list, libc::SYS_rseq, libc::SYS_getpgid] },
    #[cfg(target_arch = "x86_64")]
    Row { by: For::Start, why: "the same under names that newer architectures do not have",
        calls: &[libc::SYS_arch_prctl, libc::SYS_getpgrp] },
    Row { by: For::Start, why: "the keeper's own sandbox",
        calls: &[libc::SYS_seccomp, libc::SYS_landlock_create_ruleset, libc::SYS_landlock_add_rule,
            libc::SYS_landlock_restrict_self] },
];

/// Calls that libraries try first and do without: they fail in every mode, as on an older kernel.
#[rustfmt::skip]
const OPTIONAL: &[libc::c_long] = &[
    // Its arguments lie in memory, where no filter sees them; `clone` is tried next.
    libc::SYS_clone3,
    // The allocator's and the C library's hints.
    libc::SYS_set_mempolicy, libc::SYS_membarrier,
];

/// Refuses all other calls from now on.
pub(super) fn restrict(role: &Role, mode: Mode) -> io::Result<()> {
    let refusal = SeccompAction::Errno(libc::ENOSYS as u32);
    // Two filters, of whose answers the severest counts: this one refuses a few, and the other, which comes after it
    // because it leaves no call for that, all that the table does not name.
    let optional = OPTIONAL.iter().map(|call| (*call, vec![])).collect();
    apply(optional, SeccompAction::Allow, refusal.clone())?;
    let other = match mode {
        Mode::On => refusal,
        Mode::Strict => SeccompAction::KillProcess,
    };
    apply(rules(role)?, other, SeccompAction::Allow)
}

/// The calls of a role, with conditions on their arguments where there are any.
fn rules(role: &Role) -> io::Result<BTreeMap<i64, Vec<SeccompRule>>> {
    let starts = matches!(role, Role::Server { data: Some(_), .. });
    let allowed = calls(role).chain(OPTIONAL);
    let mut rules: BTreeMap<_, _> = allowed.map(|call| (*call, vec![])).collect();
    if !starts {
        let condition = SeccompCondition::new(
            // The protection is the third argument of both.
            2,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64),
            0,
        );
        let rule = condition.and_then(|condition| SeccompRule::new(vec![condition]));
        let rule = rule.map_err(|error| io::Error::other(error.to_string()))?;
        rules.insert(libc::SYS_mmap, vec![rule.clone()]);
        rules.insert(libc::SYS_mprotect, vec![rule]);
    }
    Ok(rules)
}

/// The calls that the table allows to a role.
fn calls(role: &Role) -> impl Iterator<Item = &'static libc::c_long> {
    let (is_server, is_keeper, starts) = match role {
        Role::Server { data, .. } => (true, data.is_some(), data.is_some()),
        Role::Keeper { .. } => (false, true, false),
    };
    let rows = TABLE.iter().filter(move |row| match row.by {
        For::All => true,
        For::Server => is_server,
        For::Keeper => is_keeper,
        For::Start => starts,
    });
    rows.flat_map(|row| row.calls)
}

/// Compiles and installs one filter.
fn apply(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    other: SeccompAction,
    named: SeccompAction,
) -> io::Result<()> {
    let wrong = |error: &dyn std::error::Error| io::Error::other(error.to_string());
    let arch = TargetArch::try_from(env::consts::ARCH).map_err(|error| wrong(&error))?;
    let filter = SeccompFilter::new(rules, other, named, arch).map_err(|error| wrong(&error))?;
    let program = BpfProgram::try_from(filter).map_err(|error| wrong(&error))?;
    apply_filter(&program).map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, path::PathBuf};

    fn server(data: Option<PathBuf>) -> Role {
        Role::Server {
            configured: vec![],
            data,
            sockets: vec![],
        }
    }

    #[test]
    fn every_row_has_a_reason_and_no_call_is_there_twice() {
        let mut seen = BTreeSet::new();
        for row in TABLE {
            assert!(row.why.len() > 5);
            for call in row.calls.iter() {
                assert!(seen.insert(*call), "{call} is there twice");
            }
        }
        for call in OPTIONAL {
            assert!(!seen.contains(call), "{call} is refused, and allowed");
        }
    }

    #[test]
    fn nobody_opens_sockets_and_only_a_server_with_data_runs_programs() {
        let keeper = Role::Keeper {
            data: "/data".into(),
        };
        let may = |role: &Role, call| calls(role).any(|it| *it == call);
        let with_data = server(Some("/data".into()));
        for role in [&server(None), &with_data, &keeper] {
            for call in [
                libc::SYS_socket,
                libc::SYS_connect,
                libc::SYS_bind,
                libc::SYS_listen,
                libc::SYS_ptrace,
                libc::SYS_mount,
                libc::SYS_process_vm_readv,
            ] {
                assert!(!may(role, call), "{call}: {role:?}");
            }
        }
        assert!(may(&with_data, libc::SYS_execve));
        for role in [&server(None), &keeper] {
            assert!(!may(role, libc::SYS_execve) && !may(role, libc::SYS_clone));
        }
        assert!(!may(&keeper, libc::SYS_accept4) && !may(&server(None), libc::SYS_pwrite64));
    }

    #[test]
    fn filters_can_be_made_for_every_role() {
        for role in [
            server(None),
            server(Some("/data".into())),
            Role::Keeper {
                data: "/data".into(),
            },
        ] {
            let filter = SeccompFilter::new(
                rules(&role).unwrap(),
                SeccompAction::KillProcess,
                SeccompAction::Allow,
                TargetArch::try_from(env::consts::ARCH).unwrap(),
            );
            assert!(BpfProgram::try_from(filter.unwrap()).is_ok());
        }
    }
}
