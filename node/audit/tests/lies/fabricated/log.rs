//! A log that its owner writes as it likes.

use std::collections::BTreeMap;
use std::io::Cursor;

use audit::BundleFile;
use audit::check::Report;
use registry::{AuditClosing, Change, Hold, OpenedAudit, OpenedHold, Release, UsesSum, Verified};
use schemas::agency::AgencyId;
use schemas::answer::LogPosition;
use schemas::body::{Actor, Body};
use schemas::bundle::{Earlier, FORMAT, Head, Item, Line, Scope};
use schemas::digest::Digest;
use schemas::entry::{Header, StoredEntry, VERSION};
use schemas::entry_proof::EntryProof;
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::event::audit::AuditExported;
use schemas::event::cards::CardConfirmed;
use schemas::merkle::{self, Frontier};

use schemas::time::Timestamp;
use serde_json::Value;

use super::*;

/// An entry as its log's owner writes it.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) at: Timestamp,
    pub(crate) peer: Option<AgencyId>,
    pub(crate) query: Option<Digest>,
    pub(crate) actor: Actor,
    pub(crate) event: Event,
    /// The audit that it bears.
    pub(crate) audit: Option<u64>,
    pub(crate) envelopes: Vec<Envelope>,
    /// Whether body and envelopes are gone.
    pub(crate) destroyed: bool,
}

/// The change that a card makes which a person confirmed.
fn confirmed(said: &CardConfirmed, by: &Actor, envelope: &str, at: Timestamp) -> Change {
    let verified = Verified {
        kind: said.agency_kind,
        state: said.state,
        how: said.verified_by.clone(),
        by: by.user.clone().unwrap(),
        at,
    };
    Change::Card { envelope: envelope.to_owned(), verified }
}

/// A log.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) of: Agency,
    pub(crate) cards: Vec<Envelope>,
    pub(crate) entries: Vec<Written>,
    /// Heads of so many of its entries that another agency cosigned at a minute.
    pub(crate) cosigned: Vec<(usize, Agency, i64)>,
    /// Texts of its policies.
    pub(crate) policies: Vec<String>,
    /// Its register of holds, and of them the terms that it opens.
    pub(crate) holds: Vec<Hold>,
    pub(crate) opened: Vec<OpenedHold>,
    /// The sums that go with a redaction.
    pub(crate) sums: Vec<UsesSum>,
    /// Entries that are not written as logs write them.
    pub(crate) spoilt: Vec<(usize, Spoil)>,
}

/// What is done to an entry.
#[derive(Clone, Copy)]
pub(crate) struct Spoil {
    /// Before its header commits to it.
    pub(crate) body: fn(&mut Body),
    /// After that.
    pub(crate) stored: fn(&mut StoredEntry),
}

impl Default for Spoil {
    fn default() -> Self {
        Self { body: |_| {}, stored: |_| {} }
    }
}

impl Log {
    pub(crate) fn new(of: &Agency, known: &[&Agency]) -> Self {
        let cards = [of].into_iter().chain(known.iter().copied()).map(Agency::card).collect();
        Self {
            of: of.clone(),
            cards,
            entries: Vec::new(),
            cosigned: Vec::new(),
            policies: Vec::new(),
            holds: Vec::new(),
            opened: Vec::new(),
            sums: Vec::new(),
            spoilt: Vec::new(),
        }
    }

    pub(crate) fn write(
        &mut self,
        minute: i64,
        peer: Option<&Agency>,
        actor: Actor,
        event: Event,
        envelopes: &[&Envelope],
    ) {
        let query = event.access().map(|access| access.query_id.digest());
        self.entries.push(Written {
            at: at(minute),
            peer: peer.map(|peer| peer.id.clone()),
            query,
            actor,
            event,
            audit: None,
            envelopes: envelopes.iter().copied().cloned().collect(),
            destroyed: false,
        });
    }

    /// What an auditor does, under an audit; its index.
    pub(crate) fn audited(
        &mut self,
        minute: i64,
        actor: Actor,
        audit: Option<u64>,
        event: Event,
    ) -> u64 {
        self.write(minute, None, actor, event, &[]);
        self.entries.last_mut().unwrap().audit = audit;
        self.entries.len() as u64 - 1
    }

    /// The place of the first entry of a kind.
    pub(crate) fn place(&self, kind: &str) -> usize {
        self.entries.iter().position(|entry| entry.event.kind().code() == kind).unwrap()
    }

