//! The report as one page that needs no other file: the table, and plots drawn as SVG. It can be mailed.

use super::{
    plot::{Line, Plot, escape, round_marks},
    text::{date, span},
    values::{Report, Sample},
};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d2329;--paper:#fbfaf7;--grid:#ddd8cf;--a:#1f6f8b;--b:#c4622d}
@media(prefers-color-scheme:dark){:root{--ink:#e4e1da;--paper:#17191c;--grid:#34383d;--a:#6fb7d2;--b:#e59a6c}}
body{margin:2rem auto;max-width:60rem;padding:0 1rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.4rem}figure{margin:1.5rem 0}svg{width:100%;height:auto}pre{overflow-x:auto;font-size:.8rem;line-height:1.4}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .title{font-weight:600}
.grid{stroke:var(--grid);fill:none}.line0{stroke:var(--a)}.line1{stroke:var(--b)}
.line0,.line1{fill:none;stroke-width:1.8}svg .name0{fill:var(--a)}svg .name1{fill:var(--b)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem}dd{margin:0}
.passed,.failed{font-weight:600}.failed{color:var(--b)}
";

impl Report {
    /// The report as a page in HTML.
    pub fn to_html(&self) -> String {
        let title = escape(&format!(
            "{} {} on {}",
            self.tool, self.scenario, self.target
        ));
        let verdict = match &self.verdict.faults[..] {
            [] => "<p class=\"passed\">passed</p>".to_owned(),
            faults => format!(
                "<p class=\"failed\">failed: {}</p>",
                escape(&faults.join(", "))
            ),
        };
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{verdict}\n"
        );
        self.push_facts(&mut page);
        latencies(self).draw(&mut page);
        latencies_over_time(self).draw(&mut page);
        over_time(
            self,
            "connections",
            |s| Some(s.ready as f64),
            |n| format!("{n:.0}"),
        )
        .draw(&mut page);
        let mib = |s: &Sample| s.resident.map(|bytes| bytes as f64 / 1_048_576.0);
        over_time(self, "resident memory of the server", mib, |n| {
            format!("{n} MiB")
        })
        .draw(&mut page);
        deliveries(self).draw(&mut page);
        page += &format!(
            "<pre>{}</pre>\n</body>\n</html>\n",
            escape(&self.to_table())
        );
        page
    }

    /// When, where and with which options it was measured.
    fn push_facts(&self, page: &mut String) {
        let machine = &self.machine;
        let processor = machine.processor.as_deref().unwrap_or("unknown");
        let settings = self.settings.iter();
        let settings: Vec<String> = settings.map(|(k, v)| format!("{k} {v}")).collect();
        let facts = [
            ("begun", date(self.started)),
            (
                "machine",
                format!(
                    "{}, {} processors ({processor})",
                    machine.kernel, machine.processors
                ),
            ),
            ("settings", settings.join(", ")),
            ("mode", self.mode.clone().unwrap_or_default()),
        ];
        page.push_str("<dl>\n");
        for (name, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
            *page += &format!("<dt>{name}</dt><dd>{}</dd>\n", escape(fact));
        }
        page.push_str("</dl>\n");
    }
}

/// Latency by percentile: each further nine takes the same width.
fn latencies(report: &Report) -> Plot<'_> {
    // The last point is one in infinitely many; it is drawn where the next nine would be.
    let nines = |share: f64| -(1.0 - share).max(1e-6).log10();
    let log = |micros: u64| (micros.max(1) as f64).log10();
    let last = report
        .curve
        .iter()
        .rev()
        .find(|point| point.0 < 1.0)
        .map_or(0.0, |point| nines(point.0));
    let points: Vec<_> = report
        .curve
        .iter()
        .map(|(share, micros)| (nines(*share).min(last), log(*micros)))
        .collect();
    let shares = [
        (0.0, "0 %"),
        (0.9, "90 %"),
        (0.99, "99 %"),
        (0.999, "99.9 %"),
        (0.9999, "99.99 %"),
    ];
    let across = shares
        .into_iter()
        .filter(|(share, _)| nines(*share) <= last + 1e-9);
    let (low, high) = points.iter().fold((9.0_f64, 0.0_f64), |(low, high), p| {
        (low.min(p.1), high.max(p.1))
    });
    let powers = low.floor() as i32..=high.ceil() as i32;
    Plot {
        title: "latency by percentile",
        lines: vec![Line { name: "", points }],
        across: across
            .map(|(share, text)| (nines(share), text.into()))
            .collect(),
        up: powers
            .map(|power| (f64::from(power), span(10_u64.pow(power.max(0) as u32))))
            .collect(),
    }
}

