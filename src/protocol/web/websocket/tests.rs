//! The rules of RFC 6455, case by case and under any cut.

use super::*;

#[test]
fn a_record_stays_small() {
    assert!(size_of::<WebSocket>() <= 24, "{}", size_of::<WebSocket>());
}
