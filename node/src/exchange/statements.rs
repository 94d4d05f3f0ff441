//! Reconciling with a peer: its signed statement against what this log tells, narrowed down to the
//! exchanges that differ.
//!
//! The asking side decides the span by the signed times of queries, so that both sides cut at the
//! same place. It asks only for what differs, checks all of it against what the peer signed, and
//! puts the statement into its log: what a peer once stated it cannot take back. A difference of an
//! exchange that may still be under way is no finding yet; once it cannot be, it is.

mod bound_rows;
mod conversation;
mod evidence;
mod explained;
mod reconcile_server;
mod reconcile_source;
mod reconciled;
mod sessions;

use schemas::agency::AgencyId;
use schemas::event::audit::AuditReconciled;
use schemas::statement::{ExchangeRecord, Reached};
use schemas::time::Timestamp;

use crate::context::{NodeContext, OwnKeys};
use crate::permission::{ActError, Permission, Principal, authorize};
use audit::exchange_tree::Item;
use audit::reconcile::{Class, Finding, class};
use audit::tree_diff::{DiffResult, Difference};
use audit_log::entries::audit::audit_reconciled;
use audit_log::entry::Auditor;
use peer::link::Dial;
use store::StoreError;

use bound_rows::Unbound;
use conversation::{Compared, Conversation, Heard};
use evidence::add_evidence;
use explained::put_explanations;
use reconcile_source::ReconcileSource;
use reconciled::by_class;

pub(super) use reconcile_server::ReconcileServer;
pub use reconciled::{Proof, Reconciled};

/// Most entries of this log that are told one by one because the tables tell otherwise.
const MOST_UNBOUND: usize = 500;
/// What the differences of two trees come to.
struct Differences {
    findings: Vec<Finding>,
    /// How many may still be under way, or were settled while they were looked for.
    open: u64,
    /// Refusals that both tell: the owner tells of more of the same query.
    refused_both: u64,
}

/// Compares what this log tells with what peers state.
pub struct Reconciler {
    source: ReconcileSource,
    keys: OwnKeys,
}

impl Reconciler {
    /// The reconciler of a node.
    #[must_use]
    pub fn of(context: &NodeContext) -> Self {
        Self { source: ReconcileSource::of(context), keys: context.keys.clone() }
    }

