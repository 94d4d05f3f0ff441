//! Hashes of words: of a word, of words written as one, and of a word with letters left out, each in a
//! few steps, so that a text costs no more than its length.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Hashes are hashed already, and numbers of words are soon.
#[derive(Default)]
pub(crate) struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u16(&mut self, id: u16) {
        self.0 = spread(u64::from(id) + 1);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

pub(crate) type ByHash<T> = HashMap<u64, T, BuildHasherDefault<Same>>;

/// By the number of a word.
pub(crate) type ById<T> = HashMap<u16, T, BuildHasherDefault<Same>>;

const BASE: u64 = 0x0100_0000_01B3;

/// The hash of no letter, before it is spread.
pub(super) const EMPTY: u64 = 7;

/// A hash to which a letter can be added.
pub(super) fn add(hash: u64, byte: u8) -> u64 {
    hash.wrapping_mul(BASE).wrapping_add(u64::from(byte) + 1)
}

/// Spreads a hash over all its bits.
pub(super) fn spread(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash ^ (hash >> 29)
}

pub(crate) fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    spread(bytes.into_iter().fold(EMPTY, add))
}

/// The hash of words written as one, to which more can be added.
#[derive(Clone, Copy)]
pub(crate) struct Joined(u64);

impl Joined {
    pub(crate) fn new() -> Self {
        Self(EMPTY)
    }

    /// And this word, each of its bytes as `letter` reads it where it is ASCII.
    pub(crate) fn and(self, word: &str, letter: impl Fn(u8) -> char) -> Self {
        let read = |byte: u8| match byte.is_ascii() {
            true => u8::try_from(letter(byte)).unwrap_or(byte),
            false => byte,
        };
        Self(word.bytes().map(read).fold(self.0, add))
    }

    pub(crate) fn key(self) -> u64 {
        spread(self.0)
    }
}

/// Longest word whose letters are left out.
pub(super) const LONGEST: usize = 24;

/// The hashes of a word and of what is left of it.
pub(super) struct Hashes {
    length: usize,
    /// Of the first letters, by how many, before they are spread.
    first: [u64; LONGEST + 1],
    /// Powers of the base.
    power: [u64; LONGEST + 1],
}

impl Hashes {
    /// `None` for a word that is too long.
    pub(super) fn of(word: &[u8]) -> Option<Self> {
        if word.len() > LONGEST {
            return None;
        }
        let mut all = Self { length: word.len(), first: [0; LONGEST + 1], power: [1; LONGEST + 1] };
        let (mut first, mut power) = (0u64, 1u64);
        let places = all.first.iter_mut().zip(&mut all.power).skip(1);
        for ((slot, of), byte) in places.zip(word) {
            first = add(first, *byte);
            power = power.wrapping_mul(BASE);
            (*slot, *of) = (first, power);
        }
        Some(all)
    }

    fn first(&self, letters: usize) -> u64 {
        self.first.get(letters).copied().unwrap_or_default()
    }

    fn power(&self, of: usize) -> u64 {
        self.power.get(of).copied().unwrap_or_default()
    }

    /// Letters `from` to `until` added to a hash.
    fn and(&self, hash: u64, from: usize, until: usize) -> u64 {
        let moved = self.power(until.saturating_sub(from));
        let letters = self.first(until).wrapping_sub(self.first(from).wrapping_mul(moved));
        hash.wrapping_mul(moved).wrapping_add(letters)
    }

    pub(super) fn whole(&self) -> u64 {
        spread(self.and(EMPTY, 0, self.length))
    }

    /// Of the word without one of its letters, by that letter.
    pub(super) fn without_one(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.length).map(|one| {
            let head = self.and(EMPTY, 0, one);
            spread(self.and(head, one + 1, self.length))
        })
    }

    /// Of the word without two of its letters.
    pub(super) fn without_two(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.length).flat_map(move |one| {
            let head = self.and(EMPTY, 0, one);
            (one + 1..self.length).map(move |two| {
                let middle = self.and(head, one + 1, two);
                spread(self.and(middle, two + 1, self.length))
            })
        })
    }
}

/// Which hashes were seen: never no for one that was, seldom yes for one that was not.
#[derive(Default)]
pub(super) struct Seen(Vec<u64>);

/// How many hashes are told apart, as a power of two.
const APART: u32 = 21;

impl Seen {
    fn place(key: u64) -> (usize, u64) {
        let at = key >> (u64::BITS - APART);
        (usize::try_from(at / 64).unwrap_or_default(), 1 << (at % 64))
    }

    pub(super) fn add(&mut self, key: u64) {
        let (word, bit) = Self::place(key);
        if self.0.is_empty() {
            self.0.resize((1 << APART) / 64, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    pub(super) fn may_hold(&self, key: u64) -> bool {
        let (word, bit) = Self::place(key);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_word_has_the_hash_of_what_is_left() {
        for word in ["", "a", "ab", "abcde", "immigration", "abcdefghijklmnopqrstuvwx"] {
            let bytes = word.as_bytes();
            let without = |bytes: &[u8], at: usize| {
                let mut rest = bytes.to_vec();
                rest.remove(at);
                rest
            };
            let hashes = Hashes::of(bytes).unwrap();
            assert_eq!(hashes.whole(), hash(word.bytes()));
            let one: Vec<u64> = (0..bytes.len()).map(|at| hash(without(bytes, at))).collect();
            assert_eq!(hashes.without_one().collect::<Vec<_>>(), one);
            let two: Vec<u64> = (0..bytes.len())
                .flat_map(|one| (one + 1..bytes.len()).map(move |two| (one, two)))
                .map(|(one, two)| hash(without(&without(bytes, two), one)))
                .collect();
            assert_eq!(hashes.without_two().collect::<Vec<_>>(), two);
        }
        assert!(Hashes::of(&[b'a'; LONGEST + 1]).is_none());
    }
}
