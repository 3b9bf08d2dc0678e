//! JSON beside what `serde_json` does by itself: objects whose keys are known only at run time and keep their order, and
//! rounded numbers.

use serde::{Serialize, Serializer};
use serde_json::Number;

/// An object with these keys and values, in this order.
pub(super) struct Entries<K, V>(pub(super) Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Entries<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// A number with at most so many digits after the point; a whole one has no point.
pub(super) fn rounded(number: f64, digits: i32) -> Number {
    let scale = 10f64.powi(digits);
    let rounded = (number * scale).round() / scale;
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
        return Number::from(rounded as i64);
    }
    // JSON has no infinity, and nothing that is measured here is one.
    Number::from_f64(rounded).unwrap_or_else(|| Number::from(0))
}

/// A value as one line.
pub(super) fn line(value: &impl Serialize) -> String {
    // Keys are texts, and every value can be written.
    let text = serde_json::to_string(value).expect("plain values");
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_order_and_numbers_are_rounded() {
        let entries = Entries(vec![
            ("z", rounded(2.0 / 3.0, 2)),
            ("a", rounded(3.0, 3)),
            ("m", rounded(0.0004, 3)),
            ("n", rounded(1234.5678, 3)),
            ("o", rounded(f64::INFINITY, 3)),
        ]);
        let expected = "{\"z\":0.67,\"a\":3,\"m\":0,\"n\":1234.568,\"o\":0}\n";
        assert_eq!(line(&entries), expected);
    }
}
