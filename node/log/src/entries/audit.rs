//! Entries of auditing: reading, exporting and comparing logs, evidence, alarms.

use registry::{Alarm, Change, Resolution, State};
use schemas::agency::AgencyId;
use schemas::body::Actor;
use schemas::bundle::Scope;
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::event::audit::{
    AlarmRaised, AlarmResolved, AuditExported, AuditReconciled, AuditRecorded, AuditReported,
    AuditSampled, AuditStated, AuditViewed, EvidenceExported, Viewed,
};
use schemas::frame::{Frame, FrameKind};
use schemas::text::Text;
use schemas::time::Timestamp;
use store::StateChanges;

use crate::entry::{Entry, Precondition};

/// Something of the log is looked at.
#[must_use]
pub fn audit_viewed(actor: Actor, viewed: Viewed) -> Entry {
    Entry::new(actor, Event::AuditViewed(AuditViewed { viewed }))
}

/// The log is exported. `own` is how many entries say what of it may be destroyed.
#[must_use]
pub fn audit_exported(actor: Actor, scope: Scope, own: u64) -> Entry {
    let peer = scope.peer.clone();
    let entry = Entry::new(actor, Event::AuditExported(AuditExported { scope, own }));
    match &peer {
        // With a number of the peer's, it shows that nothing before it was left out.
        Some(peer) => entry.about(peer),
        None => entry,
    }
}

/// A report is made of the log.
#[must_use]
pub fn audit_reported(actor: Actor, reported: AuditReported) -> Entry {
    Entry::new(actor, Event::AuditReported(reported))
}

/// Accesses are drawn for an audit.
#[must_use]
pub fn audit_sampled(actor: Actor, sampled: AuditSampled) -> Entry {
    Entry::new(actor, Event::AuditSampled(sampled))
}

/// An audit is recorded with its findings.
#[must_use]
pub fn audit_recorded(actor: Actor, recorded: AuditRecorded) -> Entry {
    Entry::new(actor, Event::AuditRecorded(recorded))
}

/// A peer's statement is asked for: the signed request leaves.
#[must_use]
pub fn statement_asked(
    actor: Actor,
    peer: &AgencyId,
    since: Timestamp,
    until: Timestamp,
    request: &Envelope,
) -> Entry {
    let (since, until) = (Some(since), Some(until));
    let event = AuditStated { asked: true, since, until, exchanges: None };
    Entry::new(actor, Event::AuditStated(event))
        .about(peer)
        .beside([request])
        .releasing(vec![statement(request)])
}

/// A peer is given a statement: it leaves.
#[must_use]
pub fn statement_given(
    actor: Actor,
    peer: &AgencyId,
    exchanges: u64,
    request: &Envelope,
    signed: &Envelope,
) -> Entry {
    let exchanges = Some(exchanges);
    let event = AuditStated { asked: false, since: None, until: None, exchanges };
    Entry::new(actor, Event::AuditStated(event))
        .about(peer)
        .beside([request, signed])
        .releasing(vec![statement(signed)])
}

fn statement(envelope: &Envelope) -> Frame {
    Frame::new(FrameKind::Statement, envelope.as_bytes().to_vec())
}

/// This log was compared with what `peer` stated.
#[must_use]
pub fn audit_reconciled(
    actor: Actor,
    peer: &AgencyId,
    reconciled: AuditReconciled,
    statement: &Envelope,
) -> Entry {
    Entry::new(actor, Event::AuditReconciled(reconciled)).about(peer).beside([statement])
}

/// Reads and answers of a case are put into an evidence package, as long as the registry is `state`.
#[must_use]
pub fn evidence_exported(state: &State, actor: Actor, exported: EvidenceExported) -> Entry {
    Entry::new(actor, Event::EvidenceExported(exported)).provided(Precondition::registry(state))
}

/// Something that must not happen was noticed of a peer.
#[must_use]
pub fn alarm_raised(state: &State, actor: Actor, alarm: Alarm) -> Entry {
    let event = AlarmRaised { alarm: alarm.kind, version: None, reason: None };
    Entry::new(actor, Event::AlarmRaised(event))
        .about(&alarm.peer.clone())
        .changing(state, Change::Alarm { alarm })
}

/// The operator said that this log was put back and what it lacks is lost.
#[must_use]
pub fn loss_recorded(state: &State, actor: Actor, alarm: Alarm, reason: &Text) -> Entry {
    let event = AlarmRaised { alarm: alarm.kind, version: None, reason: Some(reason.clone()) };
    Entry::new(actor, Event::AlarmRaised(event)).changing(state, Change::Alarm { alarm })
}

/// An auditor resolves an alarm about `peer`.
#[must_use]
pub fn alarm_resolved(
    state: &State,
    actor: Actor,
    peer: &AgencyId,
    alarm: u64,
    resolution: Resolution,
) -> Entry {
    let event = AlarmResolved { alarm, reason: resolution.reason.clone() };
    Entry::new(actor, Event::AlarmResolved(event))
        .about(peer)
        // What its log has lost it cannot prove: whoever resolves the alarm knows that.
        .with(StateChanges { waived: Some(peer.clone()), ..StateChanges::default() })
        .changing(state, Change::AlarmResolved { alarm, resolution })
}
