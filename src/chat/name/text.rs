//! What nicks and room names have in common: how their text and its fold lie in memory.

use std::{
    hash::{Hash, Hasher},
    rc::Rc,
};

/// What nicks and room names have in common: a shown text and its fold, in 24 bytes and at most one allocation.
///
/// The fold (the form in which names are compared) is kept only where lowering the ASCII letters of the shown text
/// would not give it; that is rare, for most scripts outside of Europe have no case.
#[derive(Clone)]
pub(in crate::chat) enum Name {
    /// Short and with a derivable fold, as almost all names are: no allocation at all. With tens of thousands of idle
    /// users that is 32 to 48 bytes less for each.
    Inline { len: u8, bytes: [u8; INLINE_MAX] },
    /// Anything else: the shown text, then the fold if it has to be kept.
    Shared { shown_len: u16, text: Rc<str> },
}

/// What fits beside the tag and the length into 24 bytes, the size that [`Name::Shared`] has anyway.
const INLINE_MAX: usize = 22;

impl Name {
    /// Puts a checked name together. `shown` and `fold` both lack the `prefix`.
    pub(super) fn new(prefix: &'static str, shown: &str, fold: Option<&str>) -> Self {
        let shown_len = prefix.len() + shown.len();
        let fold = fold.filter(|fold| !is_derivable(shown, fold));
        if fold.is_none() && shown_len <= INLINE_MAX {
            let mut bytes = [0; INLINE_MAX];
            bytes[..prefix.len()].copy_from_slice(prefix.as_bytes());
            bytes[prefix.len()..shown_len].copy_from_slice(shown.as_bytes());
            let len = u8::try_from(shown_len).expect("INLINE_MAX is below 256");
            return Self::Inline { len, bytes };
        }
        let text = match fold {
            None => [prefix, shown].concat(),
            Some(fold) => [prefix, shown, prefix, fold].concat(),
        };
        Self::Shared {
            shown_len: u16::try_from(shown_len).expect("rule.rs allows 64 characters at most"),
            text: text.into(),
        }
    }

    /// As it is shown.
    pub(in crate::chat) fn as_str(&self) -> &str {
        match self {
            Self::Inline { len, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*len)]).expect("`new` copied whole strs")
            }
            Self::Shared { shown_len, text } => &text[..usize::from(*shown_len)],
        }
    }

    /// Bytes of memory outside of the record. What is shared counts for each who shares it.
    pub(in crate::chat) fn memory(&self) -> usize {
        match self {
            Self::Inline { .. } => 0,
            Self::Shared { text, .. } => text.len(),
        }
    }

    /// The form in which names are compared.
    pub(in crate::chat) fn fold(&self) -> String {
        let mut fold = self.fold_source().to_vec();
        fold.make_ascii_lowercase();
        String::from_utf8(fold).expect("lowering ASCII letters keeps a str a str")
    }

    /// Whether it is pure ASCII; such names are told apart by case alone.
    pub(in crate::chat) fn is_ascii(&self) -> bool {
        // The shown part alone: the fold of `straße` is ASCII.
        self.as_str().is_ascii()
    }

    /// The bytes that give the fold when their ASCII letters are lowered.
    pub(in crate::chat) fn fold_source(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Self::Shared { shown_len, text } => match &text.as_bytes()[usize::from(*shown_len)..] {
                [] => text.as_bytes(),
                fold => fold,
            },
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.fold_source().eq_ignore_ascii_case(other.fold_source())
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_fold(self.fold_source(), state);
    }
}

/// Hashes the fold of a name, given its [`fold_source`](Name::fold_source); for an ASCII text that is the text itself.
pub(in crate::chat) fn hash_fold(source: &[u8], state: &mut impl Hasher) {
    // Lowered in small pieces on the stack: a lookup allocates nothing, and the hasher is not fed byte by byte.
    let mut piece = [0; 32];
    for chunk in source.chunks(piece.len()) {
        let piece = &mut piece[..chunk.len()];
        piece.copy_from_slice(chunk);
        piece.make_ascii_lowercase();
        state.write(piece);
    }
    state.write_u8(0xff);
}

/// Whether lowering the ASCII letters of `shown` gives `fold`.
fn is_derivable(shown: &str, fold: &str) -> bool {
    shown.len() == fold.len()
        && shown
            .bytes()
            .zip(fold.bytes())
            .all(|(shown, fold)| shown.to_ascii_lowercase() == fold)
}
