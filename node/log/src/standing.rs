//! Where entries of this log stand, shown to the agency that they concern; asking the same of others;
//! and how long others leave what they owe unproven.

use schemas::agency::AgencyId;
use schemas::answer::LogPosition;
use schemas::entry::Header;
use schemas::entry_proof::EntryProof;
use schemas::frame::FrameKind;
use schemas::standing::{EntryAsked, StandingReply, StandingRequest};
use store::{EntryFilter, StoreError};

use crate::append::AuditLog;
use crate::cosigning::HeadError;
use crate::proofs::inclusion;
use crate::release::Released;

/// Entries of one exchange that are read at once.
const EACH: u32 = 64;

impl AuditLog {
    /// Shows `peer` where those entries about it stand that it asked for; how many those are. What is
    /// not in this log is left out, and so is what concerns another agency.
    ///
    /// # Errors
    /// When the database does not answer, or the head cannot be signed.
    pub async fn standing(
        &self,
        peer: &AgencyId,
        asked: &StandingRequest,
    ) -> Result<(Released, usize), HeadError> {
        let head = self.head()?;
        let (size, checkpoint) = (head.unverified().size, head.to_string());
        let mut proofs = Vec::with_capacity(asked.entries.len());
        for one in &asked.entries {
            let Some((index, header)) = self.entry_about(peer, one).await? else { continue };
            if index >= size {
                continue;
            }
            let inclusion = inclusion(self.store.as_ref(), index, size).await?;
            let (log, checkpoint) = (LogPosition { index, size }, checkpoint.clone());
            proofs.push(EntryProof { log, header, inclusion, checkpoint });
        }
        let found = proofs.len();
        Ok((Released::json(FrameKind::Standing, &StandingReply { proofs }), found))
    }

    /// The first entry about `peer` that is the one asked for: its index, and its header's exact bytes.
    async fn entry_about(
        &self,
        peer: &AgencyId,
        asked: &EntryAsked,
    ) -> Result<Option<(u64, String)>, StoreError> {
        let filter = EntryFilter {
            peer: Some(peer.clone()),
            query: Some(asked.query),
            ..EntryFilter::default()
        };
        let mut from = 0;
        loop {
            let entries = self.store.entries(&filter, from, EACH).await?;
            let last = entries.len() < EACH as usize;
            for entry in entries {
                let header = Header::from_bytes(entry.header.as_bytes())
                    .map_err(|e| StoreError::Corrupt(e.to_string()))?;
                if asked.is(&header, peer) {
                    return Ok(Some((header.index, entry.header)));
                }
                from = header.index.saturating_add(1);
            }
            if last {
                return Ok(None);
            }
        }
    }

    /// What `peer` owes was left unproven for `seconds` more, over a connection that stood.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn left_unproven(&self, peer: &AgencyId, seconds: u32) -> Result<(), StoreError> {
        self.store.waited(peer, seconds).await
    }
}

impl Released {
    /// A peer is asked where entries of its log stand.
    #[must_use]
    pub fn standing_asked(request: &StandingRequest) -> Self {
        Self::json(FrameKind::Standing, request)
    }
}
