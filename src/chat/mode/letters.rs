//! Sets of mode letters: ranks in a room, flags of a room, modes of a person.
//!
//! Each kind of letter is an enum; [`ModeSet`] is a set of one kind in two bytes. Does not know what the letters do.

use std::{fmt, marker::PhantomData};

/// Whether something is switched on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// Off.
    Minus,
    /// On.
    Plus,
}

impl Sign {
    /// `+` or `-`.
    pub fn symbol(self) -> char {
        match self {
            Self::Minus => '-',
            Self::Plus => '+',
        }
    }
}

/// A kind of mode letter.
pub trait Letter: Copy + PartialEq + 'static {
    /// All of the kind, in the order in which they are shown.
    const ALL: &'static [Self];

    /// The letter on the wire.
    fn letter(self) -> char;

    /// Its place in a set: below 16, no two the same.
    fn index(self) -> u32;

    /// The one with this letter, which is case-sensitive.
    fn from_letter(letter: char) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|mode| mode.letter() == letter)
    }
}

/// A rank of a member in a room (Modern IRC, "Channel Membership Prefixes"). The greater includes the rights of the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// `v`, `+`: may speak where not everyone may.
    Voice,
    /// `h`, `%`: keeps order: lists of masks, the topic, voices, and kicks of those below.
    HalfOperator,
    /// `o`, `@`: may do all but touch those above. The user who creates a room is its first operator.
    Operator,
    /// `a`, `&`: an operator whom operators cannot touch.
    Admin,
    /// `q`, `~`: above all.
    Founder,
}

impl Rank {
    /// The sign before a nick of this rank (ISUPPORT's PREFIX, `(qaohv)~&@%+`).
    pub fn prefix(self) -> char {
        match self {
            Self::Voice => '+',
            Self::HalfOperator => '%',
            Self::Operator => '@',
            Self::Admin => '&',
            Self::Founder => '~',
        }
    }

    /// The rank with this prefix.
    pub fn from_prefix(prefix: char) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.prefix() == prefix)
    }

    /// The least rank that may give or take this one.
    pub fn set_by(self) -> Self {
        match self {
            Self::Voice => Self::HalfOperator,
            Self::HalfOperator | Self::Operator => Self::Operator,
            Self::Admin => Self::Admin,
            Self::Founder => Self::Founder,
        }
    }
}

impl Letter for Rank {
    fn index(self) -> u32 {
        self as u32
    }

    const ALL: &'static [Self] = &[
        Self::Founder,
        Self::Admin,
        Self::Operator,
        Self::HalfOperator,
        Self::Voice,
    ];

    fn letter(self) -> char {
        match self {
            Self::Voice => 'v',
            Self::HalfOperator => 'h',
            Self::Operator => 'o',
            Self::Admin => 'a',
            Self::Founder => 'q',
        }
    }
}

/// A flag of a room (mode type D of ISUPPORT's CHANMODES).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoomFlag {
    /// `C`: no CTCP but actions.
    NoCtcp,
    /// `M`: only users with an account may speak, or those with a voice.
    RegisteredSpeak,
    /// `R`: only users with an account may join.
    RegisteredJoin,
    /// `T`: no notices.
    NoNotices,
    /// `i`: only who was invited may come in (Modern IRC, "Invite-Only Channel Mode").
    InviteOnly,
    /// `m`: only who has a voice may speak (Modern IRC, "Moderated Channel Mode").
    Moderated,
    /// `n`: only who is in may speak (Modern IRC, "No External Messages Mode").
    NoOutside,
    /// `s`: who is not in does not see it in any list (Modern IRC, "Secret Channel Mode").
    Secret,
    /// `t`: only half-operators and above change the topic (Modern IRC, "Protected Topic Mode").
    TopicLocked,
}

impl Letter for RoomFlag {
    fn index(self) -> u32 {
        self as u32
    }

    const ALL: &'static [Self] = &[
        Self::NoCtcp,
        Self::RegisteredSpeak,
        Self::RegisteredJoin,
        Self::NoNotices,
        Self::InviteOnly,
        Self::Moderated,
        Self::NoOutside,
        Self::Secret,
        Self::TopicLocked,
    ];

    fn letter(self) -> char {
        match self {
            Self::NoCtcp => 'C',
            Self::RegisteredSpeak => 'M',
            Self::RegisteredJoin => 'R',
            Self::NoNotices => 'T',
            Self::InviteOnly => 'i',
            Self::Moderated => 'm',
            Self::NoOutside => 'n',
            Self::Secret => 's',
            Self::TopicLocked => 't',
        }
    }
}

