//! Which counts are told apart. The accesses of one period are parted into cells, each of at least
//! [`LEAST`], and nothing else is ever told of them: whatever is added or subtracted, within a period,
//! between periods or between reports, is a sum of cells, and so of none or of at least [`LEAST`].
//!
//! Activities are parted first and offences within them afterwards, so that the finer table of a later
//! report parts each cell of the coarser one before it and cuts across none.

use std::collections::BTreeMap;

/// The fewest accesses of which a count is told.
pub const LEAST: u64 = 10;

/// A cell: what is counted together, and how often it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<K> {
    /// Of these, together.
    pub of: Vec<K>,
    /// How often.
    pub count: u64,
}

/// Parts counts into cells. Those below [`LEAST`], and the `rest`, which has no kind of its own, are
/// counted together, with as many of the smallest others as it takes; that cell comes last and names every
/// kind of `all` that is not told apart, so that nobody learns which of them occurred. Nothing where
/// there are fewer than [`LEAST`] in all.
#[must_use]
pub fn parted<K: Copy + Ord>(counts: &BTreeMap<K, u64>, rest: u64, all: &[K]) -> Vec<Cell<K>> {
    let mut apart: Vec<(u64, K)> =
        counts.iter().filter(|(_, count)| **count >= LEAST).map(|(kind, n)| (*n, *kind)).collect();
    apart.sort_unstable();
    let small = counts.values().filter(|count| **count < LEAST);
    let mut together = small.fold(rest, |sum, count| sum.saturating_add(*count));
    let mut taken = 0;
    while together > 0 && together < LEAST {
        let Some((count, _)) = apart.get(taken) else { return Vec::new() };
        together = together.saturating_add(*count);
        taken += 1;
    }
    let apart = apart.get(taken..).unwrap_or_default();
    let mut cells: Vec<Cell<K>> =
        apart.iter().map(|(count, kind)| Cell { of: vec![*kind], count: *count }).collect();
    cells.sort_unstable_by(|one, other| one.of.cmp(&other.of));
    if together > 0 {
        let alone = |kind: &K| apart.iter().any(|(_, shown)| shown == kind);
        let of = all.iter().copied().filter(|kind| !alone(kind)).collect();
        cells.push(Cell { of, count: together });
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(counts: &[u64]) -> BTreeMap<usize, u64> {
        counts.iter().copied().enumerate().collect()
    }

    #[test]
    fn small_counts_are_told_with_others_only() {
        let all = [0, 1, 2, 3];
        let cells = |counts: &[u64], rest| {
            let cells = parted(&counted(counts), rest, &all);
            cells.into_iter().map(|cell| (cell.of, cell.count)).collect::<Vec<_>>()
        };
        assert_eq!(cells(&[12, 30, 0, 0], 0), [(vec![0], 12), (vec![1], 30)]);
        // Three and two are not ten: the smallest that could be told apart joins them.
        assert_eq!(cells(&[12, 30, 3, 2], 0), [(vec![1], 30), (vec![0, 2, 3], 17)]);
        assert_eq!(cells(&[12, 30, 8, 2], 0), [(vec![0], 12), (vec![1], 30), (vec![2, 3], 10)]);
        // What has no kind of its own hides among others, too.
        assert_eq!(cells(&[12, 30, 0, 0], 1), [(vec![1], 30), (vec![0, 2, 3], 13)]);
        assert_eq!(cells(&[3, 2, 0, 0], 4), []);
        assert_eq!(cells(&[0, 0, 0, 0], 0), []);
    }

    proptest! {
        #[test]
        fn cells_part_what_was_counted_and_none_is_small(
            counts in prop::collection::vec(prop_oneof![0u64..12, 0u64..200], 1..8),
            rest in 0u64..30,
        ) {
            let all: Vec<usize> = (0..counts.len()).collect();
            let cells = parted(&counted(&counts), rest, &all);
            let sum = counts.iter().sum::<u64>() + rest;
            let told = cells.iter().map(|cell| cell.count).sum::<u64>();
            prop_assert!(told == sum || (told == 0 && sum < LEAST));
            prop_assert!(cells.iter().all(|cell| cell.count >= LEAST));
            let mut kinds: Vec<usize> = cells.iter().flat_map(|cell| cell.of.clone()).collect();
            let named = kinds.len();
            kinds.dedup();
            prop_assert_eq!(kinds.len(), named, "no kind is in two cells");
        }
    }
}
