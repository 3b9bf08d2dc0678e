//! Rights to read a file: which user this process runs as, and which right it lacks on the way to the file.
//!
//! "Permission denied" leaves open where: at the file, at a directory above it, or at the target of a link. Asks the system
//! about each step of the path. Does not know what the file is for.

use rustix::{
    fs::{Access, access},
    process::geteuid,
};
use std::{
    env, fmt, fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{self, Path, PathBuf},
};

/// Linux follows at most as many links in one path.
const LINKS_MAX: usize = 40;

/// A right that this process lacks. `Display` is a clause with the user, the right and the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MissingRight {
    right: Right,
    place: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// To pass through a directory: the system calls it "execute" or "search".
    Enter,
    /// To read a file.
    Read,
}

impl MissingRight {
    /// The first right that this process lacks to read the file at `path`; `None` if it lacks none, or if the path ends
    /// early.
    pub(super) fn find(path: &Path) -> Option<Self> {
        let mut path = path::absolute(path).ok()?;
        for _ in 0..LINKS_MAX {
            match walk(&path)? {
                Walk::Refused(missing) => return Some(missing),
                Walk::Link(target) => path = target,
            }
        }
        None
    }
}

/// Where a walk along a path ends.
enum Walk {
    Refused(MissingRight),
    /// At a link: the path with the link's target in its place.
    Link(PathBuf),
}

/// Walks from the root towards the file; `None` if nothing is refused.
fn walk(path: &Path) -> Option<Walk> {
    let refused = |right, place: &Path| {
        // A path through links has `..` in it.
        let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
        Some(Walk::Refused(MissingRight { right, place }))
    };
    let mut steps: Vec<&Path> = path.ancestors().collect();
    steps.reverse();
    for step in steps {
        let metadata = match fs::symlink_metadata(step) {
            Ok(metadata) => metadata,
            Err(e) if e.kind() == ErrorKind::PermissionDenied => {
                return refused(Right::Enter, step.parent()?);
            }
            Err(_) => return None,
        };
        if metadata.is_symlink() {
            let mut target = step.parent()?.join(fs::read_link(step).ok()?);
            let rest = path.strip_prefix(step).ok()?;
            // To join nothing would add a slash.
            if rest != Path::new("") {
                target.push(rest);
            }
            return Some(Walk::Link(target));
        }
    }
    match access(path, Access::READ_OK) {
        Err(rustix::io::Errno::ACCESS) => refused(Right::Read, path),
        _ => None,
    }
}

impl fmt::Display for MissingRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = geteuid().as_raw();
        // A user that systemd made for the service is not in the file; systemd passes its name.
        let name = name_of(id).or_else(|| env::var("USER").ok());
        match name {
            Some(name) => write!(f, "user {name} ({id})")?,
            None => write!(f, "user {id}")?,
        }
        let place = self.place.display();
        match self.right {
            Right::Enter => write!(f, " has no right to enter the directory {place}")?,
            Right::Read => write!(f, " has no right to read the file {place}")?,
        }
        let Ok(metadata) = fs::symlink_metadata(&self.place) else {
            return Ok(());
        };
        let owner = name_of(metadata.uid()).unwrap_or_else(|| metadata.uid().to_string());
        let mode = metadata.mode() & 0o7777;
        write!(f, " (owner {owner}, mode {mode:04o})")
    }
}

/// The name of a user in `/etc/passwd`. Directories of users on the network are not asked: they may not answer.
fn name_of(id: u32) -> Option<String> {
    find_name(&fs::read_to_string("/etc/passwd").ok()?, id)
}

fn find_name(passwd: &str, id: u32) -> Option<String> {
    let id = id.to_string();
    let mut lines = passwd.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| {
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_named_as_in_passwd() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nann:x:1000:100::/home/ann:/bin/sh\n";
        assert_eq!(find_name(passwd, 0).as_deref(), Some("root"));
        assert_eq!(find_name(passwd, 1000).as_deref(), Some("ann"));
        assert_eq!(find_name(passwd, 100), None);
    }

    #[test]
    fn no_right_is_missing_where_a_path_ends_or_goes_round() {
        let folder = env::temp_dir().join(format!("madang-rights-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let [file, link, circle] = ["file", "link", "circle"].map(|name| folder.join(name));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        std::os::unix::fs::symlink("circle", &circle).unwrap();
        for path in [
            &file,
            &link,
            &circle,
            &folder.join("none"),
            &file.join("none"),
        ] {
            assert_eq!(MissingRight::find(path), None, "{}", path.display());
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
