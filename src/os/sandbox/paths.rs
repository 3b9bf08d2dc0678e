//! Files: the table of paths that each role may use, and why; the rest is closed by Landlock.
//!
//! A rule holds for what is at a path now (the inode), and for all beneath it. So a file that is replaced by another is
//! allowed by its directory alone, and links count by where they lead. Does not know system calls.

use super::role::Role;
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus, Scope,
    make_bitflags,
};
use std::{
    env, io,
    path::{Path, PathBuf},
};

/// The version of Landlock whose rights are handled. A kernel with an older one handles fewer: 1 has files, 4 TCP, 5
/// devices, 6 abstract sockets.
const HANDLED: ABI = ABI::V6;

/// Links in one path that are followed, as Linux does.
const LINKS_MAX: usize = 40;

/// Who uses a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// Each role.
    All,
    /// The server.
    Server,
    /// The start of another keeper by a server with a data directory.
    Start,
}

/// A path that is the same everywhere.
struct Row {
    path: &'static str,
    access: BitFlags<AccessFs>,
    by: For,
    /// The reason; for readers of the table, and of its test.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers"))]
    why: &'static str,
}

const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});
const READ_WRITE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | WriteFile});
const RUN: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir | Execute});

/// What a database does with its files and their directory.
const KEEP: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
    ReadFile | WriteFile | Truncate | ReadDir | MakeReg | RemoveFile
});

/// The paths that no configuration names.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row { path: "/dev/null", access: READ_WRITE, by: For::All,
        why: "the spare descriptor is opened again after it was given up; a keeper's output goes there" },
    Row { path: "/proc/self", access: READ, by: For::Server,
        why: "memory and descriptors for the metrics, at each request" },
    Row { path: "/proc/sys/vm/overcommit_memory", access: READ, by: For::Start,
        why: "the allocator looks at it when a process starts" },
    Row { path: "/proc/self/exe", access: RUN, by: For::Start,
        why: "the keeper is this very program" },
    // A static binary needs none of the following.
    Row { path: "/etc/ld.so.cache", access: READ, by: For::Start, why: "where the libraries are" },
    Row { path: "/lib", access: RUN, by: For::Start, why: "the dynamic linker and the C library" },
    Row { path: "/lib64", access: RUN, by: For::Start, why: "the dynamic linker" },
    Row { path: "/usr/lib", access: RUN, by: For::Start, why: "the C library" },
    Row { path: "/usr/lib64", access: RUN, by: For::Start, why: "the C library" },
];

/// Closes all other paths, and TCP beyond what is open already; the version in force, 0 if there is none.
pub(super) fn restrict(role: &Role) -> io::Result<u32> {
    let wrong = |error: landlock::RulesetError| io::Error::other(error.to_string());
    let mut rules = Vec::new();
    for (path, access) in allowed(role) {
        // What is not there needs no rule: nobody can open it, and it would have to be made in a closed directory.
        if let Ok(opened) = PathFd::new(&path) {
            let access = match path.is_dir() {
                true => access,
                false => access & AccessFs::from_file(HANDLED),
            };
            rules.push(Ok::<_, landlock::RulesetError>(PathBeneath::new(
                opened, access,
            )));
        }
    }
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(HANDLED))
        .map_err(wrong)?
        // There is no rule for TCP: nothing more is bound, and the server connects to nobody.
        .handle_access(AccessNet::from_all(HANDLED))
        .map_err(wrong)?
        .scope(Scope::AbstractUnixSocket)
        .map_err(wrong)?
        .create()
        .map_err(wrong)?
        .add_rules(rules)
        .map_err(wrong)?
        .restrict_self()
        .map_err(wrong)?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => 0,
        (_, LandlockStatus::Available { effective_abi, .. }) => effective_abi.min(HANDLED) as u32,
        _ => 0,
    })
}

/// The paths of a role, each with its rights.
fn allowed(role: &Role) -> Vec<(PathBuf, BitFlags<AccessFs>)> {
    let (is_server, data) = match role {
        Role::Server { data, .. } => (true, data.as_ref()),
        Role::Keeper { data } => (false, Some(data)),
    };
    let rows = TABLE.iter().filter(|row| match row.by {
        For::All => true,
        For::Server => is_server,
        For::Start => is_server && data.is_some(),
    });
    let mut paths: Vec<_> = rows
        .map(|row| (PathBuf::from(row.path), row.access))
        .collect();
    paths.extend(data.map(|data| (data.clone(), KEEP)));
    if let Role::Server {
        configured,
        sockets,
        ..
    } = role
    {
        let places = configured.iter().flat_map(|path| places_of(path));
        paths.extend(places.map(|place| (place, READ)));
        let folders = sockets.iter().filter_map(|path| path.parent());
        let remove = BitFlags::from(AccessFs::RemoveFile);
        paths.extend(folders.map(|folder| (folder.to_owned(), remove)));
    }
    paths
}

/// Where a file is, and each place that links on the way to it lead through: its directory, for a renewal puts another
/// file, or another link, there. In the root directory only the file itself, for its directory is everything.
fn places_of(path: &Path) -> Vec<PathBuf> {
    let mut places = Vec::new();
    let Ok(current) = env::current_dir() else {
        return places;
    };
    let mut path = current.join(path);
    for _ in 0..LINKS_MAX {
        match path.parent().filter(|folder| folder.parent().is_some()) {
            Some(folder) => places.push(folder.to_owned()),
            None => places.push(path.clone()),
        }
        match path.read_link() {
            Ok(target) => path = path.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) => break,
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_row_has_a_reason() {
        for row in TABLE {
            assert!(row.why.len() > 10, "{}", row.path);
        }
    }

    #[test]
    fn a_renewed_certificate_is_in_an_allowed_place() {
        // As certbot keeps them: live/name/fullchain.pem -> ../../archive/name/fullchain1.pem.
        let directory = tempfile::tempdir().unwrap();
        let [live, archive] = ["live/name", "archive/name"].map(|path| directory.path().join(path));
        for folder in [&live, &archive] {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(archive.join("fullchain1.pem"), "").unwrap();
        let link = live.join("fullchain.pem");
        symlink("../../archive/name/fullchain1.pem", &link).unwrap();
        let places = places_of(&link);
        assert_eq!(places.len(), 2);
        assert_eq!(places[0], live);
        assert_eq!(
            places[1].canonicalize().unwrap(),
            archive.canonicalize().unwrap()
        );
    }

    #[test]
    fn a_file_in_the_root_directory_does_not_open_everything() {
        assert_eq!(
            places_of(Path::new("/madang.toml")),
            [Path::new("/madang.toml")]
        );
        assert_eq!(
            places_of(Path::new("/etc/madang.toml")),
            [Path::new("/etc")]
        );
    }

    #[test]
    fn a_server_without_data_runs_nothing_and_a_keeper_reads_nothing_else() {
        let server = |data: Option<PathBuf>| Role::Server {
            configured: vec![],
            data,
            sockets: vec![],
        };
        let runs = |role: &Role| {
            let allowed = allowed(role);
            allowed
                .iter()
                .any(|(_, access)| access.contains(AccessFs::Execute))
        };
        assert!(!runs(&server(None)) && runs(&server(Some("/data".into()))));
        let keeper = Role::Keeper {
            data: "/data".into(),
        };
        let paths: Vec<_> = allowed(&keeper).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, [Path::new("/dev/null"), Path::new("/data")]);
    }
}
