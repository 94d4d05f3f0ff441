//! What may be the number of a case.

use schemas::text::Text;

/// Whether a text may be a number of a case: it holds a digit, and more than one character
/// repeated.
pub(crate) fn numbered(text: &Text) -> bool {
    let mut plain = text.as_str().chars().filter(|c| c.is_alphanumeric());
    let first = plain.next();
    text.as_str().chars().any(|c| c.is_ascii_digit()) && plain.any(|c| Some(c) != first)
}
