//! LIST and NAMES: what they ask for. How they are answered is in `long`.

use crate::{
    chat::{effort, mask::fold},
    protocol::irc::{
        call::Call,
        long::{ListFilter, Long, Names},
        message::Params,
        numeric::RPL_LISTSTART,
    },
};
use std::time::Duration;

/// Conditions and masks in one LIST. Each room is compared with all of them.
const CONDITIONS_MAX: usize = 20;

/// LIST ("Modern IRC", LIST message; ELIST's letters C, M, N, T and U).
pub(in super::super) fn list(call: &mut Call<'_>, params: &Params<'_>) {
    let mut filter = ListFilter::new(call.ctx.now().moment);
    let words = params.at(0).split(',').filter(|word| !word.is_empty());
    for word in words.take(CONDITIONS_MAX) {
        add_condition(&mut filter, word);
    }
    let (heading, _, out) = call.parts();
    let line = heading.numeric(RPL_LISTSTART, out).param("Channel");
    line.text(RPL_LISTSTART.words).end();
    call.start_long(Long::List { filter, slot: 0 });
}

fn add_condition(filter: &mut ListFilter, word: &str) {
    let number = |text: &str| text.parse::<u32>().ok();
    let letter = word
        .chars()
        .next()
        .map(|letter| letter.to_ascii_uppercase());
    let range = match letter {
        Some('C') => Some(&mut filter.created),
        Some('T') => Some(&mut filter.topic),
        _ => None,
    };
    let compared = word.get(1..2).zip(word.get(2..).and_then(number));
    if let (Some(ages), Some((sign @ ("<" | ">"), minutes))) = (range, compared) {
        // `C>10`: created more than ten minutes ago.
        let span = Duration::from_secs(u64::from(minutes) * 60);
        match sign {
            "<" => ages.at_most = Some(span),
            _ => ages.more_than = Some(span),
        }
        return;
    }
    match (letter, word.get(1..).and_then(number)) {
        (Some('>'), Some(count)) => filter.more_than = Some(count as usize),
        (Some('<'), Some(count)) => filter.fewer_than = Some(count as usize),
        _ => {
            let (mask, is_not) = match word.strip_prefix('!') {
                Some(mask) => (mask, true),
                None => (word, false),
            };
            filter.masks.push((fold(mask).into(), is_not));
        }
    }
}

/// NAMES: several rooms, closed by one line that names them as they were asked for.
pub(in super::super) fn names(call: &mut Call<'_>, params: &Params<'_>) {
    let asked = params.at(0);
    let mut rooms: Vec<_> = asked
        .split(',')
        .inspect(|_| call.ctx.hub().charge(effort::LOOKED_UP))
        .filter_map(|name| call.find_room(name))
        .collect();
    rooms.reverse();
    rooms.dedup();
    let all = asked.is_empty();
    call.start_long(Long::Names(Names {
        rooms,
        slot: all.then_some(0),
        left: None,
        end: Some(if all { "*".into() } else { asked.into() }),
    }));
}
