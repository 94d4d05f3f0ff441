//! A text as it is read: small plain letters, split into runs of letters and of digits.
//!
//! What looks like another letter is that letter, accents are taken off, and an apostrophe joins. The
//! work is in proportion to the text, and a text is bounded before.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A run of letters or of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'t> {
    /// Small letters, or digits with a point between them.
    pub(crate) word: &'t str,
    /// What stands between the token before and this one; empty where they touch.
    pub(crate) before: &'t str,
}

impl Token<'_> {
    pub(crate) fn is_number(&self) -> bool {
        self.word.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Whether nothing stands between the token before and this one.
    pub(crate) fn touches(&self) -> bool {
        self.before.is_empty()
    }

    pub(crate) fn is_letter(&self) -> bool {
        !self.is_number() && self.word.chars().nth(1).is_none()
    }
}

/// Letters that look like, or are, a plain one with something added: each row is the plain letter and
/// those that are read as it.
const LIKE: &[(char, &str)] = &[
    ('a', "àáâãäåāăąǎȁȃạảấầẩẫậắằẳẵặаαａɑ"),
    ('b', "ьв\u{0253}ｂ"),
    ('c', "çćĉċčсϲｃ"),
    ('d', "ďđḍԁｄ"),
    ('e', "èéêëēĕėęěẹẻẽếềểễệеєεｅё"),
    ('f', "ｆƒ"),
    ('g', "ĝğġģǧｇɡ"),
    ('h', "ĥħһｈнḥ"),
    ('i', "ìíîïĩīĭįıỉịіɩιｉї"),
    ('j', "ĵјｊ"),
    ('k', "ķĸκкｋ"),
    ('l', "ĺļľŀłｌӏ"),
    ('m', "мｍṃ"),
    ('n', "ñńņňŋｎηṇп"),
    ('o', "òóôõöøōŏőơọỏốồổỗộớờởỡợоοσｏ"),
    ('p', "рρｐ"),
    ('q', "ｑԛ"),
    ('r', "ŕŗřгｒṛ"),
    ('s', "śŝşšșѕｓṣ"),
    ('t', "ţťŧțτтｔṭ"),
    ('u', "ùúûüũūŭůűųưụủứừửữựυцｕ"),
    ('v', "νѵｖ"),
    ('w', "ŵẁẃẅωшｗԝ"),
    ('x', "хχｘ"),
    ('y', "ýÿŷỳỵỷỹуүｙγ"),
    ('z', "źżžｚẓ"),
];

static LOOKS: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    LIKE.iter().flat_map(|(plain, like)| like.chars().map(|c| (c, *plain))).collect()
});

/// The plain letter or digit that a character is read as; `None` where it separates.
fn plain(c: char) -> Option<char> {
    if c.is_ascii_alphanumeric() {
        return Some(c.to_ascii_lowercase());
    }
    if c.is_ascii() {
        return None;
    }
    let offset = |from: u32, base: u8| {
        let at = u32::from(c).checked_sub(from)?;
        u8::try_from(at % 26).ok().map(|at| char::from(base.saturating_add(at)))
    };
    match u32::from(c) {
        0xFF10..=0xFF19 => char::from_digit(u32::from(c) - 0xFF10, 10),
        0x24B6..=0x24E9 => offset(0x24B6, b'a'),
        0x1F130..=0x1F149 => offset(0x1F130, b'a'),
        0x1F170..=0x1F189 => offset(0x1F170, b'a'),
        0x1D400..=0x1D6A3 => offset(0x1D400, b'a'),
        0x1D7CE..=0x1D7FF => char::from_digit((u32::from(c) - 0x1D7CE) % 10, 10),
        _ => {
            let small = c.to_lowercase().next().unwrap_or(c);
            LOOKS.get(&small).copied().or_else(|| small.is_alphanumeric().then_some(small))
        }
    }
}

/// Whether a character vanishes between letters: apostrophes, and marks that combine.
fn vanishes(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '`' | '´' | '\u{300}'..='\u{36F}')
}

/// A letter that a sign stands for between letters, such as `immigr@tion`.
fn sign(c: char) -> Option<char> {
    match c {
        '@' => Some('a'),
        '$' => Some('s'),
        '!' | '|' | '¡' => Some('i'),
        '€' => Some('e'),
        _ => None,
    }
}

