//! Which letters read as one of `a`-`z`: for plates and for the words of people alike.
//!
//! Decides what a character is read as. It is taken apart as Unicode's compatibility forms say (NFKD), so
//! that letters of other widths, in circles, in ligatures and with accents are the plain ones; marks that
//! combine are left out; and letters of other scripts that look like a plain one are that one. Capitals
//! and small letters are looked up apart, for they look like different ones: `Η` like `H`, `η` like `n`.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Each plain letter with those of Latin, Greek, Cyrillic, Armenian, Cherokee and Lisu that look like it
/// and that no decomposition takes apart.
const ALIKE: [(char, &str); 26] = [
    ('a', "ᴀɑⱥаАαΑᎪꓮ"),
    ('b', "ʙɓƀьвВЬβΒᏴꓐ"),
    ('c', "ᴄƈсСϲϹᏟꓚ"),
    ('d', "ᴅđĐðÐɖɗԁᎠꓓ"),
    ('e', "ᴇɛǝəеЕεΕєЄᎬꓰ"),
    ('f', "ꜰƒϝꓝ"),
    ('g', "ɢɡɠցԌᏀꓖ"),
    ('h', "ʜħĦɦһҺнНΗհᎻꓧ"),
    ('i', "ɪıɩɨіІιΙӏӀᎥᏆꓲ"),
    ('j', "ᴊɉʝјЈյᎫꓙ"),
    ('k', "ᴋƙĸкКκΚᏦꓗ"),
    ('l', "ʟłŁɫɭƚլᏞꓡ"),
    ('m', "ᴍɱмМΜᎷꓟ"),
    ('n', "ɴɲŋŊηΝпոꓠ"),
    ('o', "ᴏøØɵоОοΟօσꓳ"),
    ('p', "ᴘƥрРρΡᏢꓑ"),
    ('q', "ɋԛԚզ"),
    ('r', "ʀɍɾгᎡᏒꓣ"),
    ('s', "ꜱʂßẞѕЅᏚꓢ"),
    ('t', "ᴛŧŦƭʈтТτΤᎢꓔ"),
    ('u', "ᴜʉʋυцսՍꓴ"),
    ('v', "ᴠѵѴνᏙꓦ"),
    ('w', "ᴡɯωшШԝԜᎳꓪ"),
    ('x', "хХχΧꓫ"),
    ('y', "ʏƴɏуУүҮγΥᎩꓬ"),
    ('z', "ᴢƶʐζΖᏃꓜ"),
];

/// Letters in filled circles and squares, and those that flags are made of: rows of `A`-`Z` that no
/// decomposition takes apart, by their first.
const ROWS: [u32; 3] = [0x1F150, 0x1F170, 0x1F1E6];

/// The rows, sorted by the letter that is looked up.
static BY_LETTER: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let of_row = |(plain, all): (char, &'static str)| all.chars().map(move |c| (c, plain));
    let mut all: Vec<(char, char)> = ALIKE.into_iter().flat_map(of_row).collect();
    all.sort_unstable();
    all
});

fn alike(c: char) -> Option<char> {
    let found = BY_LETTER.binary_search_by_key(&c, |(like, _)| *like).ok();
    if let Some((_, plain)) = found.and_then(|at| BY_LETTER.get(at)) {
        return Some(*plain);
    }
    ROWS.iter().find_map(|first| {
        let nth = u32::from(c).checked_sub(*first).filter(|nth| *nth < 26)?;
        char::from_u32(u32::from('a') + nth)
    })
}

/// What a character is read as: small letters of `a`-`z`, digits, and what else its compatibility form
/// holds, as it stands. Nothing for a mark that combines with the letter before it.
pub fn read_as(c: char) -> impl Iterator<Item = char> {
    // Of some that look like a plain letter the compatibility form looks like none: `ϲ` is a sigma.
    let c = alike(c).unwrap_or(c);
    let parts = std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c));
    parts.map(|c| {
        if c.is_ascii() {
            return c.to_ascii_lowercase();
        }
        let small = || c.to_lowercase().find_map(alike);
        alike(c).or_else(small).or_else(|| c.to_uppercase().find_map(alike)).unwrap_or(c)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        text.chars().flat_map(read_as).collect()
    }

    #[test]
    fn what_looks_like_plain_letters_is_read_as_them() {
        for (text, plain) in [
            ("ÑÅø", "nao"),
            ("ＩＣＥ９", "ice9"),
            ("ɪᴄᴇ", "ice"),
            ("ⅰ ⅻ", "i xii"),
            ("ﬁﬀ", "fiff"),
            ("𝐈𝐂𝐄 ⓗⓞ 🅸🅲🅴 🇮🇨🇪", "ice ho ice ice"),
            ("ІСЕ Ιｃе", "ice ice"),
            ("ΝΗ νη", "nh vn"),
            ("i\u{301}c\u{489}e", "ice"),
            ("㎏½", "kg1⁄2"),
            ("車 ж", "車 ж"),
        ] {
            assert_eq!(read(text), plain, "{text}");
        }
    }

    #[test]
    fn a_letter_looks_like_one_plain_letter() {
        let mut all: Vec<char> = ALIKE.iter().flat_map(|(_, all)| all.chars()).collect();
        let rows = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), rows, "each stands in one row");
        for (plain, like) in ALIKE {
            for c in like.chars() {
                assert_eq!(
                    read_as(c).collect::<String>(),
                    plain.to_string(),
                    "U+{:04X}",
                    u32::from(c)
                );
            }
        }
    }
}
