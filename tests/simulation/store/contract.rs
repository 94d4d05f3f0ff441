//! The contract of a database, passed on to the real one, each call at its time.

use std::ops::Range;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use agreements::decide::{DueReads, Scope};
use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::entry::StoredEntry;
use schemas::exchange::Exchange;
use schemas::merkle::Subtree;
use schemas::query::QueryId;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;
use store::{
    AskedBefore, BroughtRead, Database, Debt, DebtWriter, Debts, Destruction, Due, EndedPages,
    EntryFilter, Exchanges, Found, HeadWriter, Heads, Known, LogRecords, LogState, LogWriter,
    Outbox, OwnRead, OwnReads, PhotographReferences, Queued, ReadStats, Release, Row, ServedBefore,
    Side, SignInRecords, StoreError, StoredAuthenticator, StoredChange, StoredSession, Witnessed,
};
use store::{Mention, MentionSum};

use super::SimStore;
use crate::bugs::Bug;
use crate::dishonest::make_up;

#[async_trait]
impl LogRecords for SimStore {
    async fn entries(
        &self,
        filter: &EntryFilter,
        start: u64,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.ask(self.disk.database.entries(filter, start, limit)).await
    }

    async fn shown(&self, plate: &str, end: u64, limit: u32) -> Result<Vec<u64>, StoreError> {
        self.ask(self.disk.database.shown(plate, end, limit)).await
    }

    async fn mentioning(
        &self,
        mention: &Mention,
        end: u64,
        limit: u32,
    ) -> Result<Vec<u64>, StoreError> {
        self.ask(self.disk.database.mentioning(mention, end, limit)).await
    }

    async fn mentions(
        &self,
        after: Option<&Mention>,
        end: u64,
        limit: u32,
    ) -> Result<Vec<(Mention, MentionSum)>, StoreError> {
        self.ask(self.disk.database.mentions(after, end, limit)).await
    }

    async fn subtrees(&self, wanted: &[Subtree]) -> Result<Vec<Digest>, StoreError> {
        self.ask(self.disk.database.subtrees(wanted)).await
    }

    async fn changes(&self, start: u64, limit: u32) -> Result<Vec<StoredChange>, StoreError> {
        self.ask(self.disk.database.changes(start, limit)).await
    }
}

#[async_trait]
impl Heads for SimStore {
    async fn witnessed(&self, origin: &AgencyId) -> Result<Option<Witnessed>, StoreError> {
        let found = self.ask(self.disk.database.witnessed(origin)).await?;
        Ok(found.filter(|_| self.bug != Some(Bug::HeadsForgotten)))
    }

    async fn cosigned(&self, size: u64) -> Result<Option<String>, StoreError> {
        self.ask(self.disk.database.cosigned(size)).await
    }

    async fn first_cosigned(&self, size: u64) -> Result<Option<String>, StoreError> {
        self.ask(self.disk.database.first_cosigned(size)).await
    }
}

#[async_trait]
impl Exchanges for SimStore {
    async fn known(&self, id: QueryId) -> Result<Known, StoreError> {
        self.ask(self.disk.database.known(id)).await
    }

    async fn served(&self, id: QueryId) -> Result<Option<ServedBefore>, StoreError> {
        self.ask(self.disk.database.served(id)).await
    }

    async fn oldest_unreceipted(
        &self,
        requester: &AgencyId,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.ask(self.disk.database.oldest_unreceipted(requester)).await
    }

    async fn asked(&self, id: QueryId) -> Result<Option<AskedBefore>, StoreError> {
        self.ask(self.disk.database.asked(id)).await
    }

    async fn unsettled(&self, before: Timestamp) -> Result<Vec<QueryId>, StoreError> {
        self.ask(self.disk.database.unsettled(before)).await
    }

    async fn pages(
        &self,
        side: Side,
        id: QueryId,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.ask(self.disk.database.pages(side, id, now)).await
    }

