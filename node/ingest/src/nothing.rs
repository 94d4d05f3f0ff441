//! Words by which an optional value says that it is none.

/// What databases, spreadsheets, programs and people write for nothing, in small letters and without what
/// they put around it.
const WORDS: [&str; 52] = [
    "null",
    "nil",
    "none",
    "none given",
    "n/a",
    "n\\a",
    "n-a",
    "n.a",
    "na",
    "n/d",
    "n.d",
    "nan",
    "nan(ind",
    "1.#qnan",
    "1.#ind",
    "nat",
    "undefined",
    "undetected",
    "unknown",
    "unkn",
    "unk",
    "unspecified",
    "undetermined",
    "unavailable",
    "unidentified",
    "not available",
    "not applicable",
    "not known",
    "not set",
    "not provided",
    "not specified",
    "not given",
    "not recorded",
    "not reported",
    "not read",
    "not detected",
    "not observed",
    "not recognized",
    "not found",
    "no data",
    "no value",
    "no info",
    "no information",
    "no fix",
    "no gps",
    "no signal",
    "blank",
    "empty",
    "missing",
    "pending",
    "tbd",
    "void",
];

/// Longest text that is looked at, in bytes.
const LONGEST: usize = 24;

/// Whether a text says nothing: blank, nothing but dashes, question marks or points, or a word for it.
pub(crate) fn says_nothing(text: &str) -> bool {
    let text = text.trim();
    let dash = |c: char| {
        matches!(c, '-' | '?' | '.' | '_' | '*' | '\u{2010}'..='\u{2015}' | '\u{2212}')
            || c.is_whitespace()
    };
    if text.chars().all(dash) {
        return true;
    }
    if text.len() > LONGEST {
        return false;
    }
    // What SQL writes into a file for NULL, by itself: a word of one letter is none otherwise.
    text == "\\N" || is_error(text) || {
        let around = ['<', '>', '(', ')', '[', ']', '{', '}', '-', '"', '\'', '*', '.', ' '];
        let bare = text.trim_matches(around);
        bare.is_empty() || WORDS.iter().any(|word| bare.eq_ignore_ascii_case(word))
    }
}

/// What spreadsheets write into a cell that they cannot compute: `#REF!`, `#N/A`, `#####`.
fn is_error(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('#') else { return false };
    let named = |end: char| {
        let name = rest.strip_suffix(end);
        name.is_some_and(|name| {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'0' | b'_'))
        })
    };
    named('!')
        || named('?')
        || rest.eq_ignore_ascii_case("N/A")
        || (rest.len() > 1 && rest.bytes().all(|b| b == b'#'))
}

/// Words of readers for no plate in scripts in which no plate here is.
const OTHER_SCRIPTS: [&str; 9] = [
    "\u{65E0}\u{8F66}\u{724C}",
    "\u{65E0}\u{724C}",
    "\u{65E0}\u{724C}\u{8F66}",
    "\u{672A}\u{77E5}",
    "\u{7121}\u{8ECA}\u{724C}",
    "\u{7121}\u{724C}",
    "\u{672A}\u{8B58}\u{5225}",
    "\u{672A}\u{8BC6}\u{522B}",
    "\u{8F66}\u{724C}\u{672A}\u{77E5}",
];

/// Whether a plate's text is no plate at all. Words that somebody may have on their plate, such as
/// `NULL` or `NONE`, are none of these, unless something stands around them that stands on no plate: what a
/// source writes for no plate, its format or mapping says.
pub(crate) fn is_no_plate(text: &str) -> bool {
    let text = text.trim();
    let not_a_plate = ["n/a", "n\\a", "\\n", "n/d"];
    let around = |open: char, close: char| {
        let inside = text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
        inside.is_some_and(|inside| says_nothing(inside) || may_be_none(&plain(inside)))
    };
    not_a_plate.iter().any(|word| text.eq_ignore_ascii_case(word))
        || OTHER_SCRIPTS.contains(&text)
        || is_error(text)
        || around('(', ')')
        || around('<', '>')
        || around('[', ']')
        || is_programs_word(text)
}

/// `NO_PLATE`, `not_detected`: programs divide words so, and people do not. In `TE_T` it is a character that
/// was not read.
fn is_programs_word(text: &str) -> bool {
    let first = text.split_once('_').map(|(first, _)| first);
    let begins = ["no", "not", "plate", "license", "lp"];
    first.is_some_and(|first| begins.iter().any(|word| first.eq_ignore_ascii_case(word)))
        && may_be_none(&plain(text))
}

