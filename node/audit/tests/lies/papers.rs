//! Agreements, notices, cards and statements: signed by the agency that they speak for, and told as they
//! are written.

use agreements::agreement::{
    Act, Adherence, Agreement, Clause, KnownParty, Notice, Person, Signatory,
};
use agreements::policy::Policy;
use agreements::recorded::{self, Whose};
use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::event::Event;
use schemas::event::audit::{AuditReconciled, AuditStated};
use schemas::event::cards::{CardHeld, CardIssued, CardUpdated};
use schemas::event::people::PolicyReceived;
use schemas::posted::PostedPolicy;
use schemas::purpose::{Purpose, QueryKind};
use schemas::statement::{Statement, StatementRequest};
use serde_json::json;

use crate::fabricated::{Agency, Log, Pair, at, words};

pub(crate) fn agreement(pair: &Pair) -> Agreement {
    Agreement {
        id: format!("{}/plates-2026", pair.covina.id).parse().unwrap(),
        version: 1,
        supersedes: None,
        title: words("Sharing of plate reads"),
        template: words("none"),
        effective: at(-100),
        expires: at(100_000),
        termination_notice_days: 30,
        parties: vec![pair.covina.id.clone(), pair.port.id.clone()],
        purposes: vec![Purpose::StolenVehicle],
        query_kinds: vec![QueryKind::Exact],
        known_characters: None,
        longest_days: None,
        widest_m: None,
        images: false,
        lookback_days: 60,
        row_limit: 100,
        daily_limit: None,
        case_required: false,
        people_attested: false,
        one_way: false,
        people: Vec::new(),
        onward_sharing: false,
        answers_kept_days: 30,
        audit_every_days: 90,
        clauses: vec![Clause {
            number: "1".into(),
            text: words("The parties share plate reads"),
            governs: Vec::new(),
        }],
    }
}

pub(crate) fn adherence(pair: &Pair, agreement: &Agreement, of: &Agency) -> Adherence {
    Adherence {
        agreement: agreement.id.clone(),
        version: agreement.version,
        text: Digest::of(agreement.to_toml().unwrap().as_bytes()),
        agency: of.id.clone(),
        shares_with: agreement.parties.iter().filter(|party| **party != of.id).cloned().collect(),
        original: None,
        parties: [&pair.covina, &pair.port]
            .map(|party| KnownParty {
                agency: party.id.clone(),
                fingerprint: party.card_said().agency_key.fingerprint(),
            })
            .into(),
        at: at(1),
        signatory: Signatory {
            name: words("Chris Doe"),
            title: words("Chief of Police"),
            delegation: None,
        },
    }
}

fn notice(agreement: &Agreement, of: &Agency) -> Notice {
    Notice {
        agreement: agreement.id.clone(),
        version: 1,
        text: Digest::of(agreement.to_toml().unwrap().as_bytes()),
        agency: of.id.clone(),
        act: Act::Suspend,
        reason: words("until the audit is over"),
        at: at(2),
        by: Person { user: "cdoe".parse().unwrap(), full_name: words("Chris Doe") },
    }
}