/// Latency over the time of the run: of the deliveries between two samples.
fn latencies_over_time(report: &Report) -> Plot<'_> {
    let points = |of: fn(&Sample) -> Option<u64>| {
        let samples = report.samples.iter();
        let points = samples.filter_map(|sample| Some((sample.at, of(sample)? as f64 / 1000.0)));
        points.collect::<Vec<_>>()
    };
    let (half, most) = (points(|s| s.latency_p50), points(|s| s.latency_p99));
    let high = most.iter().map(|point| point.1).fold(0.0, f64::max);
    let end = most.last().map_or(1.0, |point| point.0);
    Plot {
        title: "latency over time",
        lines: vec![
            Line {
                name: "50 %",
                points: half,
            },
            Line {
                name: "99 %",
                points: most,
            },
        ],
        across: round_marks(end, |seconds| format!("{seconds} s")),
        up: round_marks(high, |millis| format!("{millis} ms")),
    }
}

/// One number of the samples over the time of the run.
fn over_time<'a>(
    report: &Report,
    title: &'a str,
    of: impl Fn(&Sample) -> Option<f64>,
    show: impl Fn(f64) -> String,
) -> Plot<'a> {
    let points = report
        .samples
        .iter()
        .filter_map(|sample| Some((sample.at, of(sample)?)));
    plot_over_time(title, points.collect(), show)
}

/// Deliveries a second: the differences of the samples.
fn deliveries(report: &Report) -> Plot<'_> {
    let pairs = report.samples.iter().zip(report.samples.iter().skip(1));
    let points = pairs.filter(|(a, b)| b.at > a.at).map(|(a, b)| {
        let new = b.delivered.saturating_sub(a.delivered) as f64;
        (b.at, new / (b.at - a.at))
    });
    let points: Vec<_> = if report.traffic.is_some() {
        points.collect()
    } else {
        Vec::new()
    };
    plot_over_time("deliveries per second", points, |n| format!("{n:.0}"))
}

fn plot_over_time(title: &str, points: Vec<(f64, f64)>, show: impl Fn(f64) -> String) -> Plot<'_> {
    let high = points.iter().map(|point| point.1).fold(0.0, f64::max);
    let end = points.last().map_or(1.0, |point| point.0);
    Plot {
        title,
        lines: vec![Line { name: "", points }],
        across: round_marks(end, |seconds| format!("{seconds} s")),
        up: round_marks(high, show),
    }
}

#[cfg(test)]
mod tests {
    use crate::load::report::sample;

    #[test]
    fn the_page_needs_no_other_file() {
        let page = sample::full().to_html();
        assert_eq!(page.matches("<svg").count(), 5, "{page}");
        assert_eq!(page.matches("</svg>").count(), 5);
        for word in [
            "http", "src=", "url(", "@import", "<script", "<link", "NaN", "inf",
        ] {
            assert!(!page.contains(word), "{word} in:\n{page}");
        }
        assert!(page.contains("failed: "), "{page}");
        for fact in ["2023-11-14 22:13:20 UTC", "receivers 1000", "2 processors"] {
            assert!(page.contains(fact), "{fact} in:\n{page}");
        }
    }

    #[test]
    fn texts_of_the_server_are_escaped() {
        let mut report = sample::full();
        report.target = "irc://<script>alert(1)</script>".into();
        report.connections.reasons.insert("<img src=x>".into(), 1);
        let page = report.to_html();
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
    }

    #[test]
    fn an_empty_report_is_a_page_too() {
        let page = crate::load::Report::default().to_html();
        assert!(
            page.ends_with("</html>\n") && !page.contains("<svg"),
            "{page}"
        );
    }
}
