//! Printed cards of numbered codes. CJISSECPOL, IA-5(1)(b): at least 20 bits, each used once, a
//! certain one is asked for by its number, and what is kept of them is no help to who reads it.

use zeroize::Zeroizing;

use crate::sealing::SealingKey;
use crate::token::{NoRandomness, as_printed, characters};

/// Codes of a card.
pub const CODES: u16 = 40;

/// A card as it is printed, once.
pub struct PrintedCard(Vec<Zeroizing<String>>);

impl PrintedCard {
    /// A new one: 40 random bits a code.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new() -> Result<Self, NoRandomness> {
        (0..CODES).map(|_| characters::<8>(4)).collect::<Result<_, _>>().map(Self)
    }

    /// Its codes; the first one has number 1.
    #[must_use]
    pub fn codes(&self) -> &[Zeroizing<String>] {
        &self.0
    }

    /// What is kept of it under the authenticator's id.
    #[must_use]
    pub fn marks(&self, key: &SealingKey, id: &str) -> Vec<String> {
        (1..).zip(&self.0).map(|(number, code)| mark(key, id, number, code)).collect()
    }
}

/// The mark of a code as it was typed.
fn mark(key: &SealingKey, id: &str, number: u16, typed: &str) -> String {
    key.mark(&format!("card {id} {number}"), &as_printed(typed))
}

/// The number that is asked for: the first one that is not used.
#[must_use]
pub fn asked(marks: &[String], used: &[u16]) -> Option<u16> {
    let last = u16::try_from(marks.len()).unwrap_or(u16::MAX);
    (1..=last).find(|number| !used.contains(number))
}

/// Whether `typed` is the code of this number.
#[must_use]
pub fn fits(key: &SealingKey, id: &str, marks: &[String], number: u16, typed: &str) -> bool {
    let known = usize::from(number).checked_sub(1).and_then(|place| marks.get(place));
    // Marks are compared, which whoever tries cannot choose: how long that takes tells nothing.
    known.is_some_and(|known| *known == mark(key, id, number, typed))
}

#[cfg(test)]
mod tests {
    use host::home::Home;

    use super::*;

    #[test]
    fn the_code_of_the_number_that_is_asked_for_is_taken_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::create(&dir.path().join("home")).unwrap();
        SealingKey::create(&home).unwrap();
        let key = SealingKey::of(&home).unwrap();
        let card = PrintedCard::new().unwrap();
        assert_eq!(card.codes().len(), usize::from(CODES));
        let marks = card.marks(&key, "a");
        assert_eq!(asked(&marks, &[]), Some(1));
        assert_eq!(asked(&marks, &[1, 2, 4]), Some(3));
        assert_eq!(asked(&marks, &(1..=CODES).collect::<Vec<_>>()), None);
        let third = card.codes()[2].to_lowercase();
        assert!(fits(&key, "a", &marks, 3, &third));
        assert!(!fits(&key, "a", &marks, 2, &third));
        assert!(!fits(&key, "b", &marks, 3, &third), "another card");
        assert!(!fits(&key, "a", &marks, 0, &third));
        assert!(!fits(&key, "a", &marks, CODES + 1, &third));
        assert!(!marks.iter().any(|mark| mark.contains(third.trim())));
    }
}
