//! Pattern matching with `*` and `?`. Invariant: whatever the pattern, it takes at most its length times that of the text.

/// Whether `text` matches `pattern`, in which `*` matches any number of characters and `?` one. Case matters:
/// `fold` both for IRC's masks.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Behind the last star, and the text that it has not swallowed. An earlier star need never swallow more: what
    // stands between two stars is found at its first place, and that leaves the most for the rest.
    let mut retry = None;
    loop {
        let mut pattern_after = pattern.clone();
        let mut text_after = text.clone();
        match (pattern_after.next(), text_after.next()) {
            (Some('*'), _) => {
                retry = Some((pattern_after.clone(), text.clone()));
                pattern = pattern_after;
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                (pattern, text) = (pattern_after, text_after);
            }
            (Some(_), None) => return false,
            (_, Some(_)) => {
                let Some((behind_star, rest)) = &mut retry else {
                    return false;
                };
                rest.next();
                (pattern, text) = (behind_star.clone(), rest.clone());
            }
        }
    }
}
