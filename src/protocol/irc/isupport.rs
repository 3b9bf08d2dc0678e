//! ISUPPORT: what the server can do and where its limits are, as tokens ("Modern IRC", section Feature Advertisement).
//!
//! Invariant: every token is made from the constant that is in force, so none can be untrue. Does not know who reads
//! it.

use super::monitor::TARGETS_MAX;
use crate::chat::{
    Limits,
    mask::{ACCOUNT_LETTER, EXTBAN_LETTERS, EXTBAN_SIGN},
    mode::{Letter as _, ListKind, PARAMETERS_MAX, Rank, RoomFlag, UserMode},
    name::{NICK_CHARS_MAX, ROOM_CHARS_MAX},
    persona::USERNAME_BYTES_MAX,
};
use crate::protocol::history::PAGE_LINES_MAX;

/// Tokens in one line (RPL_ISUPPORT's own rule: the client's name, thirteen tokens and the text are fifteen
/// parameters).
const TOKENS_MAX: usize = 13;

/// Longest host that is shown, in bytes.
pub const HOST_BYTES_MAX: usize = 63;

/// Recipients of one message (TARGMAX).
pub const RECIPIENTS_MAX: usize = 4;

/// All tokens of a network, joined to lines; those about history if it is kept.
pub fn lines(network: &str, has_history: bool) -> Vec<String> {
    let mut tokens = tokens(network);
    if !has_history {
        let is_about_history = |token: &str| HISTORY.iter().any(|name| token.starts_with(name));
        tokens.retain(|token| !is_about_history(token));
    }
    tokens
        .chunks(TOKENS_MAX)
        .map(|line| line.join(" "))
        .collect()
}

/// Tokens about history.
const HISTORY: [&str; 2] = ["CHATHISTORY=", "MSGREFTYPES="];

fn tokens(network: &str) -> Vec<String> {
    let limits = Limits::default();
    let lists: String = ListKind::ALL.map(ListKind::letter).iter().collect();
    let flags: String = RoomFlag::ALL.iter().map(|flag| flag.letter()).collect();
    let ranks: String = Rank::ALL.iter().map(|rank| rank.letter()).collect();
    let prefixes: String = Rank::ALL.iter().map(|rank| rank.prefix()).collect();
    vec![
        format!("ACCOUNTEXTBAN={ACCOUNT_LETTER}"),
        format!("AWAYLEN={}", limits.away_bytes),
        "BOT=B".into(),
        "CASEMAPPING=ascii".into(),
        format!("CHANLIMIT=#:{}", limits.rooms_per_user),
        format!("CHANMODES={lists},k,l,{flags}"),
        format!("CHANNELLEN={ROOM_CHARS_MAX}"),
        "CHANTYPES=#".into(),
        format!("CHATHISTORY={PAGE_LINES_MAX}"),
        "ELIST=CMNTU".into(),
        "EXCEPTS=e".into(),
        format!("EXTBAN={EXTBAN_SIGN},{EXTBAN_LETTERS}"),
        format!("HOSTLEN={HOST_BYTES_MAX}"),
        "INVEX=I".into(),
        format!("KICKLEN={}", limits.reason_bytes),
        "KNOCK".into(),
        format!("MAXLIST=b:{0},e:{0},I:{0}", limits.masks),
        format!("MODES={PARAMETERS_MAX}"),
        format!("MONITOR={TARGETS_MAX}"),
        "MSGREFTYPES=msgid,timestamp".into(),
        format!("NAMELEN={}", limits.realname_bytes),
        format!("NETWORK={network}"),
        format!("NICKLEN={NICK_CHARS_MAX}"),
        format!("PREFIX=({ranks}){prefixes}"),
        "SAFELIST".into(),
        format!("STATUSMSG={prefixes}"),
        format!(
            "TARGMAX=JOIN:,KICK:,LIST:,NAMES:,NOTICE:{RECIPIENTS_MAX},PART:,PRIVMSG:{RECIPIENTS_MAX},TAGMSG:{RECIPIENTS_MAX},\
             WHOIS:{RECIPIENTS_MAX},WHOWAS:1"
        ),
        format!("TOPICLEN={}", limits.topic_bytes),
        format!("USERLEN={USERNAME_BYTES_MAX}"),
        "UTF8MAPPING=rfc8265".into(),
        "UTF8ONLY".into(),
        "WHOX".into(),
    ]
}

/// The letters of modes as RPL_MYINFO lists them: of users, of rooms, and those of rooms that have a parameter.
pub fn mode_letters() -> [String; 3] {
    let lists = ListKind::ALL.map(ListKind::letter);
    let ranks = Rank::ALL.iter().map(|rank| rank.letter());
    let mut with_params: Vec<char> = lists.into_iter().chain(['k', 'l']).chain(ranks).collect();
    with_params.sort_unstable();
    let flags = RoomFlag::ALL.iter().map(|flag| flag.letter());
    let mut all: Vec<char> = with_params.iter().copied().chain(flags).collect();
    all.sort_unstable();
    let users = UserMode::ALL.iter().map(|mode| mode.letter());
    [
        users.collect(),
        all.into_iter().collect(),
        with_params.into_iter().collect(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_short_and_tokens_sorted() {
        let lines = lines("madang", true);
        for line in lines.iter() {
            assert!(line.split(' ').count() <= TOKENS_MAX, "{line}");
            assert!(line.len() < 400, "{line}");
        }
        let without = super::lines("madang", false).join(" ");
        assert!(!without.contains("MSGREF") && !without.contains("CHATH"));
        let all = tokens("madang");
        assert!(all.is_sorted(), "{all:?}");
        assert!(all.contains(&"PREFIX=(qaohv)~&@%+".into()), "{all:?}");
    }
}