    /// Asks `peer` what its log says and compares it with ours.
    ///
    /// # Errors
    /// When the actor may not, the peer cannot be heard, or its statement proves nothing.
    pub async fn reconcile<D: Dial>(
        &self,
        dial: &D,
        by: &Principal,
        agency: &AgencyId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Reconciled, ActError> {
        let own = &self.source.agency;
        let state = own.registry.state();
        let now = own.clock.now();
        let user = authorize(&state, by, Permission::Audit, now)?;
        let auditor = own.looking(&state, &user, by, now)?;
        self.reconcile_as(dial, auditor, agency, since, until).await
    }

    /// As [`Self::reconcile`], by whom the caller knows may: the node itself, at the cadence that
    /// the agreements demand.
    pub(crate) async fn reconcile_as<D: Dial>(
        &self,
        dial: &D,
        auditor: Auditor,
        agency: &AgencyId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Reconciled, ActError> {
        let own = &self.source.agency;
        let state = own.registry.state();
        let now = own.clock.now();
        let peer = state.peers.get(agency).ok_or_else(|| {
            ActError::usage(format!("no card of `{agency}` is recorded; see `accord card list`"))
        })?;
        let until = until.min(self.source.latest(now));
        let Self { source, keys } = self;
        let conversation = Conversation { source, keys, dial, peer, auditor: &auditor };
        let Heard { request: envelope, said, unbound, compared } =
            conversation.heard(since..until).await?;
        let Compared { statement, sessions, found, bytes } = compared;
        let settled_before = self.source.settled_before(now);
        let Differences { mut findings, open, refused_both } =
            self.judged(agency, &found, settled_before).await?;
        let refused_both = found.refused_both.saturating_add(refused_both);
        let told = unbound.iter().take(MOST_UNBOUND);
        findings.extend(told.map(|unbound| unsound(&own.id, unbound)));
        findings.extend(said.findings(agency, &sessions, now));
        let settled = since..until.min(settled_before);
        self.source.owed_is_on_its_way(agency).await;
        let (unproven, untold) = self.source.unproven(agency, settled).await?;
        findings.extend(unproven);
        put_explanations(self.source.store.as_ref(), &own.id, agency, &mut findings).await?;
        let explained = findings.iter().filter(|finding| !finding.explained.is_empty()).count();
        let further = unbound.len().saturating_sub(MOST_UNBOUND) as u64;
        let further = found.further.saturating_add(further).saturating_add(untold);
        let further = further.saturating_add(said.further);
        let reconciled = AuditReconciled {
            since,
            until,
            matched: found.matched,
            refused_both,
            open,
            findings: findings.len() as u64,
            explained: explained as u64,
            further,
            classes: by_class(&findings),
        };
        let auditor = own.still_looking(auditor);
        drop(own.log.append(audit_reconciled(auditor, agency, reconciled, &statement)).await?);
        let mut report = Reconciled {
            peer: agency.clone(),
            matched: found.matched,
            refused_both,
            open,
            findings,
            further,
            unjudged: 0,
            bytes_exchanged: bytes,
            proof: None,
        };
        if !report.findings.is_empty() {
            let store = self.source.store.as_ref();
            let (head, unjudged) = add_evidence(own, store, agency, &mut report.findings).await?;
            report.unjudged = unjudged;
            let (request, statement) = (envelope.to_text(), statement.to_text());
            report.proof = Some(Proof { head, request, statement, shown: found.shown });
        }
        Ok(report)
    }

    /// The differences with their classes.
    async fn judged(
        &self,
        peer: &AgencyId,
        found: &DiffResult,
        settled_before: Timestamp,
    ) -> Result<Differences, StoreError> {
        let ours: Vec<&Item> = found
            .differences
            .iter()
            .filter_map(|difference| difference.ours.as_ref())
            .chain(&found.unended)
            .collect();
        let lines = self.source.lines_at(peer, &ours).await?;
        let told = |item: &Item| lines.get(&item.key).filter(|line| line.digest() == item.digest);
        let (mut findings, mut open, mut refused_both) = (Vec::new(), 0u64, 0u64);
        let mut put = |ours: Option<&ExchangeRecord>, theirs: Option<ExchangeRecord>| {
            let Some(line) = ours.or(theirs.as_ref()) else { return };
            let query = line.query_id;
            let class = match class(ours, theirs.as_ref(), &self.source.agency.id) {
                // The owner refused it more than once, and the requester holds one of the refusals.
                None if line.reached == Reached::Refused => {
                    refused_both = refused_both.saturating_add(1);
                    return;
                }
                // Two lines that differ without a class would be one that is told of others.
                class => class.unwrap_or(Class::Differs),
            };
            if line.asked_at >= settled_before {
                open = open.saturating_add(1);
                return;
            }
            findings.push(Finding::of(class, query, ours.cloned(), theirs));
        };
        let mut moved = 0u64;
        for Difference { ours, theirs } in &found.differences {
            match ours.as_ref().map(told) {
                Some(None) => moved = moved.saturating_add(1),
                Some(ours) => put(ours, theirs.clone()),
                None => put(None, theirs.clone()),
            }
        }
        for item in &found.unended {
            match told(item) {
                None => moved = moved.saturating_add(1),
                ours => put(ours, ours.cloned()),
            }
        }
        for wrong in &found.contradictions {
            let message = format!(
                "at `{}` it signed {} and showed something else: {}",
                wrong.place, wrong.stated, wrong.why
            );
            findings.push(Finding::about(Class::Contradicts, peer, message));
        }
        Ok(Differences { findings, open: open.saturating_add(moved), refused_both })
    }
}

/// That the tables of this node tell of an exchange otherwise than its log.
fn unsound(me: &AgencyId, unbound: &Unbound) -> Finding {
    let message = format!(
        "entry {} of this log {} that its tables tell of, so that is told of nobody; see `accord audit verify`",
        unbound.entry, unbound.why
    );
    let finding = Finding::about(Class::Unsound, me, message);
    Finding { query_id: Some(unbound.query_id), index: Some(unbound.entry), ..finding }
}
