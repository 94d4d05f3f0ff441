//! The tree over what this log says of the exchanges with one peer. Pure.
//!
//! Of each exchange it holds two digests and where its entry stands, not what it says: a million of
//! them take about 100 MB, for as long as a comparison lasts.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::statement::tree_path::TreePath;
use schemas::statement::{BUCKET, Child, ExchangeRecord, MOST_REFUSALS, Reached, bucket, divided};
use schemas::time::{DAY_MS, Timestamp};

use schemas::exchange::Exchange;

/// How an exchange ended, as far as this log alone can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Answered, with a receipt.
    Answered,
    /// Refused.
    Refused,
    /// Neither: even if the other log says the same, that is no agreement.
    Not,
}

/// One exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Digest of the query's id.
    pub key: Digest,
    /// Digest of the line.
    pub digest: Digest,
    /// When the query was signed.
    pub asked_at: Timestamp,
    /// The entry that let the query or the reply go.
    pub entry: u64,
    /// How it ended.
    pub ended: Ended,
    /// Digests of the refusals before the last one, where there were several.
    pub refused_before: Box<[Digest]>,
}

impl Item {
    fn day(&self) -> i64 {
        self.asked_at.millis().div_euclid(DAY_MS)
    }
}

/// What an exchange of this log with `peer` says to both.
#[must_use]
pub fn line(exchange: &Exchange, me: &AgencyId, peer: &AgencyId) -> ExchangeRecord {
    ExchangeRecord {
        query_id: exchange.query_id,
        requester: if exchange.asked { me.clone() } else { peer.clone() },
        asked_at: exchange.asked_at,
        reached: exchange.reached,
        query: exchange.query,
        reply: exchange.reply,
        receipt: exchange.receipt,
        refused_before: Vec::new(),
    }
}

impl Item {
    /// What its exchange, as a log tells it, says to both.
    #[must_use]
    pub fn line(&self, exchange: &Exchange, me: &AgencyId, peer: &AgencyId) -> ExchangeRecord {
        let refused_before = self.refused_before.to_vec();
        ExchangeRecord { refused_before, ..line(exchange, me, peer) }
    }
}

impl TurnedAway {
    /// It was turned away once more.
    fn again(&mut self, exchange: Exchange) {
        // Other bytes under a known id: the first bytes are the exchange.
        if self.last.query != exchange.query {
            return;
        }
        let known = std::mem::replace(&mut self.last, exchange);
        self.before.extend(known.reply);
        bounded(&mut self.before);
    }

    /// The refusals before one that was kept for good; none where it was none, or of other bytes.
    fn before_that(&self, kept: &Exchange) -> Vec<Digest> {
        let refused = kept.reached == Reached::Refused && !kept.asked;
        if !refused || self.last.query != kept.query || self.last.entry > kept.entry {
            return Vec::new();
        }
        let mut before: Vec<Digest> = self.before.iter().copied().chain(self.last.reply).collect();
        bounded(&mut before);
        before
    }
}

/// An owner makes no more refusals of a query than may be; a log that holds more tells of the last ones.
fn bounded(before: &mut Vec<Digest>) {
    before.drain(..before.len().saturating_sub(MOST_REFUSALS - 1));
}

/// Gathers what a tree is made of.
#[derive(Debug)]
pub struct TreeBuilder {
    me: AgencyId,
    peer: AgencyId,
    items: Vec<Item>,
    turned_away: BTreeMap<Digest, TurnedAway>,
}

/// A query that was turned away, by the last entry that did so.
#[derive(Debug)]
struct TurnedAway {
    last: Exchange,
    /// The refusals before that one.
    before: Vec<Digest>,
}

impl TreeBuilder {
    /// Of the log of `me`, with `peer`.
    #[must_use]
    pub fn new(me: AgencyId, peer: AgencyId) -> Self {
        Self { me, peer, items: Vec::new(), turned_away: BTreeMap::new() }
    }

