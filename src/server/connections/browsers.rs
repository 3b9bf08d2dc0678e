//! Browsers at the listeners of other protocols: a page can make them send lines to any port.
//!
//! Owns nothing.

use super::{close_reason::CloseReason, current::Current, ending::Ending, protocol::Look};
use crate::protocol::detect::{self, Detected};

/// Closes a nameless connection whose input is HTTP. A page can make any browser that looks at it send a form to any
/// port, with lines of any protocol in it. It cannot keep the browser from saying first that it speaks HTTP.
pub(crate) fn refuse_browsers(at: &Current<'_>, input: &[u8]) -> Look {
    if at.client.user().is_none() && detect::detect(input) == Detected::Web {
        return Look::Close(Ending::text(CloseReason::HttpNotHere));
    }
    Look::Handle
}