/// Letters and digits alone, as plates are compared.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Words for no plate that may as well be somebody's: such a plate is kept, and told.
const PLATE_WORDS: [&str; 36] = [
    "NULL",
    "NONE",
    "NIL",
    "NAN",
    "NA",
    "NOPLATE",
    "NOTAG",
    "UNKNOWN",
    "UNLICENSED",
    "UNREGISTERED",
    "NOTREAD",
    "NOREAD",
    "UNREAD",
    "EMPTY",
    "MISSING",
    "UNREADABLE",
    "NOTPLATE",
    "NOTFOUND",
    "UNDEFINED",
    "BLANK",
    "FALSE",
    "TRUE",
    "TEST",
    "PLATE",
    "UNK",
    "UNKN",
    "UNDETECTED",
    "UNIDENTIFIED",
    "UNRECOGNIZED",
    "ILLEGIBLE",
    "OBSCURED",
    "NOTDETECTED",
    "NOTVISIBLE",
    "TEMP",
    "PAPER",
    "DEALER",
];

/// Beginnings of phrases that are longer than any plate.
const PHRASES: [&str; 8] = [
    "NOPLATE",
    "NOLICENSE",
    "NOTAVAIL",
    "NOTAPPLIC",
    "NOTREAD",
    "NOTRECOGN",
    "PLATENOT",
    "UNREADABLE",
];

/// Whether a plate, as it is compared, is a word for none.
pub(crate) fn may_be_none(plate: &str) -> bool {
    PLATE_WORDS.iter().any(|word| {
        plate.get(..LONGEST_PLATE.min(plate.len())) == word.get(..LONGEST_PLATE.min(word.len()))
    }) || PHRASES.iter().any(|begin| plate.len() >= LONGEST_PLATE && plate.starts_with(begin))
        || (!plate.is_empty() && plate.bytes().all(|b| b == b'0'))
        || (plate.len() >= MANY_X && plate.bytes().all(|b| b == b'X'))
}

/// So many letters X are no plate that anybody chose.
const MANY_X: usize = 5;

/// Characters by which a plate is compared at most.
const LONGEST_PLATE: usize = schemas::plate::LONGEST;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_nothing_say_nothing_and_others_do_not() {
        for text in [
            "",
            " ",
            "NULL",
            "n/a",
            "None",
            "-",
            "--",
            "- -",
            "—",
            "\\N",
            "Unknown",
            "nan",
            "?",
            "<NA>",
            "(null)",
            "-none-",
            "'null'",
            "N.D.",
            "missing",
            "Not Provided",
            "#DIV/0!",
            "#NAME?",
            "#N/A",
            "#####",
            "''",
            "{}",
            "-nan(ind)",
            "1.#QNAN",
            "NaT",
        ] {
            assert!(says_nothing(text), "{text}");
        }
        for text in [
            "0",
            "NA1",
            "none of these",
            "-1",
            "CA",
            "ND",
            "N",
            "Nullarbor",
            "#1",
            "#12",
            "Lot #4!",
        ] {
            assert!(!says_nothing(text), "{text}");
        }
        for text in [
            "N/A",
            "#REF!",
            "(null)",
            "<unknown>",
            "[NO PLATE]",
            "no_plate",
            "Not_Detected",
            "\u{672A}\u{77E5}",
        ] {
            assert!(is_no_plate(text), "{text}");
        }
        for text in [
            "NULL",
            "NO PLATE",
            "UNKNOWN",
            "7AB_123",
            "[7ABC123]",
            "#1",
            "12_4567",
            "(1234567)",
            "TE_T",
            "T_EST",
        ] {
            assert!(!is_no_plate(text), "{text}");
        }
        for text in
            ["NOPLATE", "NOPLATEFOU", "NAN", "UNREGISTER", "NOTDETECTE", "0", "000000", "XXXXXX"]
        {
            assert!(may_be_none(text), "{text}");
        }
        for text in ["", "7ABC123", "NOPLATES", "TESTER", "0A", "XXX", "TEMPLE"] {
            assert!(!may_be_none(text), "{text}");
        }
    }
}
