//! Entries of auditing: reading, exporting and comparing logs, evidence, alarms.

use registry::{Alarm, AuditClosing, Change, OpenedAudit, PublicRelease, Resolution, State};
use schemas::agency::AgencyId;
use schemas::body::Actor;
use schemas::bundle::Scope;
use schemas::digest::Digest;
use schemas::envelope::Envelope;
use schemas::event::Event;
use schemas::event::audit::{
    AlarmRaised, AlarmResolved, AuditExported, AuditReconciled, AuditRecorded, AuditReported,
    AuditSampled, AuditStated, AuditViewed, EvidenceBooked, EvidenceExported, FindingsExplained,
    IncidentReported, IncidentTold, PublicReleased, PublicShown, PublicWithdrawn, Shown, Viewed,
};
use schemas::event::occasion::{AuditClosed, AuditOpened};
use schemas::frame::{Frame, FrameKind};
use schemas::plate::Plate;
use schemas::read::ReadId;
use schemas::text::Text;
use schemas::time::Timestamp;
use store::StateChanges;

use super::reads::each_once;
use crate::arrived::DayBounds;
use crate::entry::{Auditor, Entry, Precondition};

/// Something of the log is looked at.
#[must_use]
pub fn audit_viewed(auditor: Auditor, viewed: Viewed) -> Entry {
    Entry::audited(auditor, Event::AuditViewed(AuditViewed { viewed }))
}

/// The log is exported. `own` is how many entries say what of it may be destroyed.
#[must_use]
pub fn audit_exported(auditor: Auditor, scope: Scope, own: u64) -> Entry {
    let peer = scope.peer.clone();
    let entry = Entry::audited(auditor, Event::AuditExported(AuditExported { scope, own }));
    match &peer {
        // With a number of the peer's, it shows that nothing before it was left out.
        Some(peer) => entry.about(peer),
        None => entry,
    }
}

/// A report is made of the log.
#[must_use]
pub fn audit_reported(auditor: Auditor, reported: AuditReported) -> Entry {
    Entry::audited(auditor, Event::AuditReported(reported))
}

/// Something is released to the public; of a report, `previous` is the one released before it.
#[must_use]
pub fn public_released(
    state: &State,
    actor: Actor,
    release: PublicRelease,
    previous: Option<Digest>,
) -> Entry {
    let event = PublicReleased {
        shown: release.shown,
        digest: release.digest,
        report: release.report.map(|(entry, _)| entry),
        previous,
        in_parts: release.in_parts,
        title: release.title.clone(),
    };
    Entry::new(actor, Event::PublicReleased(event))
        .changing(state, Change::PublicReleased { release })
}

/// The public is shown what the entry `released` released.
#[must_use]
pub fn public_shown(actor: Actor, shown: Shown, digest: Digest, released: u64) -> Entry {
    Entry::new(actor, Event::PublicShown(PublicShown { shown, digest, released }))
}

/// What was released to the public is shown no longer.
#[must_use]
pub fn public_withdrawn(state: &State, actor: Actor, shown: Shown, reason: &Text) -> Entry {
    let event = PublicWithdrawn { shown, reason: reason.clone() };
    Entry::new(actor, Event::PublicWithdrawn(event))
        .changing(state, Change::PublicWithdrawn { shown })
}

/// It is reported what an incident reached.
#[must_use]
pub fn incident_reported(auditor: Auditor, reported: IncidentReported) -> Entry {
    Entry::audited(auditor, Event::IncidentReported(reported))
}

/// Somebody was told of an incident.
#[must_use]
pub fn incident_told(auditor: Auditor, told: IncidentTold) -> Entry {
    Entry::audited(auditor, Event::IncidentTold(told))
}

/// An audit is opened; its number is the index of the entry.
#[must_use]
pub fn audit_opened(state: &State, actor: Actor, audit: OpenedAudit) -> Entry {
    let event = AuditOpened {
        occasion: audit.occasion.clone(),
        occasion_kind: audit.occasion_kind,
        case: audit.case.clone(),
    };
    Entry::new(actor, Event::AuditOpened(event)).changing(state, Change::AuditOpened { audit })
}

/// The audit that the entry `opened` opened is closed.
#[must_use]
pub fn audit_closed(state: &State, actor: Actor, opened: u64, closing: AuditClosing) -> Entry {
    let event = AuditClosed { opened, outcome: closing.outcome.clone() };
    Entry::new(actor, Event::AuditClosed(event))
        .changing(state, Change::AuditClosed { opened, closing })
}

