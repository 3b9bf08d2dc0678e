//! WHOWAS: former bearers of a name.

use super::page::Page;
use crate::{
    chat::effort::LISTED,
    protocol::{irc::codec::numeric::*, time::Iso},
};

/// How far WHOWAS came.
#[derive(Debug)]
pub(crate) struct Whowas {
    /// The name that was asked for.
    pub(crate) asked: Box<str>,
    /// So many of its bearers are listed.
    pub(crate) told: usize,
    /// So many are wanted.
    pub(crate) wanted: usize,
}

impl Page<'_> {
    pub(super) fn whowas(&self, whowas: &mut Whowas, out: &mut Vec<u8>) -> bool {
        let left = whowas.wanted - whowas.told;
        for was in self.hub.whowas(&whowas.asked).skip(whowas.told).take(left) {
            if self.is_full(out) {
                return false;
            }
            self.hub.charge(LISTED);
            whowas.told += 1;
            let line = self.prefix.numeric(RPL_WHOWASUSER, out).param(&was.nick);
            let line = line.param(was.username()).param(was.host());
            line.param("*").text(was.realname()).end();
            if self.reader.is_operator() {
                let line = self.prefix.numeric(RPL_WHOISACTUALLY, out);
                let line = line.param(&was.nick).param(was.address());
                line.text(RPL_WHOISACTUALLY.words).end();
            }
            let line = self.prefix.numeric(RPL_WHOISSERVER, out);
            let line = line.param(&was.nick).param(self.prefix.server);
            line.text(Iso(was.at)).end();
        }
        if whowas.told == 0 {
            let line = self.prefix.numeric(ERR_WASNOSUCHNICK, out);
            line.param(&whowas.asked)
                .text(ERR_WASNOSUCHNICK.words)
                .end();
        }
        let line = self.prefix.numeric(RPL_ENDOFWHOWAS, out);
        line.param(&whowas.asked).text(RPL_ENDOFWHOWAS.words).end();
        true
    }
}
