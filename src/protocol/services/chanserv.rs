//! ChanServ's commands: one function for each.
//!
//! Does not know how the sentences reach the user.

use super::reply::{Outcome, Reply, Trouble, one};
use crate::{
    chat::{
        Command, RoomId, RoomName, UserId,
        mode::{Letter, Rank, RoomFlag, Sign},
        registered::Registration,
    },
    protocol::{
        Context,
        account::{AccountError, AccountRequest},
        time,
    },
};

pub(super) fn register(ctx: &mut dyn Context, name: &str) -> Outcome {
    user(ctx)?;
    let room = room_name(ctx, name)?;
    ctx.apply(Command::RegisterRoom { room: room.clone() })?;
    let room = ctx.hub().find_room(&room).ok_or(NO_SUCH_ROOM)?;
    ctx.begin_account(AccountRequest::RegisterRoom { room })?;
    Ok(Reply::Later)
}

pub(super) fn drop(ctx: &mut dyn Context, name: &str) -> Outcome {
    let me = user(ctx)?;
    let room = room_name(ctx, name)?;
    let room = ctx.hub().may_unregister(me, &room)?;
    ctx.begin_account(AccountRequest::DropRoom { room })?;
    Ok(Reply::Later)
}

pub(super) fn info(ctx: &mut dyn Context, name: &str) -> Outcome {
    let me = user(ctx)?;
    let (id, registration) = registered(ctx, me, name)?;
    let hub = ctx.hub();
    let account = |id| hub.accounts().name(id).map(ToString::to_string);
    let name = hub.room(id).map(|room| room.name().to_string());
    let name = name.unwrap_or_default();
    let founder = account(registration.founder).unwrap_or_default();
    let since = time::Iso(registration.since);
    let mut lines = vec![format!("{name} belongs to {founder}, since {since}")];
    let own = hub.user(me).and_then(|user| user.account_id());
    // Who keeps order is for those who do.
    if own.is_some_and(|own| registration.rank_of(own).is_some()) {
        for &(id, rank) in &registration.ranks {
            let name = account(id).unwrap_or_default();
            lines.push(format!("+{} {name}", rank.letter()));
        }
    }
    Ok(Reply::Lines(lines))
}

pub(super) fn transfer(ctx: &mut dyn Context, text: &str) -> Outcome {
    user(ctx)?;
    let (name, account) = text.split_once(' ').ok_or(Trouble::Usage)?;
    let (room, account) = (room_name(ctx, name)?, account.trim());
    ctx.apply(Command::GiveRoom { room, account })?;
    Ok(one(format!("{name} belongs to {account} now")))
}

pub(super) fn amode(ctx: &mut dyn Context, text: &str) -> Outcome {
    user(ctx)?;
    let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let [name, account, change] = words[..] else {
        return Err(Trouble::Usage);
    };
    let mut letters = change.chars();
    let sign = match letters.next() {
        Some('+') => Sign::Plus,
        Some('-') => Sign::Minus,
        _ => return Err(Trouble::Usage),
    };
    let rank = letters.next().and_then(Rank::from_letter);
    let (Some(rank), None) = (rank, letters.next()) else {
        return Err(Trouble::Other("a rank is one of +v, +h, +o and +a"));
    };
    let room = room_name(ctx, name)?;
    ctx.apply(Command::SetRoomRank {
        room,
        account,
        sign,
        rank,
    })?;
    Ok(one(match sign {
        Sign::Plus => format!("{account} has {change} in {name} from now on"),
        Sign::Minus => format!("{account} has {change} in {name}"),
    }))
}

pub(super) fn op(ctx: &mut dyn Context, text: &str) -> Outcome {
    user(ctx)?;
    let (name, nick) = text.split_once(' ').unwrap_or((text, ""));
    let room = room_name(ctx, name)?;
    let nick = Some(nick.trim()).filter(|nick| !nick.is_empty());
    ctx.apply(Command::ClaimRank { room, nick })?;
    Ok(one("done"))
}

const NO_SUCH_ROOM: Trouble = Trouble::Other("there is no such room");

fn room_name(ctx: &dyn Context, name: &str) -> Result<RoomName, Trouble> {
    RoomName::parse(name, ctx.hub().rules()).map_err(|_| NO_SUCH_ROOM)
}

/// A registered room that the user may know of.
fn registered(
    ctx: &dyn Context,
    me: UserId,
    name: &str,
) -> Result<(RoomId, Registration), Trouble> {
    let hub = ctx.hub();
    let id = hub.find_room(&room_name(ctx, name)?).ok_or(NO_SUCH_ROOM)?;
    let registration = hub.registration(id);
    let own = hub.user(me).and_then(|user| user.account_id());
    let has_rank = registration.is_some_and(|it| own.is_some_and(|own| it.rank_of(own).is_some()));
    let is_secret = hub.room(id).is_some_and(|room| room.has(RoomFlag::Secret));
    if is_secret && !hub.is_member(me, id) && !has_rank {
        return Err(NO_SUCH_ROOM);
    }
    let registration = registration.cloned();
    let registration = registration.ok_or(Trouble::Other("that room is not registered"))?;
    Ok((id, registration))
}

/// The user, where there are accounts.
fn user(ctx: &dyn Context) -> Result<UserId, Trouble> {
    ctx.account_rules().ok_or(AccountError::NoAccounts)?;
    ctx.user().ok_or(Trouble::Other("choose a name first"))
}
