//! The same run several times: which report is shown, and how far the numbers of all runs lie apart.
//!
//! The report in the middle is shown, and not the best one: it is a run that happened, with all its numbers. Faults of the
//! other runs are added to it. Does not know how runs are done.

use super::values::{CONNECTIONS_ENOUGH, Repeated, Repeats, Report};

/// A number of a report, with its unit; `None` if it was not measured.
type Number = (&'static str, fn(&Report) -> Option<f64>);

/// The numbers whose spread is shown.
const NUMBERS: &[Number] = &[
    ("50 %, us", |report| Some(report.main_times()?.p50 as f64)),
    ("99 %, us", |report| Some(report.main_times()?.p99 as f64)),
    ("max, us", |report| Some(report.main_times()?.max as f64)),
    ("rate, 1/s", Report::main_rate),
    ("CPU per delivery, us", |report| {
        report.server.as_ref()?.cpu_per_delivery
    }),
    ("CPU per session, us", |report| {
        report.server.as_ref()?.cpu_per_session
    }),
    ("bytes per connection", |report| {
        // With fewer it is no number of the connections.
        let is_enough = report.connections.peak >= CONNECTIONS_ENOUGH;
        report
            .server
            .as_ref()?
            .bytes_per_connection
            .filter(|_| is_enough)
    }),
];

/// One report of several runs; `None` of none.
pub(in crate::load) fn combine(mut reports: Vec<Report>) -> Option<Report> {
    if reports.len() < 2 {
        return reports.pop();
    }
    let numbers = NUMBERS.iter().filter_map(|(name, of)| {
        let values: Option<Vec<f64>> = reports.iter().map(of).collect();
        let name = (*name).to_owned();
        values.map(|values| Repeated { name, values })
    });
    let repeats = Repeats {
        runs: reports.len(),
        numbers: numbers.collect(),
    };
    let faults = reports.iter().enumerate().flat_map(|(index, report)| {
        let faults = report.verdict.faults.iter();
        faults.map(move |fault| format!("run {}: {fault}", index + 1))
    });
    let faults: Vec<String> = faults.collect();
    let interrupted = reports.iter().any(|report| report.verdict.interrupted);
    let mut middle = reports.swap_remove(middle(&reports));
    middle.verdict.passed = faults.is_empty() && middle.verdict.passed;
    middle.verdict.faults = faults;
    middle.verdict.interrupted = interrupted;
    middle.repeats = Some(repeats);
    Some(middle)
}

/// Which report is in the middle, by its 99 %; of two, the worse.
fn middle(reports: &[Report]) -> usize {
    let key = |report: &Report| report.main_times().map_or(0, |times| times.p99);
    let mut order: Vec<usize> = (0..reports.len()).collect();
    order.sort_by_key(|index| key(&reports[*index]));
    order[order.len() / 2]
}

impl Repeated {
    /// The least, the middle and the greatest value; of an even number of values, the middle is the mean of two.
    pub(super) fn spread(&self) -> [f64; 3] {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (values.first(), values.last()) else {
            return [0.0; 3];
        };
        let half = values.len() / 2;
        let middle = match values.len() % 2 {
            0 => (values[half - 1] + values[half]) / 2.0,
            _ => values[half],
        };
        [*least, middle, *most]
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    fn with_p99(p99: u64) -> Report {
        let mut report = sample::full();
        report.hostile = None;
        report.verdict.faults.clear();
        report.verdict.passed = true;
        let latency = report.traffic.as_mut().and_then(|it| it.latency.as_mut());
        latency.expect("it has latencies").p99 = p99;
        report
    }

    #[test]
    fn the_run_in_the_middle_is_shown_with_the_spread_of_all() {
        let report = combine([300, 100, 200].map(with_p99).to_vec()).unwrap();
        assert_eq!(report.main_times().unwrap().p99, 200);
        let repeats = report.repeats.as_ref().unwrap();
        assert_eq!(repeats.runs, 3);
        let p99 = repeats
            .numbers
            .iter()
            .find(|it| it.name == "99 %, us")
            .unwrap();
        assert_eq!(
            (&p99.values[..], p99.spread()),
            (&[300.0, 100.0, 200.0][..], [100.0, 200.0, 300.0])
        );
        assert!(
            report.to_table().contains("3 runs"),
            "{}",
            report.to_table()
        );
        assert_eq!(
            Report::from_json(&report.to_json()).unwrap().repeats,
            report.repeats
        );
    }

    #[test]
    fn a_fault_of_any_run_is_one_of_all() {
        let mut bad = with_p99(1000);
        bad.verdict.faults.push("3 deliveries were lost".into());
        bad.verdict.passed = false;
        let report = combine(vec![with_p99(1), with_p99(2), bad]).unwrap();
        assert!(!report.verdict.passed);
        assert_eq!(report.verdict.faults, ["run 3: 3 deliveries were lost"]);
    }

    #[test]
    fn a_single_run_is_what_it_was() {
        assert_eq!(combine(vec![with_p99(7)]).unwrap(), with_p99(7));
        assert!(combine(Vec::new()).is_none());
    }
}
