//! A text as it is read: small plain letters, split into runs of letters and of digits.
//!
//! What looks like another letter is that letter, accents are taken off (`schemas::alike`), and an
//! apostrophe joins. The work is in proportion to the text, and a text is bounded before.

use schemas::alike::read_as;

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

/// Whether a character vanishes between letters.
fn vanishes(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | 'ʹ' | 'ʻ')
}

/// A letter that a sign stands for between letters, such as `immigr@tion`.
fn sign(c: char) -> Option<char> {
    match c {
        '@' => Some('a'),
        '¢' | '©' => Some('c'),
        '€' => Some('e'),
        '!' | '|' | '¡' => Some('i'),
        '£' => Some('l'),
        '®' => Some('r'),
        '$' => Some('s'),
        '¥' => Some('y'),
        _ => None,
    }
}

/// A text with what each of its characters is read as, capitals small. A letter that is read as no plain
/// one stays as it is, so that the text grows little.
fn read(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    for c in text.chars() {
        let from = read.len();
        if vanishes(c) {
            read.push('\'');
            continue;
        }
        for part in read_as(c) {
            if !part.is_ascii() && part.is_alphanumeric() {
                read.truncate(from);
                read.push(c);
                break;
            }
            read.push(part);
        }
    }
    read
}

/// The plain form of a text: small plain letters and digits; a separator is kept where it is ASCII and is a
/// space where it is not, or a control character. A letter or digit that is read as no plain one stays:
/// what a text with one says is not known in full ([`is_plain`]).
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() { small(text) } else { small(&read(text)) }
}

/// Whether a folded text holds plain letters and digits alone.
pub(crate) fn is_plain(folded: &str) -> bool {
    folded.is_ascii()
}

fn small(text: &str) -> String {
    let mut small = String::with_capacity(text.len());
    let mut letter_before = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_lowercase() {
            small.push(c);
            letter_before = true;
            continue;
        }
        if vanishes(c) && letter_before {
            continue;
        }
        let mut letter_after = || chars.peek().is_some_and(|c| c.is_alphabetic());
        let read = match c {
            c if c.is_alphanumeric() => Some(c.to_ascii_lowercase()),
            c => sign(c).filter(|_| letter_before && letter_after()),
        };
        letter_before = read.is_some_and(|c| !c.is_ascii_digit());
        small.push(read.unwrap_or(if c.is_ascii_graphic() { c } else { ' ' }));
    }
    small
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
            ("ɪᴄᴇ, ⅰce, oﬃcer", vec!["ice", "ice", "officer"]),
            ("🅸🅲🅴 i\u{489}c\u{301}e ᎥᏟᎬ", vec!["ice", "ice", "ice"]),
            ("ΙΜΜΙGRΑΤΙΟΝ", vec!["immigration"]),
            ("i©e im＠ge", vec!["ice", "image"]),
            ("車 \u{FDFA}", vec!["車", "\u{FDFA}"]),
            ("", vec![]),
        ] {
            assert_eq!(split(text), read, "{text}");
        }
    }

    #[test]
    fn what_is_read_as_no_plain_letter_is_seen() {
        for (text, plain) in [
            ("José’s Škoda — 5 €", true),
            ("ɪᴄᴇ", true),
            ("♥ 🚗", true),
            ("車", false),
            ("суж", false),
            ("٣", false),
        ] {
            assert_eq!(is_plain(&folded(text)), plain, "{text}");
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