    pub(crate) fn entry(&mut self, kind: &str) -> &mut Written {
        let place = self.place(kind);
        &mut self.entries[place]
    }

    /// Changes what the first entry of a kind says, at a path of its event or of its actor.
    pub(crate) fn say(&mut self, kind: &str, path: &str, value: Value) {
        let entry = self.entry(kind);
        let mut body = serde_json::json!({ "event": entry.event, "actor": entry.actor });
        *body.pointer_mut(path).expect(path) = value;
        entry.event = serde_json::from_value(body["event"].take()).unwrap();
        entry.actor = serde_json::from_value(body["actor"].take()).unwrap();
    }

    fn stored(&self) -> Vec<StoredEntry> {
        self.items().into_iter().map(|item| item.entry).collect()
    }

    pub(super) fn items(&self) -> Vec<Item> {
        let mut last_change = None;
        let mut numbers = BTreeMap::<AgencyId, u64>::new();
        let stored = (0..).zip(&self.entries).map(|(index, entry): (u64, &Written)| {
            let (at, actor) = (entry.at, entry.actor.clone());
            let lines: Vec<String> = entry.envelopes.iter().map(Envelope::to_text).collect();
            let event = entry.event.clone();
            let (registry, audit) = (last_change, entry.audit);
            let mut body = Body { at, actor, registry, change: None, audit, event };
            let document = lines.first().and_then(|line| match &body.event {
                Event::CardAdded(said) => Some(confirmed(said, &body.actor, line, at)),
                Event::CardUpdated(_) => Some(Change::CardUpdate { envelope: line.clone(), at }),
                Event::CardHeld(said) => {
                    let (envelope, why) = (line.clone(), said.why.clone());
                    Some(Change::CardHeld { envelope, why, at })
                }
                _ => Change::of_document(&body, line),
            });
            let document = document.or_else(|| self.undocumented(&body, at));
            let change = document.map(|change| serde_json::to_string(&change).unwrap());
            body.change = change.as_ref().map(|text| Digest::of(text.as_bytes()));
            last_change = change.as_ref().map_or(last_change, |_| Some(index));
            let spoil = self.spoilt.iter().filter(|(place, _)| *place as u64 == index);
            spoil.clone().for_each(|(_, spoil)| (spoil.body)(&mut body));
            let body = serde_json::to_string(&body).unwrap();
            let envelope = (!lines.is_empty()).then(|| lines.join("\n"));
            let peer_seq = entry.peer.clone().map(|peer| {
                let number = numbers.entry(peer).or_default();
                *number += 1;
                *number
            });
            let salt = vec![7; 32];
            let header = Header {
                v: VERSION,
                index,
                at,
                kind: entry.event.kind(),
                peer: entry.peer.clone(),
                peer_seq,
                query: entry.query,
                body: Digest::of_two(&salt, body.as_bytes()),
                envelope: envelope.as_ref().map(|text| Digest::of(text.as_bytes())),
            };
            let header = String::from_utf8(header.to_bytes().unwrap()).unwrap();
            let (salt, body, envelope) = match entry.destroyed {
                true => (None, None, None),
                false => (Some(salt), Some(body), envelope),
            };
            let mut stored = StoredEntry { header, salt, body, envelope };
            spoil.for_each(|(_, spoil)| (spoil.stored)(&mut stored));
            Item { change, ..Item::of(stored) }
        });
        stored.collect()
    }

    /// The change of an entry that stands for no document.
    fn undocumented(&self, body: &Body, at: Timestamp) -> Option<Change> {
        let hold = |number| self.holds.iter().find(|hold| hold.hold == number).unwrap();
        let by = || body.actor.user.clone().unwrap();
        match &body.event {
            Event::AuditOpened(said) => Some(Change::AuditOpened {
                audit: OpenedAudit {
                    by: by(),
                    at,
                    occasion: said.occasion.clone(),
                    occasion_kind: said.occasion_kind,
                    case: said.case.clone(),
                    closed: None,
                },
            }),
            Event::AuditClosed(said) => {
                let closing = AuditClosing { by: by(), at, outcome: said.outcome.clone() };
                Some(Change::AuditClosed { opened: said.opened, closing })
            }
            Event::PolicyAdopted(said) => {
                let text =
                    self.policies.iter().find(|text| Digest::of(text.as_bytes()) == said.digest);
                let (name, text) = (said.name.clone(), text.unwrap().clone());
                Some(Change::Policy { name, text, at })
            }
            Event::HoldPlaced(said) => {
                Some(Change::HoldPlaced { hold: hold(said.hold.hold).clone() })
            }
            Event::HoldReleased(said) => {
                let release = Release {
                    reason: words("the trial is over"),
                    by: self.of.officer().user.unwrap(),
                    at,
                };
                Some(Change::HoldReleased { hold: said.released, release })
            }
            Event::EntriesRedacted(said) => Some(Change::Redacted {
                redaction: said.redaction.clone(),
                sums: self.sums.clone(),
            }),
            _ => None,
        }
    }

