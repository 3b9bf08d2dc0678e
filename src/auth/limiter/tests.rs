//! The limiter over simulated time.

use super::*;

const NAME: &str = "root";

fn caller(network: [u8; 4]) -> Caller<'static> {
    Caller {
        network: network.into(),
        certificate: None,
        is_first: false,
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A wrong password: how long they had to wait instead, if so.
fn guess(limiter: &mut Limiter, name: &str, from: Caller<'_>, now: Duration) -> Option<Duration> {
    match limiter.admit(PasswordKind::Operator, name, from, now) {
        Ok(attempt) => {
            limiter.settle(attempt, false, now);
            None
        }
        Err(wait) => Some(wait),
    }
}

/// The right one.
fn succeed(limiter: &mut Limiter, name: &str, from: Caller<'_>, now: Duration) -> bool {
    let attempt = limiter.admit(PasswordKind::Operator, name, from, now);
    attempt.is_ok_and(|attempt| {
        limiter.settle(attempt, true, now);
        true
    })
}

#[test]
fn an_address_waits_twice_as_long_after_each_wrong_password() {
    let mut limiter = Limiter::default();
    let from = caller([192, 0, 2, 1]);
    let mut now = seconds(100);
    for number in 0..3 {
        let name = number.to_string();
        assert_eq!(
            guess(&mut limiter, &name, from, now),
            None,
            "people mistype"
        );
    }
    assert_eq!(guess(&mut limiter, "3", from, now), None);
    for (number, delay) in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
        .into_iter()
        .enumerate()
    {
        let name = format!("other{number}");
        assert_eq!(guess(&mut limiter, &name, from, now), Some(seconds(delay)));
        // To ask too early costs nothing more.
        let early = now + seconds(delay) - Duration::from_millis(1);
        assert!(guess(&mut limiter, &name, from, early).is_some());
        now += seconds(delay);
        assert_eq!(guess(&mut limiter, &name, from, now), None);
    }
    assert_eq!(guess(&mut limiter, "x", caller([192, 0, 2, 2]), now), None);
    // In an hour it is forgotten.
    now += FORGOTTEN_AFTER;
    for number in 0..4 {
        assert_eq!(guess(&mut limiter, &number.to_string(), from, now), None);
    }
}

#[test]
fn a_name_is_delayed_from_any_address_even_if_unknown() {
    let mut limiter = Limiter::default();
    let now = seconds(100);
    let guessed =
        (0..100).filter(|n| guess(&mut limiter, NAME, caller([10, 0, 0, *n]), now).is_none());
    assert_eq!(guessed.count(), 6);
    // In a quarter of an hour a hundred addresses have a guess in four seconds, not a thousand.
    let mut admitted = 0;
    for second in 0..900 {
        for n in 0..100 {
            let now = now + seconds(second);
            admitted += u32::from(guess(&mut limiter, NAME, caller([10, 0, 1, n]), now).is_none());
        }
    }
    assert!((200..=235).contains(&admitted), "{admitted}");
    // Its owner, from a new address, waits for seconds.
    let wait = guess(
        &mut limiter,
        NAME,
        caller([10, 1, 0, 1]),
        now + seconds(900),
    );
    assert!(wait.is_none_or(|wait| wait <= OF_NAME.most), "{wait:?}");
}

#[test]
fn a_client_that_was_right_before_is_not_delayed_by_others() {
    let mut limiter = Limiter::default();
    let (home, now) = (caller([192, 0, 2, 1]), seconds(100));
    let with_certificate = Caller {
        certificate: Some("aa:bb"),
        ..caller([192, 0, 2, 9])
    };
    assert!(succeed(&mut limiter, NAME, home, now));
    assert!(succeed(&mut limiter, NAME, with_certificate, now));
    for n in 0..200 {
        guess(&mut limiter, NAME, caller([10, 0, 0, n]), now);
    }
    assert!(guess(&mut limiter, NAME, caller([192, 0, 2, 8]), now).is_some());
    assert!(succeed(&mut limiter, NAME, home, now));
    let elsewhere = Caller {
        network: [192, 0, 2, 8].into(),
        ..with_certificate
    };
    assert!(
        succeed(&mut limiter, NAME, elsewhere, now),
        "by certificate"
    );
    // For another name the address is a stranger; for this one its own mistakes count.
    assert!(
        !limiter
            .admit(PasswordKind::Operator, "ann", home, now)
            .unwrap()
            .is_known()
    );
    for _ in 0..4 {
        assert_eq!(guess(&mut limiter, NAME, home, now), None);
    }
    assert_eq!(guess(&mut limiter, NAME, home, now), Some(seconds(1)));
    assert!(succeed(&mut limiter, NAME, home, now + seconds(1)));
}

#[test]
fn attempts_at_once_are_no_way_around_the_count() {
    let mut limiter = Limiter::default();
    let (from, now) = (caller([192, 0, 2, 1]), seconds(5));
    let attempts: Vec<_> = (0..100)
        .filter_map(|n| {
            limiter
                .admit(PasswordKind::Operator, &n.to_string(), from, now)
                .ok()
        })
        .collect();
    assert_eq!(attempts.len(), 4);
    // The delay counts from the answer.
    for attempt in attempts {
        limiter.settle(attempt, false, now + seconds(9));
    }
    assert_eq!(
        guess(&mut limiter, NAME, from, now + seconds(9)),
        Some(seconds(1))
    );
}

#[test]
fn one_attempt_that_is_given_back_was_none() {
    let mut limiter = Limiter::default();
    for _ in 0..100 {
        let attempt = limiter.admit(
            PasswordKind::Operator,
            NAME,
            caller([10, 0, 0, 1]),
            seconds(1),
        );
        limiter.give_back(&attempt.unwrap());
    }
}

#[test]
fn loopback_is_the_address_of_many() {
    let mut limiter = Limiter::default();
    let mut now = seconds(1);
    for _ in 0..60 {
        now += MILD.most;
        assert_eq!(guess(&mut limiter, NAME, caller([127, 0, 0, 1]), now), None);
    }
}

#[test]
fn kinds_are_counted_apart_and_the_server_s_has_no_names() {
    let mut limiter = Limiter::default();
    let now = seconds(1);
    for n in 0..100 {
        let attempt = limiter.admit(PasswordKind::Server, "", caller([10, 0, 0, n]), now);
        limiter.settle(attempt.unwrap(), false, now);
    }
    let from = caller([10, 0, 0, 1]);
    for _ in 0..3 {
        let attempt = limiter.admit(PasswordKind::Server, "", from, now).unwrap();
        limiter.settle(attempt, false, now);
    }
    assert!(limiter.admit(PasswordKind::Server, "", from, now).is_err());
    assert_eq!(guess(&mut limiter, NAME, from, now), None);
}

#[test]
fn memory_is_bounded_and_the_guiltiest_are_kept() {
    let mut limiter = Limiter::default();
    let worst = caller([192, 0, 2, 1]);
    let mut now = seconds(1);
    for n in 0..8 {
        now += seconds(200);
        guess(&mut limiter, &format!("w{n}"), worst, now);
    }
    for n in 0..3 * ENTRIES_MAX as u32 {
        let [_, b, c, d] = n.to_be_bytes();
        guess(&mut limiter, &n.to_string(), caller([10, b, c, d]), now);
        assert!(limiter.networks.entries.len() <= ENTRIES_MAX);
        assert!(limiter.names.entries.len() <= ENTRIES_MAX);
    }
    assert!(
        guess(&mut limiter, "w", worst, now).is_some(),
        "not forgotten"
    );
    for n in 0..3 * KNOWN_MAX {
        let [.., c, d] = (n as u32).to_be_bytes();
        succeed(&mut limiter, &n.to_string(), caller([11, 0, c, d]), now);
        assert!(limiter.known[PasswordKind::Operator as usize].entries.len() <= KNOWN_MAX);
    }
}

#[test]
fn a_connection_for_each_guess_at_an_account_is_no_way_around() {
    let mut limiter = Limiter::default();
    let mut is_looked_at = |_: &u32| {
        let guesser = Caller {
            is_first: true,
            ..caller([127, 0, 0, 1])
        };
        let kind = PasswordKind::Account;
        limiter.admit(kind, NAME, guesser, seconds(100)).is_ok()
    };
    let looked_at = (0..150).filter(|n| is_looked_at(n)).count();
    assert!(looked_at < 20, "{looked_at}");
}

#[test]
fn endless_guessers_keep_no_new_client_out() {
    let mut limiter = Limiter::default();
    let now = seconds(100);
    let newcomer = |network| Caller {
        is_first: true,
        ..caller(network)
    };
    // Behind a proxy, where the operator was right before and where not.
    let proxy = [127, 0, 0, 1];
    for known in [false, true] {
        while guess(&mut limiter, NAME, caller(proxy), now).is_none() {}
        assert!(guess(&mut limiter, NAME, caller(proxy), now).is_some());
        assert!(succeed(&mut limiter, NAME, newcomer(proxy), now), "{known}");
    }
    // From many addresses: the first attempt of an address that made no mistake is looked at, the second is not.
    for n in 0..200 {
        guess(&mut limiter, NAME, caller([10, 0, 0, n]), now);
    }
    let elsewhere = [192, 0, 2, 1];
    assert!(guess(&mut limiter, NAME, caller(elsewhere), now).is_some());
    assert_eq!(guess(&mut limiter, NAME, newcomer(elsewhere), now), None);
    assert!(guess(&mut limiter, NAME, newcomer(elsewhere), now).is_some());
    assert!(succeed(&mut limiter, NAME, newcomer([192, 0, 2, 2]), now));
}

#[test]
fn ones_own_account_takes_no_mistake_back() {
    let mut limiter = Limiter::default();
    let (from, now) = (caller([192, 0, 2, 1]), seconds(100));
    let mut attempt = |name: &str, is_right| {
        let admitted = limiter.admit(PasswordKind::Account, name, from, now);
        let is_admitted = admitted.is_ok();
        if let Ok(attempt) = admitted {
            limiter.settle(attempt, is_right, now);
        }
        is_admitted
    };
    for number in 0..10 {
        assert!(attempt(&number.to_string(), false));
        assert!(attempt("mine", true));
    }
    assert!(attempt("another", false));
    assert!(!attempt("one more", false), "the address waits");
    assert!(attempt("mine", true), "known");
}

#[test]
fn the_users_of_a_bouncer_log_in_together() {
    let mut limiter = Limiter::default();
    let (from, now) = (caller([192, 0, 2, 1]), seconds(100));
    let mut names = 0..40;
    loop {
        let together: Vec<_> = names.by_ref().take(10).collect();
        if together.is_empty() {
            break;
        }
        let attempts: Vec<_> = together
            .iter()
            .map(|n| limiter.admit(PasswordKind::Account, &n.to_string(), from, now))
            .collect();
        for attempt in attempts {
            limiter.settle(attempt.expect("no one has made a mistake"), true, now);
        }
    }
}
