//! Statements between two nodes: what each log says of the exchanges with the other.

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
use schemas::answer::MOST_PAGES;
use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind};
use schemas::query::QueryId;
use schemas::statement::{Line, Statement, StatementRequest};
use schemas::time::Timestamp;
use serde::Serialize;

use super::answer::Unserved;
use super::host::{Desk, REVOKED, failed};
use super::paging;
use super::ports::{Channel, Dial, LinkError};
use super::rejects::Cause;
use crate::acts::{ActError, By, Right, acting};
use crate::audit::entry::Entry;
use crate::audit::reconcile::{Finding, compare, lines};
use crate::audit::view::Viewed;
use crate::office::Office;
use crate::registry::Peer;
use crate::store::{EntryFilter, StoreError};

/// Entries read at a time.
const STEP: u32 = 2_000;

/// What `accord audit reconcile` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Reconciled {
    /// The peer.
    pub peer: AgencyId,
    /// Exchanges told alike.
    pub matched: u64,
    /// Refusals told alike.
    pub refused_both: u64,
    /// Exchanges that may still be under way.
    pub open: u64,
    /// Exchanges whose entries one side has destroyed at the end of their retention.
    pub expired: u64,
    /// Differences.
    pub findings: Vec<Finding>,
    /// Bytes that crossed the wire for it.
    pub bytes_exchanged: usize,
}

impl Office {
    /// What this log says of the exchanges with `peer`.
    async fn lines_with(
        &self,
        peer: &AgencyId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<BTreeMap<QueryId, Line>, StoreError> {
        // A query's entries may follow its signature by the answer time and the redelivery window,
        // so only the lower bound holds for entries, with the freshness allowed to clocks.
        let allowed = i64::from(self.bounds.freshness_seconds).saturating_mul(1_000);
        let filter = EntryFilter {
            peer: Some(peer.clone()),
            from: Some(since.plus_millis(-allowed)),
            exchanges_only: true,
            ..EntryFilter::default()
        };
        let mut entries = Vec::new();
        let mut start = 0;
        loop {
            let step = self.store.entries(&filter, start, STEP).await?;
            for entry in &step {
                let viewed = Viewed::of(entry)?;
                start = viewed.header.index.saturating_add(1);
                entries.push(viewed);
            }
            if step.len() < STEP as usize {
                return Ok(lines(&entries, &self.me, since, until));
            }
        }
    }

    /// Asks `peer` what its log says and compares it with ours.
    ///
    /// # Errors
    /// When the actor may not, the peer cannot be heard, or its statement proves nothing.
    pub async fn reconcile<D: Dial>(
        &self,
        dial: &D,
        by: &By,
        agency: &AgencyId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Reconciled, ActError> {
        let state = self.registry.state();
        let actor = self.actor(acting(&state, by, Right::Audit, self.clock.now())?, by);
        self.reconcile_as(dial, actor, agency, since, until).await
    }

    /// As [`Self::reconcile`], by whom the caller knows may: the node itself, at the cadence that
    /// the agreements demand.
    pub(crate) async fn reconcile_as<D: Dial>(
        &self,
        dial: &D,
        actor: Actor,
        agency: &AgencyId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Reconciled, ActError> {
        let state = self.registry.state();
        let now = self.clock.now();
        let peer = state.peers.get(agency).ok_or_else(|| {
            ActError::Usage(format!("no card of `{agency}` is recorded; see `accord card list`"))
        })?;
        let request =
            StatementRequest { from: self.me.clone(), to: agency.clone(), at: now, since, until };
        let envelope = Envelope::sign_json(Kind::Statement, &request, &self.message_key)?;
        let entry = Entry::new(EntryKind::AuditStated, actor.clone())
            .with_peer(agency)
            .with_envelope(&envelope)
            .with("asked", true)
            .with("since", since.to_string())
            .with("until", until.to_string())
            .releasing(vec![Frame::new(FrameKind::Statement, envelope.as_bytes().to_vec())]);
        let frames = self.log.append(entry).await?.release();
        let card = &peer.card.value;
        let hear = async || {
            let mut channel = dial.open(&card.node_key, &card.addresses).await?;
            channel.send_all(&frames).await?;
            hear(&mut channel, peer, &envelope, now).await.inspect(|_| channel.finish())
        };
        let heard = match hear().await {
            // A substream of the pool may have ended unseen; the next one is new or tells more.
            Err(LinkError::Lost(_)) => hear().await,
            heard => heard,
        };
        let Heard { theirs, kept_from, bytes } =
            heard.map_err(|e| ActError::Failed(format!("`{agency}` could not be heard: {e}")))?;
        let ours = self.lines_with(agency, since, until).await?;
        let grace = i64::from(self.bounds.answer_seconds).saturating_mul(1_000);
        let kept = [self.registry.state().redacted.cut_off, kept_from];
        let mut report =
            compare(&ours, &theirs, &self.me, now.plus_millis(-grace)).without_expired(kept, now);
        self.add_evidence(&mut report.findings).await?;
        let entry = Entry::new(EntryKind::AuditReconciled, actor)
            .with_peer(agency)
            .with("since", since.to_string())
            .with("until", until.to_string())
            .with("matched", report.matched)
            .with("refused_both", report.refused_both)
            .with("open", report.open)
            .with("expired", report.expired)
            .with("findings", report.findings.len());
        drop(self.log.append(entry).await?);
        Ok(Reconciled {
            peer: agency.clone(),
            matched: report.matched,
            refused_both: report.refused_both,
            open: report.open,
            expired: report.expired,
            findings: report.findings,
            bytes_exchanged: bytes.saturating_add(envelope.as_bytes().len()),
        })
    }
}

/// What a peer stated.
struct Heard {
    theirs: BTreeMap<QueryId, Line>,
    kept_from: Option<Timestamp>,
    bytes: usize,
}

async fn hear<C: Channel>(
    channel: &mut C,
    peer: &Peer,
    request: &Envelope,
    now: Timestamp,
) -> Result<Heard, LinkError> {
    let protocol = |what: &str| LinkError::Protocol(what.to_owned());
    let first = channel.recv().await?;
    if first.kind != FrameKind::Statement {
        return Err(protocol("expected a statement"));
    }
    let card = &peer.card.value;
    let key = peer.message_key(now).ok_or_else(|| protocol(REVOKED))?;
    let statement: Statement = Envelope::parse(&first.body)
        .and_then(|envelope| envelope.verified_json(Kind::Statement, key))
        .map_err(|e| LinkError::Protocol(e.to_string()))?;
    if statement.request != request.digest()
        || statement.from != card.id
        || statement.pages.len() > MOST_PAGES
    {
        return Err(protocol("a statement bound to something else"));
    }
    let mut bytes = first.body.len();
    let mut theirs = BTreeMap::new();
    for promised in &statement.pages {
        let page = channel.recv().await?;
        if page.kind != FrameKind::Page || Digest::of(&page.body) != promised.digest {
            return Err(protocol("a page that is not the one promised"));
        }
        bytes = bytes.saturating_add(page.body.len());
        for line in page.body.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            let line: Line =
                serde_json::from_slice(line).map_err(|e| LinkError::Protocol(e.to_string()))?;
            theirs.insert(line.query_id, line);
        }
    }
    Ok(Heard { theirs, kept_from: statement.kept_from, bytes })
}

impl Desk {
    /// States to a peer what this log says of the exchanges with it.
    pub(super) async fn statement<C: Channel>(
        &self,
        peer: &Peer,
        frame: &Frame,
        channel: &mut C,
    ) -> Result<(), LinkError> {
        let card = &peer.card.value;
        let Some(key) = peer.message_key(self.office.clock.now()) else {
            return self.reject(peer, Cause::Unverifiable, REVOKED.into(), channel).await;
        };
        let opened = Envelope::parse(&frame.body).and_then(|envelope| {
            let request: StatementRequest = envelope.verified_json(Kind::Statement, key)?;
            Ok((envelope, request))
        });
        let (envelope, request) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                return self.reject(peer, Cause::Unverifiable, error.to_string(), channel).await;
            }
        };
        if request.from != card.id || request.to != self.office.me {
            return self
                .reject(peer, Cause::Misdirected, "a request between others".into(), channel)
                .await;
        }
        match self.state_to(peer, &envelope, &request).await {
            Ok(frames) => channel.send_all(&frames).await,
            Err(error) => failed(channel, &error).await,
        }
    }

