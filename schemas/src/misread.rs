//! What readers confuse: which plates may have been read in the place of another.

use serde::{Deserialize, Serialize};

use crate::plate::Plate;

/// Characters that readers take for one another. A character is in one set at most, and nothing is
/// confused across sets.
pub const CONFUSED: [&str; 6] = ["0DOQ", "1IL", "2Z", "5S", "8B", "6G"];

/// One character of a plate that was read as another of its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Substitution {
    /// Which character, from 1.
    pub position: u8,
    /// The one that was asked for.
    pub asked: char,
    /// The one that was read.
    pub read: char,
}

/// The plates that may have been read in the place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variants {
    /// Itself first, then those of one substitution, of two, and so on.
    pub plates: Vec<Plate>,
    /// Whether that is all of them.
    pub all: bool,
}

/// The characters that a reader may have read for `c`, and `c` itself.
fn confused_with(c: char) -> &'static str {
    CONFUSED.into_iter().find(|set| set.contains(c)).unwrap_or("")
}

impl Plate {
    /// What a reader must have confused to read `read` in the place of this plate: nothing for
    /// the plate itself, `None` for a plate that it cannot have been.
    #[must_use]
    pub fn misread_as(&self, read: &Self) -> Option<Vec<Substitution>> {
        if self.as_str().len() != read.as_str().len() {
            return None;
        }
        let mut substitutions = Vec::new();
        for (position, (asked, read)) in (1..).zip(self.as_str().chars().zip(read.as_str().chars()))
        {
            if asked != read {
                if !confused_with(asked).contains(read) {
                    return None;
                }
                substitutions.push(Substitution { position, asked, read });
            }
        }
        Some(substitutions)
    }

    /// The plates that may have been read in the place of this one, at most `most`: those with the
    /// fewest substitutions first.
    #[must_use]
    pub fn variants(&self, most: usize) -> Variants {
        let mut plates = vec![self.clone()];
        // Each with the position from which on its characters are still as asked.
        let mut last = vec![(self.as_str().to_owned(), 0usize)];
        while !last.is_empty() {
            let mut next = Vec::new();
            for (plate, from) in &last {
                for (at, c) in plate.char_indices().skip(*from) {
                    for read in confused_with(c).chars().filter(|read| *read != c) {
                        if plates.len() >= most {
                            return Variants { plates, all: false };
                        }
                        let variant: String = plate
                            .char_indices()
                            .map(|(n, c)| if n == at { read } else { c })
                            .collect();
                        plates.push(Self::known(variant.clone()));
                        next.push((variant, at.saturating_add(1)));
                    }
                }
            }
            last = next;
        }
        Variants { plates, all: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn plate(text: &str) -> Plate {
        text.parse().unwrap()
    }

    #[test]
    fn sets_do_not_meet() {
        let all: String = CONFUSED.concat();
        let once: BTreeSet<char> = all.chars().collect();
        assert_eq!(once.len(), all.len());
    }

    #[test]
    fn a_plate_is_misread_within_sets_alone() {
        for (asked, read, substituted) in [
            ("7ABC123", "7ABC123", Some(0)),
            ("7ABC123", "7A8C123", Some(1)),
            ("8ABC123", "BA8CIZ3", Some(4)),
            // 8 and B are of one set, B and 6 are not; 0 and 8 are not.
            ("7ABC123", "7A6C123", None),
            ("0ABC123", "8ABC123", None),
            ("7ABC123", "7ABC12", None),
        ] {
            let found = plate(asked).misread_as(&plate(read)).map(|all| all.len());
            assert_eq!(found, substituted, "{asked} {read}");
        }
        let told = plate("8ABC123").misread_as(&plate("8ABCI23")).unwrap();
        assert_eq!(told, [Substitution { position: 5, asked: '1', read: 'I' }]);
    }

    #[test]
    fn variants_come_with_the_fewest_substitutions_first() {
        let found = plate("8A2").variants(100);
        let texts: Vec<_> = found.plates.iter().map(Plate::as_str).collect();
        assert_eq!((texts.as_slice(), found.all), (["8A2", "BA2", "8AZ", "BAZ"].as_slice(), true));
        let all = plate("0DOQ0DOQ").variants(usize::MAX);
        assert_eq!((all.plates.len(), all.all), (65_536, true));
        let cut = plate("0DOQ0DOQ").variants(25);
        assert_eq!((cut.plates.len(), cut.all), (25, false));
        let fewest =
            cut.plates.iter().map(|read| plate("0DOQ0DOQ").misread_as(read).unwrap().len());
        assert!(fewest.max() == Some(1));
    }

    proptest! {
        #[test]
        fn variants_are_what_it_may_have_been_misread_as(
            asked in "[A-Z0-9]{1,7}", other in "[0DO1I2Z8BGX]{1,7}",
        ) {
            let (asked, other) = (plate(&asked), plate(&other));
            let variants = asked.variants(usize::MAX);
            let once: BTreeSet<_> = variants.plates.iter().collect();
            prop_assert_eq!(once.len(), variants.plates.len());
            let counts: Vec<_> =
                variants.plates.iter().map(|read| asked.misread_as(read).unwrap().len()).collect();
            prop_assert!(counts.is_sorted());
            prop_assert_eq!(once.contains(&other), asked.misread_as(&other).is_some());
            // As it may be misread, so the other way about.
            prop_assert_eq!(asked.misread_as(&other).is_some(), other.misread_as(&asked).is_some());
        }
    }
}
