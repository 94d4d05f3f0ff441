//! The latest answers, which may be delivered again.

use std::collections::{HashMap, VecDeque};

use schemas::answer::Answer;
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::query::Query;
use schemas::time::Timestamp;

/// Longest that a node may be set to deliver an answer again, in days.
const LONGEST_DAYS: u32 = 30;
/// Most answers that are kept for it.
const MOST: usize = 50_000;

/// An answer that may be delivered again.
#[derive(Debug)]
pub(super) struct Delivered {
    /// Its query.
    pub(super) query: Query,
    /// By which rules it was decided.
    pub(super) rules: u32,
    /// Whether it opens photographs.
    pub(super) images: bool,
}

/// The latest answers, by the digest of the query's id.
#[derive(Debug, Default)]
pub(super) struct Recent {
    answers: HashMap<Digest, Delivered>,
    order: VecDeque<(Timestamp, Digest)>,
}

impl Recent {
    /// Keeps an answer for as long as it may be delivered again.
    pub(super) fn keep(&mut self, header: &Header, query: Query, answer: Answer) {
        let since = header.at.minus_days(LONGEST_DAYS);
        while let Some((at, id)) = self.order.front()
            && (*at < since || self.order.len() >= MOST)
        {
            self.answers.remove(id);
            self.order.pop_front();
        }
        let id = query.id.digest();
        let (rules, images) = (answer.decided_by.rules, answer.released.images);
        self.answers.insert(id, Delivered { query, rules, images });
        self.order.push_back((header.at, id));
    }

    /// The answer to the query whose id has this digest.
    pub(super) fn get(&self, id: &Digest) -> Option<&Delivered> {
        self.answers.get(id)
    }
}