/// The log of covina with everything that is no exchange.
fn papers() -> (Pair, Log) {
    let pair = Pair::honest();
    let (covina, port) = (&pair.covina, &pair.port);
    let mut log = Log::new(covina, &[port]);
    let (own, theirs) = (covina.officer(), || Actor::peer(&port.id));
    let issued = CardIssued::of(covina.card_said());
    log.write(0, None, own.clone(), Event::CardIssued(issued), &[&covina.card()]);
    log.write(0, Some(port), own.clone(), port.confirmed(), &[&port.card()]);
    let updated = Event::CardUpdated(CardUpdated { version: 1 });
    log.write(0, Some(port), theirs(), updated, &[&port.card()]);
    let agreement = agreement(&pair);
    let proposed = covina.sign_as_agency(Kind::Agreement, agreement.to_toml().unwrap());
    let event = recorded::of_agreement(&agreement, Whose::Own);
    log.write(1, None, own.clone(), event, &[&proposed]);
    for (of, whose, peer, actor) in
        [(covina, Whose::Own, None, own.clone()), (port, Whose::Peer, Some(port), theirs())]
    {
        let adherence = adherence(&pair, &agreement, of);
        let signed = of.sign_as_agency(Kind::Adherence, adherence.to_toml().unwrap());
        log.write(1, peer, actor, recorded::of_adherence(&adherence, whose), &[&signed]);
    }
    for (of, peer, actor) in [(covina, None, own.clone()), (port, Some(port), theirs())] {
        let notice = notice(&agreement, of);
        let signed = of.sign_text(Kind::Notice, notice.to_toml().unwrap());
        log.write(2, peer, actor, recorded::of_notice(&notice), &[&signed]);
    }
    let request = |from: &Agency, to: &Agency| StatementRequest {
        from: from.id.clone(),
        to: to.id.clone(),
        at: at(3),
        since: at(-10),
        until: at(2),
        sessions: Vec::new(),
    };
    let state = |request: &Envelope, from: &Agency, to: &Agency| Statement {
        request: request.digest(),
        from: from.id.clone(),
        to: to.id.clone(),
        at: at(3),
        count: 4,
        digest: Digest::of(b"a tree"),
        sessions: Vec::new(),
    };
    let asked = covina.sign(Kind::Statement, &request(covina, port));
    let (since, until) = (Some(at(-10)), Some(at(2)));
    let event = AuditStated { asked: true, since, until, exchanges: None };
    log.write(3, Some(port), own.clone(), Event::AuditStated(event), &[&asked]);
    let stated = port.sign(Kind::Statement, &state(&asked, port, covina));
    let event = AuditReconciled {
        explained: 0,
        since: at(-10),
        until: at(2),
        matched: 4,
        refused_both: 0,
        open: 0,
        findings: 0,
        further: 0,
        classes: std::collections::BTreeMap::new(),
    };
    log.write(3, Some(port), own, Event::AuditReconciled(event), &[&stated]);
    let asked = port.sign(Kind::Statement, &request(port, covina));
    let stated = covina.sign(Kind::Statement, &state(&asked, covina, port));
    let event = AuditStated { asked: false, since: None, until: None, exchanges: Some(4) };
    log.write(4, Some(port), theirs(), Event::AuditStated(event), &[&asked, &stated]);
    let posted = PostedPolicy {
        agency: port.id.clone(),
        version: 1,
        since: at(0),
        text: Policy::builtin_text("california-statute").unwrap().to_owned(),
    };
    let event = Event::PolicyReceived(PolicyReceived::of(&posted));
    log.write(5, Some(port), theirs(), event, &[&port.sign(Kind::Policy, &posted)]);
    let held = CardHeld { version: 1, why: "its name is another".into() };
    log.write(5, Some(port), theirs(), Event::CardHeld(held), &[&port.card()]);
    (pair, log)
}

fn codes(log: &Log, pair: &Pair, place: usize) -> Vec<(&'static str, String)> {
    let report = log.verified(&[&pair.covina, &pair.port]);
    let of = report.problems.iter().filter(|one| one.index == Some(place as u64));
    of.map(|one| (one.code, one.message.clone())).collect()
}

#[test]
fn honest_papers_hold() {
    let (pair, log) = papers();
    let report = log.verified(&[&pair.covina, &pair.port]);
    assert!(report.ok, "{:?}", report.problems);
}