    async fn outbox(&self, each: u32) -> Result<Vec<Queued>, StoreError> {
        // It is looked at every two seconds: what nobody wrote to is as empty as before.
        let empty_at = || self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let writes = self.writes.load(Ordering::SeqCst);
        if *empty_at() == Some(writes) {
            self.alive.goes_on().await;
            return Ok(Vec::new());
        }
        let mut found = self.ask(self.disk.database.outbox(each)).await?;
        if self.bug == Some(Bug::LetterLost) {
            found.retain(|queued| queued.message().digest().as_bytes()[0] % 2 == 0);
        }
        // Counted before it was asked: whatever was written since is looked for again.
        *empty_at() = found.is_empty().then_some(writes);
        Ok(found)
    }

    async fn exchanges(
        &self,
        peer: &AgencyId,
        signed: Range<Timestamp>,
        start: u64,
        count: u64,
    ) -> Result<Vec<Exchange>, StoreError> {
        let mut found = self.ask(self.disk.database.exchanges(peer, signed, start, count)).await?;
        self.liar.hides(self.agency, &mut found);
        Ok(found)
    }

    async fn exchanges_at(&self, entries: &[u64]) -> Result<Vec<Exchange>, StoreError> {
        self.ask(self.disk.database.exchanges_at(entries)).await
    }
}

#[async_trait]
impl Debts for SimStore {
    async fn debts(
        &self,
        peer: &AgencyId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Debt>, StoreError> {
        if self.bug == Some(Bug::DebtsForgotten) {
            return Ok(Vec::new());
        }
        self.ask(self.disk.database.debts(peer, after, limit)).await
    }

    async fn overdue(&self, peer: &AgencyId, seconds: u32) -> Result<u32, StoreError> {
        self.ask(self.disk.database.overdue(peer, seconds)).await
    }
}

#[async_trait]
impl DebtWriter for SimStore {
    async fn waited(&self, peer: &AgencyId, seconds: u32) -> Result<(), StoreError> {
        self.write(self.disk.database.waited(peer, seconds)).await
    }
}

#[async_trait]
impl SignInRecords for SimStore {
    async fn authenticators(&self) -> Result<Vec<StoredAuthenticator>, StoreError> {
        self.ask(self.disk.database.authenticators()).await
    }

    async fn keep_authenticators(&self, new: &[StoredAuthenticator]) -> Result<(), StoreError> {
        self.write(self.disk.database.keep_authenticators(new)).await
    }

    async fn note_use(&self, id: &str, used: &str) -> Result<(), StoreError> {
        self.write(self.disk.database.note_use(id, used)).await
    }

    async fn forget_authenticators(&self, ids: &[String]) -> Result<(), StoreError> {
        self.write(self.disk.database.forget_authenticators(ids)).await
    }

    async fn sessions(&self) -> Result<Vec<StoredSession>, StoreError> {
        self.ask(self.disk.database.sessions()).await
    }

    async fn keep_sessions(&self, sessions: &[StoredSession]) -> Result<(), StoreError> {
        self.write(self.disk.database.keep_sessions(sessions)).await
    }

    async fn forget_sessions(&self, tokens: &[Digest]) -> Result<(), StoreError> {
        self.write(self.disk.database.forget_sessions(tokens)).await
    }
}

#[async_trait]
impl OwnReads for SimStore {
    async fn earlier_readings(&self, ids: &[ReadId]) -> Result<Vec<OwnRead>, StoreError> {
        self.ask(self.disk.database.earlier_readings(ids)).await
    }

    async fn own_reads(&self, ids: &[ReadId]) -> Result<Vec<OwnRead>, StoreError> {
        self.ask(self.disk.database.own_reads(ids)).await
    }

    async fn known_reads(&self, ids: &[ReadId]) -> Result<Vec<ReadId>, StoreError> {
        self.ask(self.disk.database.known_reads(ids)).await
    }

    async fn brought_by(
        &self,
        entries: &[u64],
        limit: u32,
    ) -> Result<Vec<BroughtRead>, StoreError> {
        self.ask(self.disk.database.brought_by(entries, limit)).await
    }

    async fn read_versions(&self, id: ReadId) -> Result<Vec<(u32, Read, u64)>, StoreError> {
        self.ask(self.disk.database.read_versions(id)).await
    }

    async fn released(&self, ids: &[ReadId]) -> Result<Vec<Release>, StoreError> {
        self.ask(self.disk.database.released(ids)).await
    }