    /// Takes in the next exchanges, in the order of their entries.
    pub fn add(&mut self, exchanges: Vec<Exchange>) {
        let (turned_away, settled): (Vec<_>, Vec<_>) =
            exchanges.into_iter().partition(|exchange| exchange.turned_away);
        // What is turned away is so before it is settled, and not after.
        for exchange in turned_away {
            match self.turned_away.entry(exchange.query_id.digest()) {
                Entry::Vacant(new) => {
                    new.insert(TurnedAway { last: exchange, before: Vec::new() });
                }
                Entry::Occupied(mut known) => known.get_mut().again(exchange),
            }
        }
        self.items.reserve(settled.len());
        for exchange in settled {
            let item = match self.turned_away.get(&exchange.query_id.digest()) {
                Some(away) => self.item(&exchange, &away.before_that(&exchange)),
                None => self.item(&exchange, &[]),
            };
            self.items.push(item);
        }
    }

    fn item(&self, exchange: &Exchange, refused_before: &[Digest]) -> Item {
        let ended = match (exchange.reached, exchange.receipt) {
            (Reached::Answered, Some(_)) => Ended::Answered,
            (Reached::Refused, _) => Ended::Refused,
            _ => Ended::Not,
        };
        Item {
            key: exchange.query_id.digest(),
            digest: ExchangeRecord {
                refused_before: refused_before.to_vec(),
                ..line(exchange, &self.me, &self.peer)
            }
            .digest(),
            asked_at: exchange.asked_at,
            entry: exchange.entry,
            ended,
            refused_before: refused_before.into(),
        }
    }

    /// The tree. One id has one line: what was answered or refused for good, before what was turned
    /// away; the first one, where both sides used an id.
    #[must_use]
    pub fn tree(mut self) -> Tree {
        let turned_away = std::mem::take(&mut self.turned_away);
        self.items.sort_unstable_by_key(|item| (item.key, item.entry));
        self.items.dedup_by(|next, one| next.key == one.key);
        let known = |key| self.items.binary_search_by(|item| item.key.cmp(key)).is_ok();
        let further: Vec<Item> = turned_away
            .iter()
            .filter(|(key, _)| !known(key))
            .map(|(_, away)| self.item(&away.last, &away.before))
            .collect();
        let mut items = self.items;
        items.extend(further);
        items.sort_unstable_by_key(|item| (item.day(), item.key));
        Tree::of(items)
    }
}

/// The tree.
#[derive(Debug)]
pub struct Tree {
    /// By day, and inside a day by key.
    items: Vec<Item>,
    days: Vec<(Range<usize>, Child)>,
}

/// What stands at a place.
#[derive(Debug)]
pub enum Below<'a> {
    /// Places.
    Places(Vec<Child>),
    /// The exchanges themselves.
    Bucket(&'a [Item]),
}