#[test]
fn no_body_tells_a_document_otherwise() {
    for (kind, path, value, field) in [
        ("card.issued", "/event/contact", json!("another"), "contact"),
        ("card.issued", "/event/version", json!(2), "version"),
        ("card.added", "/event/version", json!(2), "version"),
        ("card.updated", "/event/version", json!(2), "version"),
        ("card.updated", "/actor/agency", json!("west-covina-ca-pd"), "actor.agency"),
        ("agreement.proposed", "/event/parties", json!(["port-ca-pd"]), "parties"),
        ("agreement.proposed", "/event/version", json!(2), "version"),
        ("agreement.signed", "/event/signatory", json!("Nobody"), "signatory"),
        ("agreement.signed", "/event/title", json!("Cadet"), "title"),
        ("agreement.signed", "/event/shares_with", json!([]), "shares_with"),
        ("agreement.adhered", "/event/signatory", json!("Nobody"), "signatory"),
        ("agreement.adhered", "/event/agreement", json!("port-ca-pd/another-one"), "agreement"),
        ("agreement.suspended", "/event/reason", json!("for ever"), "reason"),
        ("policy.received", "/event/version", json!(2), "version"),
        ("policy.received", "/event/digest", json!("00".repeat(32)), "digest"),
        ("policy.received", "/actor/agency", json!("west-covina-ca-pd"), "actor.agency"),
        ("card.held", "/event/version", json!(2), "version"),
        ("card.held", "/actor/agency", json!("west-covina-ca-pd"), "actor.agency"),
        ("audit.stated", "/event/since", json!(at(0)), "since"),
        ("audit.reconciled", "/event/since", json!(at(0)), "since"),
    ] {
        let (pair, mut log) = papers();
        // One that the honest log has not is no lie.
        log.say(kind, path, value);
        let found = codes(&log, &pair, log.place(kind));
        let told = found.iter().any(|(code, said)| *code == "binding" && said.contains(field));
        assert!(told, "{kind} {path}: {found:?}");
    }
}

/// Each document in the log of covina with the signature of the other agency under it.
#[test]
fn no_document_is_signed_by_the_other_agency() {
    let (pair, log) = papers();
    for (place, entry) in log.entries.iter().enumerate() {
        for (n, envelope) in entry.envelopes.iter().enumerate() {
            if envelope.kind() == Kind::Card {
                continue;
            }
            let mut forged = log.clone();
            let text = envelope.unverified_payload().to_vec();
            let mut told = Vec::new();
            for by in [&pair.covina, &pair.port] {
                let other = by.sign_bytes(envelope.kind(), text.clone());
                if other == *envelope {
                    continue;
                }
                forged.entries[place].envelopes[n] = other;
                told.extend(codes(&forged, &pair, place));
            }
            let what = entry.event.kind();
            assert!(told.iter().any(|(code, _)| *code == "signature"), "{what}: {told:?}");
        }
    }
}

/// A notice of the other agency is no act of one's own, nor the other way round.
#[test]
fn a_notice_counts_for_the_agency_that_it_speaks_for() {
    let (pair, mut log) = papers();
    let places: Vec<usize> = (0..log.entries.len())
        .filter(|n| log.entries[*n].event.kind().code() == "agreement.suspended")
        .collect();
    let [own, theirs] = places[..] else { panic!("two notices") };
    let swapped = log.entries[own].envelopes.clone();
    log.entries[own].envelopes = log.entries[theirs].envelopes.clone();
    log.entries[theirs].envelopes = swapped;
    for place in [own, theirs] {
        assert!(codes(&log, &pair, place).iter().any(|(code, _)| *code == "signature"));
    }
}

/// The card of another agency confirms nobody.
#[test]
fn a_card_is_of_the_agency_that_its_entry_concerns() {
    let (pair, mut log) = papers();
    log.entry("card.added").envelopes = vec![pair.covina.card()];
    let found = codes(&log, &pair, log.place("card.added"));
    assert!(found.iter().any(|(_, said)| said.contains("speaks for")), "{found:?}");
}

/// Nobody adheres to a text that was not proposed, nor states what was not asked for.
#[test]
fn an_adherence_is_to_a_text_that_the_log_holds_and_a_statement_to_its_request() {
    let (pair, mut log) = papers();
    let proposed = log.place("agreement.proposed");
    log.entries.remove(proposed);
    let found = codes(&log, &pair, log.place("agreement.signed"));
    assert!(found.iter().any(|(_, said)| said.contains("no earlier entry holds")), "{found:?}");
    let (pair, mut log) = papers();
    let given = log.entries.len() - 3;
    let asked = log.entry("audit.stated").envelopes[0].unverified_payload().to_vec();
    let mut request: StatementRequest = serde_json::from_slice(&asked).unwrap();
    (request.from, request.to) = (pair.port.id.clone(), pair.covina.id.clone());
    request.until = at(1);
    log.entries[given].envelopes[0] = pair.port.sign(Kind::Statement, &request);
    let found = codes(&log, &pair, given);
    assert!(found.iter().any(|(_, said)| said.contains("another request")), "{found:?}");
}
