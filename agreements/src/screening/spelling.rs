//! How words differ: by an ending, a doubled letter, or a small mistake.

/// A word with each letter that stands more than once in a row written once.
pub(super) fn undoubled(word: &str) -> String {
    let mut once = String::with_capacity(word.len());
    let mut last = None;
    for c in word.chars() {
        if last != Some(c) || c.is_ascii_digit() {
            once.push(c);
        }
        last = Some(c);
    }
    once
}

/// What a word may be without its ending: its head, and what stands instead. Few, and each at least three
/// letters.
pub(super) fn stems(word: &str) -> impl Iterator<Item = (&str, &'static str)> {
    const ENDINGS: [(&str, &str); 14] = [
        ("ies", "y"),
        ("ied", "y"),
        ("sses", "ss"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("es", "e"),
        ("es", ""),
        ("s", ""),
        ("ed", "e"),
        ("ed", ""),
        ("ing", "e"),
        ("ing", ""),
        ("er", ""),
        ("ly", ""),
    ];
    ENDINGS.iter().filter_map(move |(ending, instead)| {
        let head = word.strip_suffix(ending)?;
        let least = if ending.len() > 1 { 4 } else { 3 };
        (head.len() + instead.len() >= least && !head.ends_with(['s'].as_slice()))
            .then_some((head, *instead))
    })
}

/// Longer words are not compared.
const WIDEST: usize = 32;

/// How many letters are wrong, missing, too many or swapped with their neighbour;
/// 3 for words that differ in more, or are longer than any that is known.
pub(super) fn apart(one: &[u8], other: &[u8]) -> usize {
    if one.len().abs_diff(other.len()) > 2 || other.len() >= WIDEST {
        return 3;
    }
    let mut before = [0; WIDEST];
    let mut last = [0; WIDEST];
    last.iter_mut().enumerate().for_each(|(at, cell)| *cell = at);
    let mut row = [0; WIDEST];
    let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX / 2);
    let mut above: Option<u8> = None;
    for (n, a) in (1..).zip(one) {
        if let Some(first) = row.first_mut() {
            *first = n;
        }
        let mut left: Option<u8> = None;
        for (m, b) in (1..).zip(other) {
            let mut least = (at(&last, m) + 1)
                .min(at(&row, m - 1) + 1)
                .min(at(&last, m - 1) + usize::from(a != b));
            if m > 1 && above == Some(*b) && left == Some(*a) {
                least = least.min(at(&before, m - 2) + 1);
            }
            if let Some(cell) = row.get_mut(m) {
                *cell = least;
            }
            left = Some(*b);
        }
        above = Some(*a);
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    at(&last, other.len())
}
