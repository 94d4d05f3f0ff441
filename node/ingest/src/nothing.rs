//! Words by which an optional value says that it is none.

/// What databases, spreadsheets, programs and people write for nothing, in small letters.
const WORDS: [&str; 24] = [
    "null",
    "(null)",
    "<null>",
    "[null]",
    "\\n",
    "nil",
    "none",
    "(none)",
    "n/a",
    "n.a.",
    "na",
    "#n/a",
    "#null!",
    "#value!",
    "#ref!",
    "nan",
    "undefined",
    "unknown",
    "unk",
    "not available",
    "not applicable",
    "not known",
    "no data",
    "(blank)",
];

/// Longest of them, in bytes.
const LONGEST: usize = 16;

/// Whether a text says nothing: blank, nothing but dashes, question marks or points, or a word for it.
pub(crate) fn says_nothing(text: &str) -> bool {
    let text = text.trim();
    let dash = |c: char| matches!(c, '-' | '?' | '.' | '_' | '*' | '\u{2010}'..='\u{2015}');
    text.chars().all(dash)
        || (text.len() <= LONGEST && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

/// Whether a plate's text is no plate at all. Words that somebody may have on their plate, such as
/// `NULL` or `NONE`, are none of these: what a source writes for no plate, its format or mapping says.
pub(crate) fn is_no_plate(text: &str) -> bool {
    let text = text.trim();
    let not_a_plate = ["n/a", "\\n", "(null)", "<null>", "[null]", "#n/a", "(none)", "(blank)"];
    not_a_plate.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Words for no plate that may as well be somebody's: such a plate is kept, and told.
const PLATE_WORDS: [&str; 14] = [
    "NULL",
    "NONE",
    "NOPLATE",
    "NOTAG",
    "UNKNOWN",
    "UNLICENSED",
    "NOTREAD",
    "NOREAD",
    "UNREAD",
    "EMPTY",
    "MISSING",
    "UNREADABLE",
    "NOTPLATE",
    "NOTFOUND",
];

/// Whether a plate, as it is compared, is a word for none.
pub(crate) fn may_be_none(plate: &str) -> bool {
    PLATE_WORDS.contains(&plate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_nothing_say_nothing_and_others_do_not() {
        for text in ["", " ", "NULL", "n/a", "None", "-", "--", "—", "\\N", "Unknown", "nan", "?"]
        {
            assert!(says_nothing(text), "{text}");
        }
        for text in ["0", "NA1", "none of these", "-1", "CA", "Nullarbor"] {
            assert!(!says_nothing(text), "{text}");
        }
        assert!(is_no_plate("N/A") && !is_no_plate("NULL"));
        assert!(may_be_none("NOPLATE") && !may_be_none("7ABC123"));
    }
}
