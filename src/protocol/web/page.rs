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

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A script, at its own name.
macro_rules! script {
    ($name:literal) => {
        file(
            concat!("/", $name),
            JS,
            include_bytes!(concat!("page/", $name)),
        )
    };
}

const FILES: [File; 20] = [
    file("/", HTML, include_bytes!("page/index.html")),
    file("/icon.svg", SVG, include_bytes!("page/icon.svg")),
    file("/madang.css", CSS, include_bytes!("page/madang.css")),
    script!("commands.js"),
    script!("compose.js"),
    script!("connection.js"),
    script!("corner.js"),
    script!("dom.js"),
    script!("irc.js"),
    script!("language.js"),
    script!("log.js"),
    script!("login.js"),
    script!("madang.js"),
    script!("mention.js"),
    script!("news.js"),
    script!("session.js"),
    script!("state.js"),
    script!("store.js"),
    script!("text.js"),
    script!("view.js"),
];

/// The files, each with an entity tag of its content.
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
    fn every_file_of_the_page_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/protocol/web/page");
        let files = Files::default();
        for file in std::fs::read_dir(folder).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let path = match &*name {
                "index.html" => "/".to_owned(),
                name => format!("/{name}"),
            };
            assert!(files.at(&path).is_some(), "{path}");
        }
    }

    /// The bytes of a first visit. Nothing packs the files: they are read as they are served. A fifth of it is the texts, in
    /// every language of the page. It was 96 KiB before the page could scroll back.
    const BYTES_MAX: usize = 112 * 1024;

    #[test]
    fn the_page_is_small() {
        let bytes: usize = FILES.iter().map(|file| file.bytes.len()).sum();
        assert!(bytes < BYTES_MAX, "{bytes} bytes");
    }

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
