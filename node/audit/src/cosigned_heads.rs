//! The heads of a log that others cosigned, each with when: no entry under one is later than that.

use schemas::agency::AgencyId;
use schemas::checkpoint::{self, CheckpointError, SignedCheckpoint};
use schemas::time::Timestamp;

use super::keys::Keys;

/// Heads of one log that pinned agencies cosigned, whose log it is not.
#[derive(Debug, Clone, Default)]
pub struct CosignedHeads {
    /// Size, and when a head of that size or a larger one was cosigned first; by size.
    first: Vec<(u64, Timestamp)>,
}

impl CosignedHeads {
    /// Of heads, each with its size and when it was cosigned first.
    #[must_use]
    pub fn of(mut heads: Vec<(u64, Timestamp)>) -> Self {
        heads.sort_unstable();
        let mut earliest = Timestamp::MAX;
        for (_, at) in heads.iter_mut().rev() {
            earliest = earliest.min(*at);
            *at = earliest;
        }
        Self { first: heads }
    }

    /// When an entry was made at the latest: when the first head over it was cosigned.
    #[must_use]
    pub fn not_after(&self, index: u64) -> Option<Timestamp> {
        let over = self.first.partition_point(|(size, _)| *size <= index);
        self.first.get(over).map(|(_, at)| *at)
    }
}

/// Who else cosigned a head of the log of `log`, by names of notes, and when the first of them did; the
/// signature of the log itself is checked too.
///
/// # Errors
/// When one of these signatures does not hold, or the log's own is none of its.
pub fn cosigned(
    signed: &SignedCheckpoint,
    log: &AgencyId,
    keys: &Keys,
) -> Result<(Vec<String>, Option<Timestamp>), CheckpointError> {
    // One from before a key took the place of another is signed with that one.
    let own = keys.head(log, signed)?;
    // Nobody is a witness of one's own log.
    let others: Vec<_> = keys
        .cosigners()
        .into_iter()
        .filter(|key| checkpoint::agency(key.name()).is_none_or(|agency| agency != *log))
        .collect();
    let by = signed.cosigned(&own, &others)?;
    let first = by.iter().map(|one| one.at).min();
    Ok((by.iter().map(|one| one.key.name().to_string()).collect(), first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_no_later_than_the_first_head_over_it() {
        let at = |minute: i64| Timestamp::from_millis(minute * 60_000).unwrap();
        let heads = CosignedHeads::of(vec![(9, at(7)), (3, at(5)), (12, at(6))]);
        for (index, expected) in
            [(0, Some(5)), (2, Some(5)), (3, Some(6)), (8, Some(6)), (11, Some(6)), (12, None)]
        {
            assert_eq!(heads.not_after(index), expected.map(at), "{index}");
        }
        assert_eq!(CosignedHeads::default().not_after(0), None);
    }
}
