//! Sets of entries by index, as a log's entries about other entries name them: `0-11,13,40-52`.
//!
//! One set has one text: parts in order, none empty, none touching the next.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A set of indices.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct Ranges(Vec<(u64, u64)>);

/// Why a text is no set of indices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no set of entries; expected indices and ranges in order, such as `0-11,13`")]
pub struct RangesError(String);

impl Ranges {
    /// The indices from `first` to `last`, both included; nothing when `last` is before `first`.
    #[must_use]
    pub fn span(first: u64, last: u64) -> Self {
        Self(if first <= last { vec![(first, last)] } else { Vec::new() })
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many indices there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let each = self.0.iter().map(|(first, last)| last.abs_diff(*first).saturating_add(1));
        each.fold(0, u64::saturating_add)
    }

    /// First and last index of each part, in order.
    #[must_use]
    pub fn parts(&self) -> &[(u64, u64)] {
        &self.0
    }

    /// Whether `index` is one of them.
    #[must_use]
    pub fn contains(&self, index: u64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= index);
        let part = after.checked_sub(1).and_then(|at| self.0.get(at));
        part.is_some_and(|(_, last)| index <= *last)
    }

    /// Adds an index.
    pub fn add(&mut self, index: u64) {
        match self.0.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(index) => *last = index,
            Some((_, last)) if *last >= index => *self = self.with(&Self::span(index, index)),
            _ => self.0.push((index, index)),
        }
    }

    /// The indices of either.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut parts: Vec<(u64, u64)> = self.0.iter().chain(&other.0).copied().collect();
        parts.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(parts.len());
        for (first, last) in parts {
            match joined.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }

    /// The indices that `other` has not.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut left = Vec::with_capacity(self.0.len());
        for (first, last) in self.0.iter().copied() {
            let start = other.0.partition_point(|(_, end)| *end < first);
            let cuts = other.0.get(start..).unwrap_or_default();
            let mut rest = Some(first);
            for (cut, end) in cuts.iter().copied().take_while(|(cut, _)| *cut <= last) {
                if let Some(from) = rest.filter(|from| *from < cut) {
                    left.push((from, cut.saturating_sub(1)));
                }
                rest = end.checked_add(1).filter(|next| *next <= last);
            }
            left.extend(rest.map(|from| (from, last)));
        }
        Self(left)
    }
}

impl FromIterator<u64> for Ranges {
    fn from_iter<T: IntoIterator<Item = u64>>(indices: T) -> Self {
        let mut ranges = Self::default();
        indices.into_iter().for_each(|index| ranges.add(index));
        ranges
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (first, last)) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Ranges {
    type Err = RangesError;

    fn from_str(text: &str) -> Result<Self, RangesError> {
        let refused = || RangesError(text.chars().take(64).collect());
        if text.is_empty() {
            return Ok(Self::default());
        }
        let mut parts: Vec<(u64, u64)> = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let first: u64 = first.parse().map_err(|_| refused())?;
            let last: u64 = last.parse().map_err(|_| refused())?;
            let after = parts.last().is_none_or(|(_, end)| first > end.saturating_add(1));
            if first > last || !after {
                return Err(refused());
            }
            parts.push((first, last));
        }
        let ranges = Self(parts);
        if ranges.to_string() == text { Ok(ranges) } else { Err(refused()) }
    }
}

impl TryFrom<String> for Ranges {
    type Error = RangesError;

    fn try_from(text: String) -> Result<Self, RangesError> {
        text.parse()
    }
}

impl From<Ranges> for String {
    fn from(ranges: Ranges) -> Self {
        ranges.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_set_has_one_text() {
        for good in ["", "0", "0-11,13,40-52", "18446744073709551615"] {
            assert_eq!(good.parse::<Ranges>().unwrap().to_string(), good);
        }
        for bad in
            ["1-1", "2-1", "1,2", "1-3,4", "3,1", "1,1", "01", "1-", "-1", ",", "1, 3", "a", "+1"]
        {
            assert!(bad.parse::<Ranges>().is_err(), "{bad}");
        }
    }

    fn of(set: &BTreeSet<u64>) -> Ranges {
        set.iter().copied().collect()
    }

    proptest! {
        #[test]
        fn they_are_sets(one in prop::collection::btree_set(0u64..60, 0..40), other in prop::collection::btree_set(0u64..60, 0..40)) {
            let (a, b) = (of(&one), of(&other));
            prop_assert_eq!(a.to_string().parse::<Ranges>().unwrap(), a.clone());
            prop_assert_eq!(a.count(), one.len() as u64);
            prop_assert_eq!(a.with(&b), of(&one.union(&other).copied().collect()));
            prop_assert_eq!(a.without(&b), of(&one.difference(&other).copied().collect()));
            for index in 0..60 {
                prop_assert_eq!(a.contains(index), one.contains(&index));
            }
            let unordered: Ranges = one.iter().rev().copied().collect();
            prop_assert_eq!(unordered, a);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9,\\- ]{0,24}") {
            if let Ok(ranges) = text.parse::<Ranges>() {
                prop_assert_eq!(ranges.to_string(), text);
            }
        }
    }
}
