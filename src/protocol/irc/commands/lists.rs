//! LIST and NAMES: what they ask for. `paged_reply` answers.

use crate::{
    chat::{effort, mask::fold},
    protocol::irc::{
        codec::{message::Params, numeric::RPL_LISTSTART},
        paged_reply::{ListFilter, NameCondition, Names, NamesScope, PagedReply},
        session::request::Request,
    },
};
use std::time::Duration;

/// Conditions and masks in one LIST. Each room is compared with all of them.
const CONDITIONS_MAX: usize = 20;

/// LIST ("Modern IRC", LIST message; ELIST's letters C, M, N, T and U).
pub(crate) fn list(request: &mut Request<'_>, params: &Params<'_>) {
    let mut filter = ListFilter::new(request.ctx.now().moment);
    let words = params.at(0).split(',').filter(|word| !word.is_empty());
    for word in words.take(CONDITIONS_MAX) {
        add_condition(&mut filter, word);
    }
    let (prefix, _, out) = request.split();
    let line = prefix.numeric(RPL_LISTSTART, out).param("Channel");
    line.text(RPL_LISTSTART.words).end();
    request.start_pages(PagedReply::List { filter, slot: 0 });
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
            filter.names.push(match word.strip_prefix('!') {
                Some(mask) => NameCondition::MatchesNot(fold(mask).into()),
                None => NameCondition::Matches(fold(word).into()),
            });
        }
    }
}

/// NAMES: several rooms, closed by one line that names them as they were asked for.
pub(crate) fn names(request: &mut Request<'_>, params: &Params<'_>) {
    let asked = params.at(0);
    let mut rooms: Vec<_> = asked
        .split(',')
        .inspect(|_| request.ctx.hub().charge(effort::LOOKED_UP))
        .filter_map(|name| request.find_room(name))
        .collect();
    rooms.reverse();
    rooms.dedup();
    let scope = match asked {
        "" => NamesScope::All { slot: 0 },
        asked => NamesScope::Asked(asked.into()),
    };
    request.start_pages(PagedReply::Names(Names::new(rooms, scope)));
}
