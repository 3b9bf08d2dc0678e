//! The same metrics in the text format of Prometheus, version 0.0.4, for clients that accept no OpenMetrics: `promtool`,
//! curl, older scrapers.
//!
//! The formats differ in the lines about a family. The text format names it as its samples are named (`_total`, `_info`),
//! knows no `info` and no units, and has no end mark. Rewrites our own OpenMetrics text; does not know the metrics.

use crate::protocol::web::http::Request;

/// The media type of the text.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whether a client gets OpenMetrics: it names that among the types it accepts, or it names none. Weights do not count; a
/// client that can read both gets the richer one.
pub(super) fn accepts_openmetrics(request: &Request<'_>) -> bool {
    let is_openmetrics = |range: &[u8]| {
        let name = range.split(|byte| *byte == b';').next();
        name.is_some_and(|name| {
            name.trim_ascii()
                .eq_ignore_ascii_case(b"application/openmetrics-text")
        })
    };
    !request.has("accept") || request.list("accept").any(is_openmetrics)
}

/// Rewrites OpenMetrics text as it leaves [`super::openmetrics`]: for each family `# HELP`, `# TYPE`, then samples.
pub(super) fn from_openmetrics(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut help = "";
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", _, of_family] => help = of_family,
            ["#", "TYPE", name, kind] => {
                let (suffix, kind) = match kind {
                    "counter" => ("_total", "counter"),
                    "info" => ("_info", "gauge"),
                    kind => ("", kind),
                };
                out.extend(["# HELP ", name, suffix, " ", help, "\n"]);
                out.extend(["# TYPE ", name, suffix, " ", kind, "\n"]);
            }
            ["#", ..] => {}
            _ => out.extend([line, "\n"]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_named_as_their_samples() {
        let openmetrics = "# HELP a_build The version.\n# TYPE a_build info\na_build_info{version=\"1\"} 1\n\
                           # HELP a_sent_bytes Bytes.\n# TYPE a_sent_bytes counter\n# UNIT a_sent_bytes bytes\n\
                           a_sent_bytes_total 5\n# HELP a_rooms Rooms.\n# TYPE a_rooms gauge\na_rooms 2\n# EOF\n";
        let expected = "# HELP a_build_info The version.\n# TYPE a_build_info gauge\na_build_info{version=\"1\"} 1\n\
                        # HELP a_sent_bytes_total Bytes.\n# TYPE a_sent_bytes_total counter\na_sent_bytes_total 5\n\
                        # HELP a_rooms Rooms.\n# TYPE a_rooms gauge\na_rooms 2\n";
        assert_eq!(from_openmetrics(openmetrics), expected);
    }
}