    async fn state_to(
        &self,
        peer: &Peer,
        envelope: &Envelope,
        request: &StatementRequest,
    ) -> Result<Vec<crate::audit::release::Released>, Unserved> {
        let office = &self.office;
        let id = &peer.card.value.id;
        let lines = office.lines_with(id, request.since, request.until).await?;
        let paged = paging::pages(lines.values()).map_err(|e| Unserved::Message(e.to_string()))?;
        if paged.count < lines.len() {
            return Err(Unserved::Message(
                "too many exchanges for one statement; ask for a shorter time".into(),
            ));
        }
        let statement = Statement {
            request: envelope.digest(),
            from: office.me.clone(),
            to: id.clone(),
            at: office.clock.now(),
            kept_from: office.registry.state().redacted.cut_off,
            pages: paged.described,
        };
        let signed = office.sign(Kind::Statement, &statement)?;
        let mut frames = vec![Frame::new(FrameKind::Statement, signed.as_bytes().to_vec())];
        frames.extend(paged.pages.into_iter().map(|page| Frame::new(FrameKind::Page, page)));
        let entry = Entry::new(EntryKind::AuditStated, office.peer_actor(id))
            .with_peer(id)
            .with_envelope(envelope)
            .with_envelope(&signed)
            .with("exchanges", lines.len())
            .releasing(frames);
        Ok(office.log.append(entry).await?.release())
    }
}
