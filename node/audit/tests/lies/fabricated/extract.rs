//! Some entries of a log, as they are exported for a peer or a period.

use std::io::Cursor;

use audit::BundleFile;
use audit::check::Report;
use schemas::agency::AgencyId;
use schemas::bundle::{FORMAT, Head, Item, Line, Scope};
use schemas::entry::Header;
use schemas::event::Event;
use schemas::event::audit::AuditExported;
use schemas::merkle::{self, Frontier};

use super::*;

/// An export, before it is written down.
#[derive(Clone)]
pub(crate) struct Extract {
    pub(crate) head: Head,
    pub(crate) before: Vec<Line>,
    pub(crate) items: Vec<Item>,
}

pub(crate) fn header(item: &Item) -> Header {
    Header::from_bytes(item.entry.header.as_bytes()).unwrap()
}

fn bare(item: &Item) -> Item {
    let mut item = Item { border: true, ..item.clone() };
    (item.entry.salt, item.entry.body, item.entry.envelope) = (None, None, None);
    item
}

impl Log {
    /// What is exported of it at `minute`, as an honest node does.
    pub(crate) fn extract(&self, minute: i64, scope: &Scope) -> Extract {
        let (mut log, me) = (self.clone(), &self.of.id);
        let own = self.entries.iter().filter(|one| one.peer.as_ref() == Some(me)).count();
        let exported = AuditExported { scope: scope.clone(), own: own as u64 };
        log.write(minute, None, self.of.officer(), Event::AuditExported(exported), &[]);
        log.entries.last_mut().unwrap().peer.clone_from(&scope.peer);
        let mut all = log.items();
        let (mut tree, mut nodes) = (Frontier::new(), std::collections::BTreeMap::new());
        for item in &all {
            let completed = tree.push(merkle::leaf(item.entry.header.as_bytes()));
            nodes.extend(completed.into_iter().map(|(at, hash)| ((at.level, at.index), hash)));
        }
        let lookup = |at: merkle::Subtree| nodes.get(&(at.level, at.index)).copied();
        let size = tree.size();
        if !scope.is_whole() {
            for (index, item) in (0..).zip(&mut all) {
                item.inclusion = Some(merkle::inclusion(index, size, lookup).unwrap());
                item.change = None;
            }
        }
        let head = Head {
            accord_bundle: FORMAT,
            agency: me.clone(),
            entry: size - 1,
            at: at(minute),
            scope: scope.clone(),
            checkpoint: self.of.cosigned_head(size, tree.root(), &[], minute),
        };
        let cards = self.cards.iter().map(|card| Line::Card(card.to_text()));
        let policies = self.policies.iter().map(|text| Line::Policy(text.clone()));
        let before = cards.chain(policies).collect();
        Extract { head, before, items: of_scope(all, me, scope) }
    }
}

/// The entries of a scope with their borders, what concerns the agency itself, and the last one.
fn of_scope(all: Vec<Item>, me: &AgencyId, scope: &Scope) -> Vec<Item> {
    let export = all.len() - 1;
    let concerns = |item: &Item| scope.peer.is_none() || header(item).peer == scope.peer;
    let early = |item: &Item| scope.from.is_some_and(|from| header(item).at < from);
    let late = |item: &Item| scope.until.is_some_and(|until| header(item).at >= until);
    let before = all.iter().rposition(|item| concerns(item) && early(item));
    let after = all[..export].iter().position(|item| concerns(item) && late(item));
    let told = all.iter().enumerate().filter_map(|(n, item)| {
        let own = header(item).peer.as_ref() == Some(me) && !scope.is_whole();
        let border = Some(n) == before || Some(n) == after;
        let within = n == export || (concerns(item) && !early(item) && !late(item));
        match (border, within) {
            (true, _) if own => Some(Item { border: true, judges: true, ..item.clone() }),
            (true, _) => Some(bare(item)),
            (false, true) => Some(item.clone()),
            (false, false) => own.then(|| Item { judges: true, ..item.clone() }),
        }
    });
    told.collect()
}

impl Extract {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(&self.head).unwrap();
        for line in self.before.iter().cloned().chain(self.items.iter().cloned().map(Line::Entry)) {
            bytes.push(b'\n');
            bytes.extend(line.to_bytes().unwrap());
        }
        bytes.push(b'\n');
        bytes
    }

    pub(crate) fn file(&self) -> BundleFile<Cursor<Vec<u8>>> {
        BundleFile::new(self.head.agency.as_str(), Cursor::new(self.bytes()))
    }

    pub(crate) fn verified(&self, pinned: &[&Agency]) -> Report {
        self.file().check(&pins(pinned), |_, _, _, _| {}).unwrap()
    }
}