/// The plain form of a text: plain letters and digits; a separator is kept where it is ASCII and is a
/// space where it is not, or a control character.
pub(crate) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut letter_before = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_lowercase() {
            folded.push(c);
            letter_before = true;
            continue;
        }
        if vanishes(c) && letter_before {
            continue;
        }
        let read = plain(c).or_else(|| {
            let letter_after = chars.peek().is_some_and(|c| c.is_alphabetic());
            sign(c).filter(|_| letter_before && letter_after)
        });
        letter_before = read.is_some_and(|c| !c.is_ascii_digit());
        folded.push(match read {
            Some(c) => c,
            None if c.is_ascii_graphic() => c,
            None => ' ',
        });
    }
    folded
}

/// The tokens of a folded text, in order.
pub(crate) fn tokens(folded: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::with_capacity(folded.len() / 5 + 1);
    let mut rest = folded;
    let mut before_from = 0;
    let mut at = 0;
    while let Some(first) = rest.chars().next() {
        if !first.is_alphanumeric() {
            at += first.len_utf8();
            rest = folded.get(at..).unwrap_or_default();
            continue;
        }
        let number = first.is_ascii_digit();
        let mut end = rest
            .find(|c: char| !c.is_alphanumeric() || c.is_ascii_digit() != number)
            .unwrap_or(rest.len());
        // `273.5` is one number; `26.` at the end of a sentence is `26`.
        if number && let Some(after) = rest.get(end..).and_then(|rest| rest.strip_prefix('.')) {
            let decimals = after.bytes().take_while(u8::is_ascii_digit).count();
            if (1..=3).contains(&decimals) {
                end += 1 + decimals;
            }
        }
        let word = rest.get(..end).unwrap_or_default();
        let before = folded.get(before_from..at).unwrap_or_default();
        tokens.push(Token { word, before });
        at += word.len().max(1);
        before_from = at;
        rest = folded.get(at..).unwrap_or_default();
    }
    tokens
}

/// The words of an entry of a list, as a text is split.
pub(crate) fn words(entry: &str) -> Vec<String> {
    let folded = folded(entry);
    let tokens = tokens(&folded);
    joined_letters(&tokens).into_iter().map(|(_, _, word)| word).collect()
}

/// Tokens with runs of single letters written as one word, `h&r` as `hr`: first and last token, word.
/// Between letters stands one sign at most; with spaces it takes three of them.
pub(crate) fn joined_letters(tokens: &[Token<'_>]) -> Vec<(usize, usize, String)> {
    let mut words = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let run = tokens.iter().skip(at).take_while(|token| token.is_letter()).count();
        let spaced = tokens
            .iter()
            .skip(at + 1)
            .take(run.saturating_sub(1))
            .any(|token| token.before.trim().len() != 1);
        let joins = if spaced { run >= 3 } else { run >= 2 };
        let last = if joins { at + run - 1 } else { at };
        let word = match joins {
            true => tokens.iter().skip(at).take(run).map(|token| token.word).collect(),
            false => token.word.to_owned(),
        };
        words.push((at, last, word));
        at = last + 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let folded = folded(text);
        tokens(&folded).iter().map(|token| token.word.to_owned()).collect()
    }

    #[test]
    fn texts_are_read_as_they_look() {
        for (text, read) in [
            ("Victim's EX", vec!["victims", "ex"]),
            ("immigr@tion", vec!["immigration"]),
            ("Іmmіgrаtіоn", vec!["immigration"]),
            ("señora, ＩＣＥ", vec!["senora", "ice"]),
            ("𝐈𝐂𝐄 ⓗⓞⓛⓓ", vec!["ice", "hold"]),
            ("273.5(a)PC.", vec!["273.5", "a", "pc"]),
            ("8KTR392!", vec!["8", "ktr", "392"]),
            ("a\tb", vec!["a", "b"]),
            ("車", vec!["車"]),
            ("", vec![]),
        ] {
            assert_eq!(split(text), read, "{text}");
        }
    }

    #[test]
    fn single_letters_are_one_word() {
        assert_eq!(words("h&r"), ["hr"]);
        assert_eq!(words("i c e"), ["ice"]);
        assert_eq!(words("H & R"), ["hr"]);
        assert_eq!(words("p c"), ["p", "c"]);
        assert_eq!(words("suspect v victim"), ["suspect", "v", "victim"]);
    }
}