/// A mode of a user (Modern IRC, "User Modes").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserMode {
    /// `B`: is a program (IRCv3 "bot mode").
    Bot,
    /// `i`: strangers do not find them in lists.
    Invisible,
    /// `o`: an operator of the server.
    Operator,
    /// `w`: wants to read WALLOPS.
    Wallops,
}

impl Letter for UserMode {
    fn index(self) -> u32 {
        self as u32
    }

    const ALL: &'static [Self] = &[Self::Bot, Self::Invisible, Self::Operator, Self::Wallops];

    fn letter(self) -> char {
        match self {
            Self::Bot => 'B',
            Self::Invisible => 'i',
            Self::Operator => 'o',
            Self::Wallops => 'w',
        }
    }
}

/// A set of letters of one kind. `Display` writes them in the order of [`Letter::ALL`], without a sign.
pub struct ModeSet<M> {
    bits: u16,
    kind: PhantomData<M>,
}

/// The ranks of one person in one room.
pub type Ranks = ModeSet<Rank>;
/// The flags of a room.
pub type RoomFlags = ModeSet<RoomFlag>;
/// The modes of a person.
pub type UserModes = ModeSet<UserMode>;

impl<M: Letter> ModeSet<M> {
    /// None.
    pub const EMPTY: Self = Self {
        bits: 0,
        kind: PhantomData,
    };

    /// Whether this one is in.
    pub fn contains(self, mode: M) -> bool {
        self.bits & bit(mode) != 0
    }

    /// Whether none is in.
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// Adds or removes one; returns whether that changed anything.
    pub fn set(&mut self, mode: M, sign: Sign) -> bool {
        let before = self.bits;
        match sign {
            Sign::Plus => self.bits |= bit(mode),
            Sign::Minus => self.bits &= !bit(mode),
        }
        self.bits != before
    }

    /// Those that are in, in the order of [`Letter::ALL`]; ranks come highest first.
    pub fn iter(self) -> impl Iterator<Item = M> {
        M::ALL
            .iter()
            .copied()
            .filter(move |&mode| self.contains(mode))
    }
}

impl RoomFlags {
    /// What IRC's users expect of a new room: `nt`, as Ergo, InspIRCd and solanum begin.
    pub fn usual() -> Self {
        [RoomFlag::NoOutside, RoomFlag::TopicLocked]
            .into_iter()
            .collect()
    }
}

impl Ranks {
    /// The highest, if there is any.
    pub fn highest(self) -> Option<Rank> {
        self.iter().next()
    }

    /// Whether one with these ranks may do what `rank` may.
    pub fn is_at_least(self, rank: Rank) -> bool {
        self.highest() >= Some(rank)
    }
}

fn bit<M: Letter>(mode: M) -> u16 {
    1 << mode.index()
}

impl<M> Clone for ModeSet<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for ModeSet<M> {}

impl<M> Default for ModeSet<M> {
    fn default() -> Self {
        Self {
            bits: 0,
            kind: PhantomData,
        }
    }
}

impl<M> PartialEq for ModeSet<M> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}

impl<M> Eq for ModeSet<M> {}

impl<M: Letter> FromIterator<M> for ModeSet<M> {
    fn from_iter<I: IntoIterator<Item = M>>(modes: I) -> Self {
        let mut set = Self::EMPTY;
        for mode in modes {
            set.set(mode, Sign::Plus);
        }
        set
    }
}

impl<M: Letter> fmt::Display for ModeSet<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter()
            .try_for_each(|mode| write!(f, "{}", mode.letter()))
    }
}

impl<M: Letter> fmt::Debug for ModeSet<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModeSet({self})")
    }
}

/// The lists of masks that a room has (mode type A of ISUPPORT's CHANMODES).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// `b`: users who may neither join nor speak (Modern IRC, "Ban Channel Mode").
    Ban,
    /// `e`: users to whom no ban applies (Modern IRC, "Exception Channel Mode").
    Exception,
    /// `I`: users who need no invitation (Modern IRC, "Invite-Exception Channel Mode").
    Invitation,
}

impl ListKind {
    /// All of them, in the order of their letters in CHANMODES.
    pub const ALL: [Self; 3] = [Self::Ban, Self::Exception, Self::Invitation];

    /// Its letter.
    pub fn letter(self) -> char {
        match self {
            Self::Ban => 'b',
            Self::Exception => 'e',
            Self::Invitation => 'I',
        }
    }
}
