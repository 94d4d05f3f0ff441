//! That a bundle holds every entry of its scope, and nothing else.

use schemas::body::Body;
use schemas::bundle::Item;
use schemas::entry::{EntryKind, Header};
use schemas::event::Event;
use schemas::event::audit::AuditExported;
use schemas::merkle;

use super::Check;
use crate::clock_steps::Misplaced;
use crate::verify::Judged;

impl<S: FnMut(Judged, &Item, u64)> Check<S> {
    /// That an entry of a whole log is one, and that the export stands where the first line says.
    pub(super) fn within_whole(&mut self, header: &Header, item: &Item) {
        if item.border || item.judges {
            let what = "a whole log has no borders, and nothing beside its entries";
            self.wrong(Some(header.index), "scope", what.into());
        }
        if header.index == self.head.entry {
            self.exported(header, item);
        }
    }

    /// That the export's own entry is one; what it says, if it is.
    fn exported(&mut self, header: &Header, item: &Item) -> Option<AuditExported> {
        self.numbers.ended = true;
        let body = item.entry.body.as_ref();
        let body = body.and_then(|body| serde_json::from_str::<Body>(body).ok());
        let exported = match body.map(|body| body.event) {
            Some(Event::AuditExported(exported)) => Some(exported),
            _ => None,
        };
        let fits = |exported: &AuditExported| {
            header.kind == EntryKind::AuditExported
                && header.at == self.head.at
                && exported.scope == self.head.scope
        };
        if !exported.as_ref().is_some_and(fits) {
            let what = "is not the entry of an export of this scope at this time";
            self.wrong(Some(header.index), "scope", what.into());
        }
        exported
    }

    /// That an extract holds every entry of its scope, as the numbers show.
    pub(super) fn extract(&mut self, header: &Header, item: &Item) {
        let scope = self.head.scope.clone();
        let index = header.index;
        if item.judges && !item.border {
            if header.peer.as_ref() != Some(&self.head.agency) {
                self.wrong(Some(index), "scope", "does not concern the agency itself".into());
            }
            return;
        }
        let number = match &scope.peer {
            None => Some(index),
            Some(peer) if header.peer.as_ref() == Some(peer) => header.peer_seq,
            Some(peer) => {
                return self.wrong(Some(index), "scope", format!("does not concern `{peer}`"));
            }
        };
        let Some(number) = number else { return };
        if self.numbers.ended {
            self.wrong(Some(index), "scope", "stands after the entry of the export".into());
        }
        let early = scope.from.is_some_and(|from| header.at < from);
        let late = scope.until.is_some_and(|until| header.at >= until);
        let export = index == self.head.entry;
        let first = u64::from(scope.peer.is_some());
        let expected = match self.numbers.next {
            Some(next) => Some(next),
            // The entry before the period may have any number.
            None => (!early).then_some(first),
        };
        let mut missing = None;
        if let Some(expected) = expected.filter(|expected| *expected != number)
            && !(self.numbers.after && export)
        {
            let of = match &scope.peer {
                Some(peer) => format!("with `{peer}`"),
                None => "of the log".into(),
            };
            let what = format!(
                "is number {number} {of}, where number {expected} belongs: an entry was left out, or stands here twice"
            );
            // A border that a clock which was ahead stamped may stand before the period.
            if self.numbers.next.is_none() && item.border {
                missing = Some(what);
            } else {
                self.wrong(Some(index), "missing", what);
            }
        }
        if missing.is_some() || item.border != (early || (late && !export)) {
            let (at, border) = (header.at, item.border);
            self.misplaced.push(Misplaced { index, at, border, missing });
        }
        self.numbers.next = Some(number.saturating_add(1));
        self.numbers.after = late && item.border;
        if export && let Some(exported) = self.exported(header, item) {
            self.redactions.promised(index, exported.own);
        }
    }

    /// That what stood on another side of a bound than its stamp says counts by another time.
    pub(super) fn misplaced(&mut self) {
        let scope = self.head.scope.clone();
        for Misplaced { index, at, border, missing } in std::mem::take(&mut self.misplaced) {
            let early = scope.from.is_some_and(|from| at < from);
            let late = scope.until.is_some_and(|until| at >= until);
            if border != (early || late) {
                let what = if border {
                    "is of the period, and only its header is here"
                } else {
                    "is not of the period"
                };
                self.wrong(Some(index), "scope", what.into());
            }
            if let Some(what) = missing.filter(|_| !early) {
                self.wrong(Some(index), "missing", what);
            }
        }
    }

    /// That an entry of an extract stands under the signed head.
    pub(super) fn place(&mut self, header: &Header, item: &Item) {
        let Some(checkpoint) = &self.heads.checkpoint else { return };
        let leaf = merkle::leaf(item.entry.header.as_bytes());
        let proven = match &item.inclusion {
            None => Err("it has no proof of its place".into()),
            Some(proof) => merkle::verify_inclusion(
                &leaf,
                header.index,
                checkpoint.size,
                proof,
                &checkpoint.root,
            )
            .map_err(|e| format!("its place under the signed head is not proven: {e}")),
        };
        if let Err(what) = proven {
            self.wrong(Some(header.index), "proof", what);
        }
    }
}
