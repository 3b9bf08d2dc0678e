//! The page: the files that a browser needs, carried in the program.
//!
//! Owns the table of what is where. Their names are stable and they are asked after each time (`no-cache`), so a new
//! version of the program is a new page at the next visit, and costs a round trip and no bytes otherwise.

use super::http::{Body, Cache, Page, etag};

/// One file.
struct File {
    path: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const fn file(path: &'static str, content_type: &'static str, bytes: &'static [u8]) -> File {
    File {
        path,
        content_type,
        bytes,
    }
}

const HTML: &str = "text/html; charset=utf-8";

const FILES: [File; 1] = [file("/", HTML, include_bytes!("page/index.html"))];

/// The files, and a name for each one's content.
#[derive(Debug)]
pub struct Files {
    etags: [String; FILES.len()],
}

impl Default for Files {
    /// Looks at every byte of them: to be made once.
    fn default() -> Self {
        Self {
            etags: FILES.each_ref().map(|file| etag(file.bytes)),
        }
    }
}

impl Files {
    /// The file at a path.
    pub fn at(&self, path: &str) -> Option<Page<'_>> {
        let index = FILES.iter().position(|file| file.path == path)?;
        let File {
            content_type,
            bytes,
            ..
        } = FILES[index];
        Some(Page {
            content_type,
            body: Body::Borrowed(bytes),
            etag: Some(&self.etags[index]),
            cache: Cache::Revalidate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_path_is_there_once() {
        let paths: BTreeSet<_> = FILES.iter().map(|file| file.path).collect();
        assert_eq!(paths.len(), FILES.len());
        let files = Files::default();
        for path in paths {
            assert!(!files.at(path).unwrap().body.is_empty());
        }
        assert!(files.at("/nowhere").is_none());
    }
}