    /// The proof of where its last entry stands, as it is shown beside a message.
    pub(crate) fn proof(&self) -> EntryProof {
        let stored = self.stored();
        let leaves: Vec<Digest> =
            stored.iter().map(|entry| merkle::leaf(entry.header.as_bytes())).collect();
        let (mut tree, mut nodes) = (Frontier::new(), BTreeMap::new());
        for leaf in &leaves {
            for (subtree, hash) in tree.push(*leaf) {
                nodes.insert((subtree.level, subtree.index), hash);
            }
        }
        let (size, index) = (tree.size(), tree.size() - 1);
        let lookup = |subtree: merkle::Subtree| nodes.get(&(subtree.level, subtree.index)).copied();
        EntryProof {
            log: LogPosition { index, size },
            header: stored.last().unwrap().header.clone(),
            inclusion: merkle::inclusion(index, size, lookup).unwrap(),
            checkpoint: self.of.head(size, tree.root()),
        }
    }

    /// The whole log as it is exported at `minute`.
    pub(crate) fn exported(&self, minute: i64) -> Vec<u8> {
        self.exported_cosigned(minute, &[])
    }

    /// As [`Self::exported`], with its head cosigned, each with the name that it is said to be by.
    pub(crate) fn exported_cosigned(&self, minute: i64, by: &[(&AgencyId, &Agency)]) -> Vec<u8> {
        let mut log = self.clone();
        let scope = Scope::default();
        let exported = Event::AuditExported(AuditExported { scope: scope.clone(), own: 0 });
        log.write(minute, None, self.of.officer(), exported, &[]);
        let items = log.items();
        let (mut tree, mut nodes) = (Frontier::new(), BTreeMap::new());
        let mut roots = vec![tree.root()];
        for item in &items {
            let completed = tree.push(merkle::leaf(item.entry.header.as_bytes()));
            nodes.extend(completed.into_iter().map(|(at, hash)| ((at.level, at.index), hash)));
            roots.push(tree.root());
        }
        let lookup = |at: merkle::Subtree| nodes.get(&(at.level, at.index)).copied();
        let cosigned = self.cosigned.iter().map(|(size, by, minute)| {
            let (old, root) = (*size as u64, roots[*size]);
            Line::Cosigned(Earlier {
                checkpoint: self.of.cosigned_head(old, root, &[(&by.id, by)], *minute),
                consistency: merkle::consistency(old, tree.size(), lookup).unwrap(),
            })
        });
        let head = Head {
            accord_bundle: FORMAT,
            agency: self.of.id.clone(),
            entry: tree.size() - 1,
            at: at(minute),
            scope,
            checkpoint: self.of.cosigned_head(tree.size(), tree.root(), by, minute),
        };
        let mut bytes = serde_json::to_vec(&head).unwrap();
        let cards = self.cards.iter().map(|card| Line::Card(card.to_text()));
        let policies = self.policies.iter().map(|text| Line::Policy(text.clone()));
        let opened = self.opened.iter();
        let opened = opened.map(|hold| Line::Hold(serde_json::to_string(hold).unwrap()));
        let before = cosigned.chain(cards).chain(policies).chain(opened);
        for line in before.chain(items.into_iter().map(Line::Entry)) {
            bytes.push(b'\n');
            bytes.extend(line.to_bytes().unwrap());
        }
        bytes.push(b'\n');
        bytes
    }

    /// The changes of the registry that its entries made.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.items().into_iter().filter_map(|item| item.change).collect()
    }

    pub(crate) fn file_until(&self, minute: i64) -> BundleFile<Cursor<Vec<u8>>> {
        BundleFile::new(self.of.id.as_str(), Cursor::new(self.exported(minute)))
    }

    pub(crate) fn file(&self) -> BundleFile<Cursor<Vec<u8>>> {
        self.file_until(600)
    }

    pub(crate) fn verified(&self, pinned: &[&Agency]) -> Report {
        self.file().check(&pins(pinned), |_, _, _, _| {}).unwrap()
    }
}
