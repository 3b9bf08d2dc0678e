//! A plot as SVG: one frame, lines, axes with round numbers. Text that comes from outside goes through [`escape`].

use std::fmt::Write as _;

/// Size of the drawing, and of its frame inside.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 36.0;

/// One line of a plot.
pub(super) struct Line<'a> {
    /// What it shows.
    pub(super) name: &'a str,
    /// Its points, from left to right.
    pub(super) points: Vec<(f64, f64)>,
}

/// A mark on an axis: its value and its text.
pub(super) type UsageMark = (f64, String);

/// A plot.
pub(super) struct Plot<'a> {
    /// The title above it.
    pub(super) title: &'a str,
    /// The lines; each has a colour of the page's style sheet.
    pub(super) lines: Vec<Line<'a>>,
    /// The marks below it, from left to right.
    pub(super) across: Vec<UsageMark>,
    /// The marks beside it, from the bottom to the top.
    pub(super) up: Vec<UsageMark>,
}

impl Plot<'_> {
    /// Appends the plot; nothing if it has no points.
    pub(super) fn draw(&self, out: &mut String) {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        if points().count() < 2 {
            return;
        }
        let x = Scale::over(
            points().map(|p| p.0).chain(self.across.iter().map(|m| m.0)),
            LEFT,
            WIDTH - RIGHT,
        );
        let y = Scale::over(
            points().map(|p| p.1).chain(self.up.iter().map(|m| m.0)),
            HEIGHT - BOTTOM,
            TOP,
        );
        let title = escape(self.title);
        let _ = writeln!(
            out,
            "<figure><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\
             <text x=\"{LEFT}\" y=\"16\" class=\"title\">{title}</text>"
        );
        for (at, text) in &self.across {
            let (at, bottom) = (x.of(*at), HEIGHT - BOTTOM);
            let _ = writeln!(
                out,
                "<path class=\"grid\" d=\"M{at:.1} {TOP}V{bottom}\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 18.0,
                escape(text)
            );
        }
        for (at, text) in &self.up {
            let (at, right) = (y.of(*at), WIDTH - RIGHT);
            let _ = writeln!(
                out,
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{right}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                at + 4.0,
                escape(text)
            );
        }
        for (number, line) in self.lines.iter().enumerate() {
            let mut path = String::new();
            for (at, point) in line.points.iter().enumerate() {
                let step = if at == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{step}{:.1} {:.1}", x.of(point.0), y.of(point.1));
            }
            let _ = writeln!(out, "<path class=\"line{number}\" d=\"{path}\"/>");
            let right = WIDTH - RIGHT - 130.0 * (self.lines.len() - 1 - number) as f64;
            let _ = writeln!(
                out,
                "<text x=\"{right}\" y=\"16\" text-anchor=\"end\" class=\"name{number}\">{}</text>",
                escape(line.name)
            );
        }
        out.push_str("</svg></figure>\n");
    }
}

/// Converts values to coordinates.
struct Scale {
    low: f64,
    per: f64,
    start: f64,
}

impl Scale {
    fn over(values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        let span = if high > low { high - low } else { 1.0 };
        Self {
            low,
            per: (end - start) / span,
            start,
        }
    }

    fn of(&self, value: f64) -> f64 {
        self.start + (value - self.low) * self.per
    }
}

/// Round numbers from zero up to at least `high`, at most seven of them.
pub(super) fn round_marks(high: f64, show: impl Fn(f64) -> String) -> Vec<UsageMark> {
    if !(high.is_finite() && high > 0.0) {
        return vec![(0.0, show(0.0)), (1.0, show(1.0))];
    }
    let power = 10_f64.powf((high / 5.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    let step = steps
        .into_iter()
        .find(|step| step * 5.0 >= high * 0.999)
        .unwrap_or(steps[3]);
    let count = (high / step).ceil() as usize;
    (0..=count)
        .map(|n| (n as f64 * step, show(n as f64 * step)))
        .collect()
}

/// Escapes a text for HTML and SVG.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_few_round_marks() {
        for (high, expected) in [
            (1.0, "0 0.2 0.4 0.6 0.8 1"),
            (7.0, "0 2 4 6 8"),
            (100.0, "0 20 40 60 80 100"),
            (101.0, "0 50 100 150"),
            (0.0, "0 1"),
            (f64::NAN, "0 1"),
        ] {
            let marks = round_marks(high, |value| format!("{}", (value * 10.0).round() / 10.0));
            let texts: Vec<String> = marks.into_iter().map(|mark| mark.1).collect();
            assert_eq!(texts.join(" "), expected, "{high}");
        }
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(
            escape("<a href=\"x\">'&\u{1b}"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;\u{fffd}"
        );
    }

    #[test]
    fn a_plot_without_points_is_not_drawn() {
        let mut out = String::new();
        let plot = Plot {
            title: "t",
            lines: vec![],
            across: vec![],
            up: vec![],
        };
        plot.draw(&mut out);
        assert_eq!(out, "");
    }
}
