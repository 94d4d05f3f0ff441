//! Printed cards of codes. CJISSECPOL, IA-5(1)(b): at least 20 bits, each used once, the next one is
//! asked for, and what is kept of them is no help to who reads it. No number is asked for: it would tell
//! whoever names a person that she is one, and how often she signs in.

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

/// The number of the code that was typed, used or not.
#[must_use]
pub fn number_of(key: &SealingKey, id: &str, marks: &[String], typed: &str) -> Option<u16> {
    // Marks are compared, which whoever tries cannot choose: how long that takes tells nothing.
    (1..)
        .zip(marks)
        .find_map(|(number, known)| (*known == mark(key, id, number, typed)).then_some(number))
}

#[cfg(test)]
mod tests {
    use host::home::Home;

    use super::*;

    #[test]
    fn a_code_is_known_by_its_mark_and_on_its_card_alone() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::create(&dir.path().join("home")).unwrap();
        SealingKey::create(&home).unwrap();
        let key = SealingKey::of(&home).unwrap();
        let card = PrintedCard::new().unwrap();
        assert_eq!(card.codes().len(), usize::from(CODES));
        let marks = card.marks(&key, "a");
        let third = card.codes()[2].to_lowercase();
        assert_eq!(number_of(&key, "a", &marks, &third), Some(3));
        assert_eq!(number_of(&key, "b", &marks, &third), None, "another card");
        assert_eq!(number_of(&key, "a", &marks[..2], &third), None, "it has no such code");
        assert_eq!(number_of(&key, "a", &marks, ""), None);
        assert!(!marks.iter().any(|mark| mark.contains(third.trim())));
    }
}