fn count(items: &[Item]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

/// The digest of what stands at a place in a day.
fn digest(place: &TreePath, items: &[Item]) -> Digest {
    if items.len() <= BUCKET {
        bucket(items.iter().map(|item| &item.digest))
    } else {
        divided(&parts(place, items))
    }
}

/// What stands below a place in a day.
fn parts(place: &TreePath, mut items: &[Item]) -> Vec<Child> {
    let depth = place.digits();
    let mut parts = Vec::with_capacity(16);
    while let Some(first) = items.first() {
        let here = digit(&first.key, depth);
        let end = items.partition_point(|item| digit(&item.key, depth) <= here);
        let below = place.part(here);
        let Some((here, rest)) = items.split_at_checked(end) else { break };
        let child = Child { digest: digest(&below, here), place: below, count: count(here) };
        parts.push(child);
        items = rest;
    }
    parts
}

/// The hexadecimal digit of a digest at a depth.
fn digit(key: &Digest, depth: usize) -> u8 {
    let byte = key.as_bytes().get(depth / 2).copied().unwrap_or_default();
    if depth.is_multiple_of(2) { byte >> 4 } else { byte & 15 }
}

impl Tree {
    fn of(items: Vec<Item>) -> Self {
        let mut days = Vec::new();
        let mut start = 0;
        while let Some(first) = items.get(start) {
            let rest = items.get(start..).unwrap_or_default();
            let end = start + rest.partition_point(|item| item.day() <= first.day());
            let place = TreePath::day(first.asked_at);
            let here = items.get(start..end).unwrap_or_default();
            let digest = digest(&place, here);
            days.push((start..end, Child { place, count: count(here), digest }));
            start = end;
        }
        Self { items, days }
    }

    /// Every exchange.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Child {
        let digest = divided(&self.places(&TreePath::all()));
        Child { place: TreePath::all(), count: count(&self.items), digest }
    }

    /// The exchanges that stand at a place.
    #[must_use]
    pub fn at(&self, place: &TreePath) -> &[Item] {
        let inside = |child: &Child| child.place.is_in(place) || place.is_in(&child.place);
        let mut days = self.days.iter().filter(|(_, day)| inside(day)).map(|(range, _)| range);
        let Some(first) = days.next() else { return &[] };
        let last = days.next_back().unwrap_or(first);
        let items = self.items.get(first.start..last.end).unwrap_or_default();
        if !place.is_in_day() {
            return items;
        }
        let begins = |item: &Item| {
            place
                .nibbles()
                .enumerate()
                .map(|(n, wanted)| digit(&item.key, n).cmp(&wanted))
                .find(|order| order.is_ne())
        };
        let start =
            items.partition_point(|item| begins(item).is_some_and(std::cmp::Ordering::is_lt));
        let end = items.partition_point(|item| begins(item).is_none_or(std::cmp::Ordering::is_lt));
        items.get(start..end).unwrap_or_default()
    }

    /// Days below a month, months below all.
    fn places(&self, place: &TreePath) -> Vec<Child> {
        let days = self.days.iter().map(|(_, day)| day).filter(|day| day.place.is_in(place));
        if *place != TreePath::all() {
            return days.cloned().collect();
        }
        let mut months: Vec<(TreePath, Vec<Child>)> = Vec::new();
        for day in days {
            let month = day.place.month();
            match months.last_mut() {
                Some((last, days)) if *last == month => days.push(day.clone()),
                _ => months.push((month, vec![day.clone()])),
            }
        }
        let child = |(place, days): (TreePath, Vec<Child>)| Child {
            place,
            count: days.iter().fold(0, |sum, day| day.count.saturating_add(sum)),
            digest: divided(&days),
        };
        months.into_iter().map(child).collect()
    }

    /// What stands at a place.
    #[must_use]
    pub fn below(&self, place: &TreePath) -> Below<'_> {
        if !place.is_in_day() {
            return Below::Places(self.places(place));
        }
        let items = self.at(place);
        if items.len() <= BUCKET {
            Below::Bucket(items)
        } else {
            Below::Places(parts(place, items))
        }
    }

    /// The places of the next level below one where something stands.
    #[must_use]
    pub fn children(&self, place: &TreePath) -> Vec<TreePath> {
        if !place.is_in_day() {
            return self.places(place).into_iter().map(|child| child.place).collect();
        }
        let depth = place.digits();
        let mut places: Vec<TreePath> = Vec::new();
        for item in self.at(place) {
            let below = place.part(digit(&item.key, depth));
            if places.last() != Some(&below) {
                places.push(below);
            }
        }
        places
    }

    /// The digest of a place, if anything stands there.
    #[must_use]
    pub fn digest(&self, place: &TreePath) -> Option<Digest> {
        if *place == TreePath::all() {
            return Some(self.root().digest);
        }
        let items = self.at(place);
        if items.is_empty() {
            None
        } else if place.is_in_day() {
            Some(digest(place, items))
        } else {
            Some(divided(&self.places(place)))
        }
    }
}
