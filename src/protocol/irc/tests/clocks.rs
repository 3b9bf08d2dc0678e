//! Times that are shown go by the wall clock, spans by the monotonic one, whichever way the wall clock is set.

use super::Stage;
use crate::chat::{Moment, Now, WallTime};

const DAY_MS: i64 = 86_400_000;

fn at(wall: i64, moment_s: u64) -> Now {
    Now {
        wall: WallTime::from_unix_ms(wall),
        moment: Moment::from_ms(moment_s * 1000),
    }
}

#[test]
fn setting_the_clock_changes_no_idle_time_age_or_uptime() {
    let mut stage = Stage::new();
    stage.world.now = at(100 * DAY_MS, 0);
    stage.world.server_info.started = stage.world.now;
    stage.register('a', "");
    stage.send('a', "JOIN #r");
    stage.received('a');
    // Twenty minutes later by one clock; by the other yesterday, then the day after tomorrow.
    for wall in [99 * DAY_MS, 102 * DAY_MS] {
        stage.world.now = at(wall, 20 * 60);
        stage.send('a', "WHOIS a");
        let told = stage.received('a').join("\n");
        assert!(told.contains(" 317 a a 1200 8640000 "), "{told}");
        for (condition, listed) in [("C>19", 1), ("C>20", 0), ("C<20", 1), ("C<19", 0)] {
            stage.send('a', &format!("LIST {condition}"));
            let told = stage.received('a');
            let rooms = told.iter().filter(|line| line.contains(" 322 ")).count();
            assert_eq!(rooms, listed, "{condition}: {told:?}");
        }
        stage.send('a', "STATS u");
        let told = stage.received('a').join("\n");
        assert!(told.contains("Server Up 0 days 0:20:00"), "{told}");
    }
}

#[test]
fn times_of_messages_rise_while_the_clock_is_set_back() {
    let mut stage = Stage::new();
    stage.world.now = at(0, 0);
    stage.register('a', "server-time echo-message");
    stage.send('a', "JOIN #r");
    stage.received('a');
    let mut last = String::new();
    for wall in [5000, 5000, 1000, 0] {
        stage.world.now = at(wall, 0);
        stage.send('a', "PRIVMSG #r :hi");
        let told = stage.received('a').remove(0);
        let time = told.split(' ').next().unwrap_or_default().to_owned();
        assert!(
            time.starts_with("@time=1970-01-01T00:00:05.") && time > last,
            "{told}"
        );
        last = time;
    }
}

#[test]
fn a_ban_for_minutes_ends_by_the_clock_that_never_jumps() {
    let mut stage = Stage::new();
    stage.world.now = at(100 * DAY_MS, 60);
    stage.register('a', "");
    let (_, seat, _) = stage.clients[0];
    stage.world.make_operator(seat);
    stage.send('a', "KLINE 5 *@bad.example :away");
    let ends = stage
        .world
        .hub
        .server_bans()
        .first()
        .and_then(|ban| ban.until);
    assert_eq!(ends, Some(Moment::from_ms(6 * 60_000)));
}