/// Accesses or looks are drawn for an audit.
#[must_use]
pub fn audit_sampled(auditor: Auditor, sampled: AuditSampled) -> Entry {
    Entry::audited(auditor, Event::AuditSampled(sampled))
}

/// An audit is recorded with its findings.
#[must_use]
pub fn audit_recorded(auditor: Auditor, recorded: AuditRecorded) -> Entry {
    Entry::audited(auditor, Event::AuditRecorded(recorded))
}

/// A peer's statement is asked for: the signed request leaves.
#[must_use]
pub fn statement_asked(
    auditor: Auditor,
    peer: &AgencyId,
    since: Timestamp,
    until: Timestamp,
    request: &Envelope,
) -> Entry {
    let (since, until) = (Some(since), Some(until));
    let event = AuditStated { asked: true, since, until, exchanges: None };
    Entry::audited(auditor, Event::AuditStated(event))
        .about(peer)
        .beside([request])
        .releasing(vec![statement(request)])
}

/// A peer is given a statement, which leaves, if it has room for that under what it may leave behind in a day.
#[must_use]
pub fn statement_given(
    peer: &AgencyId,
    exchanges: u64,
    [request, signed]: [&Envelope; 2],
    most: DayBounds,
) -> Entry {
    let exchanges = Some(exchanges);
    let event = AuditStated { asked: false, since: None, until: None, exchanges };
    let precondition =
        Precondition { arriving: Some((peer.clone(), most)), ..Precondition::default() };
    Entry::new(Actor::peer(peer), Event::AuditStated(event))
        .about(peer)
        .beside([request, signed])
        .provided(precondition)
        .releasing(vec![statement(signed)])
}

fn statement(envelope: &Envelope) -> Frame {
    Frame::new(FrameKind::Statement, envelope.as_bytes().to_vec())
}

/// This log was compared with what `peer` stated.
#[must_use]
pub fn audit_reconciled(
    auditor: Auditor,
    peer: &AgencyId,
    reconciled: AuditReconciled,
    statement: &Envelope,
) -> Entry {
    Entry::audited(auditor, Event::AuditReconciled(reconciled)).about(peer).beside([statement])
}

/// An auditor explains findings about the logs of this agency and `peer`.
#[must_use]
pub fn findings_explained(
    auditor: Auditor,
    peer: &AgencyId,
    explained: FindingsExplained,
) -> Entry {
    Entry::audited(auditor, Event::FindingsExplained(explained)).about(peer)
}

/// Reads and answers of a case are put into an evidence package, as long as the registry is `state`.
#[must_use]
pub fn evidence_exported(
    state: &State,
    auditor: Auditor,
    exported: EvidenceExported,
    taken: impl IntoIterator<Item = Plate>,
) -> Entry {
    let Auditor { actor, audit } = auditor;
    Entry::new(actor, Event::EvidenceExported(exported))
        .provided(Precondition::registry(state))
        .with(StateChanges { shown: each_once(taken), ..StateChanges::default() })
        .under(audit)
}

/// Somebody looks at every version of a read, which name these plates.
#[must_use]
pub fn versions_viewed(
    auditor: Auditor,
    read: ReadId,
    plates: impl IntoIterator<Item = Plate>,
) -> Entry {
    audit_viewed(auditor, Viewed::VersionsOf(read))
        .with(StateChanges { shown: each_once(plates), ..StateChanges::default() })
}

/// The evidence package whose export another entry records is booked.
#[must_use]
pub fn evidence_booked(actor: Actor, booked: EvidenceBooked) -> Entry {
    Entry::new(actor, Event::EvidenceBooked(booked))
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
    auditor: Auditor,
    peer: &AgencyId,
    alarm: u64,
    resolution: Resolution,
) -> Entry {
    let event = AlarmResolved { alarm, reason: resolution.reason.clone() };
    Entry::audited(auditor, Event::AlarmResolved(event))
        .about(peer)
        // What its log has lost it cannot prove: whoever resolves the alarm knows that.
        .with(StateChanges { waived: Some(peer.clone()), ..StateChanges::default() })
        .changing(state, Change::AlarmResolved { alarm, resolution })
}