    async fn search(&self, scope: &dyn Scope) -> Result<Found, StoreError> {
        let mut found = self.ask(self.disk.database.search(scope)).await?;
        if self.bug == Some(Bug::SearchWider) {
            make_up(&mut found, 0);
        }
        self.liar.makes_up(self.agency, &mut found);
        Ok(found)
    }

    async fn reads_before(&self, cut_off: Timestamp) -> Result<u64, StoreError> {
        self.ask(self.disk.database.reads_before(cut_off)).await
    }

    async fn read(&self, id: ReadId) -> Result<Option<Read>, StoreError> {
        self.ask(self.disk.database.read(id)).await
    }

    async fn stats(&self) -> Result<ReadStats, StoreError> {
        self.ask(self.disk.database.stats()).await
    }
}

#[async_trait]
impl Due for SimStore {
    async fn due_reads(
        &self,
        due: &DueReads,
        after: Option<(Timestamp, ReadId)>,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError> {
        self.ask(self.disk.database.due_reads(due, after, limit)).await
    }

    async fn ended_pages(
        &self,
        now: Timestamp,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<EndedPages>, StoreError> {
        if self.bug == Some(Bug::AnswersKept) {
            return Ok(Vec::new());
        }
        self.ask(self.disk.database.ended_pages(now, after, limit)).await
    }
}

#[async_trait]
impl PhotographReferences for SimStore {
    async fn images(&self, after: Option<Digest>, limit: u32) -> Result<Vec<Digest>, StoreError> {
        self.ask(self.disk.database.images(after, limit)).await
    }

    async fn referenced_images(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        self.ask(self.disk.database.referenced_images(digests)).await
    }

    async fn unreferenced_images(&self, limit: u32) -> Result<Vec<Digest>, StoreError> {
        self.ask(self.disk.database.unreferenced_images(limit)).await
    }
}

#[async_trait]
impl Database for SimStore {
    async fn copy_to(&self, path: &Path) -> Result<bool, StoreError> {
        self.ask(self.disk.database.copy_to(path)).await
    }

    async fn about(&self) -> Result<String, StoreError> {
        self.ask(self.disk.database.about()).await
    }
}

#[async_trait]
impl LogWriter for SimStore {
    async fn log_state(&self, day_start: Timestamp) -> Result<LogState, StoreError> {
        let mut state = self.ask(self.disk.database.log_state(day_start)).await?;
        match self.bug {
            Some(Bug::UsesForgotten) => state.uses.clear(),
            Some(Bug::QuotaForgotten) => state.today.clear(),
            _ => {}
        }
        Ok(state)
    }

    async fn signed_head(&self) -> Result<Option<String>, StoreError> {
        self.ask(self.disk.database.signed_head()).await
    }

    async fn commit(&self, group: &[Row], head: &str) -> Result<(), StoreError> {
        self.commit_group(group, head).await
    }
}

#[async_trait]
impl HeadWriter for SimStore {
    async fn witness(
        &self,
        origin: &AgencyId,
        replaces: Option<(u64, Digest)>,
        head: &Witnessed,
    ) -> Result<bool, StoreError> {
        self.write(self.disk.database.witness(origin, replaces, head)).await
    }

    async fn keep_cosigned(&self, size: u64, checkpoint: &str) -> Result<(), StoreError> {
        self.write(self.disk.database.keep_cosigned(size, checkpoint)).await
    }
}

#[async_trait]
impl Outbox for SimStore {
    async fn delivered(&self, letters: &[(AgencyId, Digest)]) -> Result<(), StoreError> {
        if self.bug == Some(Bug::OutboxKept) {
            return Ok(());
        }
        self.write(self.disk.database.delivered(letters)).await
    }
}

#[async_trait]
impl Destruction for SimStore {
    async fn redact(&self, first: u64, last: u64) -> Result<u64, StoreError> {
        let more = if self.bug == Some(Bug::RedactsMore) { 20 } else { 0 };
        self.write(self.disk.database.redact(first, last + more)).await
    }

    async fn erase_traces(&self) -> Result<(), StoreError> {
        self.write(self.disk.database.erase_traces()).await
    }

    async fn forget_released(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.write(self.disk.database.forget_released(before)).await
    }

    async fn forget_images(&self, digests: &[Digest]) -> Result<(), StoreError> {
        self.write(self.disk.database.forget_images(digests)).await
    }
}
