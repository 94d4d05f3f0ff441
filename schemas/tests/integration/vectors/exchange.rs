//! The one exchange that the vectors tell of, made with fixed keys.

use schemas::answer::{Answer, Basis, DecidedBy, Page, Receipt, Released};
use schemas::attestation::SignedAttestation;
use schemas::attested::Attestation;
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::key::SecretKey;
use schemas::possession::Possession;
use schemas::posted::PostedPolicy;
use schemas::purpose::{Purpose, Role};
use schemas::query::{Elements, Justification, Query, QueryId, Requester};
use schemas::read::{Location, Read, ReadId, Vehicle};
use schemas::refusal::{Citation, Reason, Refusal, RefusalCode};
use schemas::session::{RequesterSession, SignInWay};

pub(crate) fn secret(byte: u8) -> SecretKey {
    SecretKey::from_seed(&[byte; 32])
}

/// The requester signs with the key of seed 0x11…, the owner with that of seed 0x21….
pub(crate) fn requester() -> SecretKey {
    secret(0x11)
}

pub(crate) fn owner() -> SecretKey {
    secret(0x21)
}

/// The requester's agency key, with which it vouches for its people.
pub(crate) fn vouching() -> SecretKey {
    secret(0x12)
}

fn attestation() -> SignedAttestation {
    let said = Attestation {
        agency: "indio-ca-pd".parse().unwrap(),
        user: "mreyes".parse().unwrap(),
        full_name: "María Reyes".parse().unwrap(),
        title: "Detective".parse().unwrap(),
        roles: vec![Role::Sworn],
        trained_on: Some("2025-11-03T00:00:00Z".parse().unwrap()),
        at: "2026-01-05T09:00:00Z".parse().unwrap(),
        ends: "2026-07-01T00:00:00Z".parse().unwrap(),
    };
    SignedAttestation::sign(&said, &vouching()).unwrap()
}

pub(crate) fn query() -> Query {
    Query {
        id: QueryId::from_bytes([0xA5; 16]),
        from: "indio-ca-pd".parse().unwrap(),
        to: "monrovia-ca-pd".parse().unwrap(),
        at: "2026-03-01T17:04:05.250Z".parse().unwrap(),
        search: None,
        authority: Some("los-angeles-ca-sheriff/lasd-0a1b2c3d".parse().unwrap()),
        released_by: None,
        for_person: None,
        requester: Requester {
            user: "mreyes".parse().unwrap(),
            full_name: "María Reyes".parse().unwrap(),
            title: "Detective".parse().unwrap(),
            roles: vec![Role::Sworn],
            trained_on: Some("2025-11-03T00:00:00Z".parse().unwrap()),
            cleared_on: None,
            session: Some(RequesterSession {
                id: "7f3a00112233aabb".parse().unwrap(),
                way: SignInWay::SecurityKey,
                proved_at: "2026-03-01T16:58:40.000Z".parse().unwrap(),
            }),
            asserted_by: None,
            attestation: Some(attestation()),
        },
        why: Justification {
            purpose: Purpose::StolenVehicle,
            offense: "Vehicle Code 10851".parse().unwrap(),
            offenses: Vec::new(),
            vehicle_role: None,
            case: "26-00417".parse().unwrap(),
            cad: "".parse().unwrap(),
            reason: "Stolen from a driveway on Oleander Avenue, seen westbound".parse().unwrap(),
            suspicion: "".parse().unwrap(),
            need_to_know: "".parse().unwrap(),
            on_behalf_of: None,
            for_officer: "".parse().unwrap(),
            danger: schemas::text::Text::default(),
        },
        elements: Elements::exact(
            "7ABC123".parse().unwrap(),
            "2026-02-01T00:00:00Z".parse().unwrap(),
            "2026-03-01T17:04:05.250Z".parse().unwrap(),
        ),
        limit: 100,
        images: false,
    }
}

pub(crate) fn read() -> Read {
    let at = "2026-02-14T06:31:07.120Z".parse().unwrap();
    Read {
        id: ReadId::of_sighting("Foothill and Myrtle, lane 2", at, &"7ABC123".parse().unwrap()),
        plate: "7ABC123".parse().unwrap(),
        plate_raw: "7ABC-123".parse().unwrap(),
        plate_state: Some("CA".parse().unwrap()),
        at,
        camera: "Foothill and Myrtle, lane 2".parse().unwrap(),
        location: Location::new(34.1443, -117.9995).unwrap(),
        direction: Some("270".parse().unwrap()),
        confidence: Some(0.93.try_into().unwrap()),
        vehicle: Vehicle {
            make: Some("Honda".parse().unwrap()),
            color: Some("silver".parse().unwrap()),
            ..Vehicle::default()
        },
        source: "native".parse().unwrap(),
        vendor_id: None,
        record: Digest::of(b"the whole source record"),
        reader_clock: None,
        earlier_of: None,
        images: Vec::new(),
    }
}

pub(crate) fn page() -> Vec<u8> {
    let mut page = serde_json::to_vec(&read()).unwrap();
    page.push(b'\n');
    page
}

fn decided_by() -> DecidedBy {
    DecidedBy { policy: Digest::of(b"the text of a policy"), rules: 1 }
}

fn basis() -> Basis {
    Basis {
        authority: "los-angeles-ca-sheriff/lasd-0a1b2c3d".parse().unwrap(),
        version: 1,
        text: Digest::of(b"the text of an agreement"),
        decision: None,
    }
}

pub(crate) fn answer(asked: &Envelope) -> Answer {
    Answer {
        query_id: query().id,
        query_digest: asked.digest(),
        from: "monrovia-ca-pd".parse().unwrap(),
        to: "indio-ca-pd".parse().unwrap(),
        at: "2026-03-01T17:04:05.310Z".parse().unwrap(),
        decided_by: decided_by(),
        basis: basis(),
        released: Released {
            from: "2026-02-01T00:00:00Z".parse().unwrap(),
            until: "2026-03-01T17:04:05.250Z".parse().unwrap(),
            limit: 100,
            images: false,
            cuts: Vec::new(),
        },
        count: 1,
        truncated: false,
        notice: "View the image and verify through CLETS before acting.".parse().unwrap(),
        pages: vec![Page {
            digest: Digest::of(&page()),
            bytes: page().len().try_into().unwrap(),
            reads: 1,
        }],
        images: Vec::new(),
        images_beyond: 0,
    }
}

pub(crate) fn refusal(asked: &Envelope) -> Refusal {
    Refusal {
        query_id: query().id,
        query_digest: asked.digest(),
        from: "monrovia-ca-pd".parse().unwrap(),
        to: "indio-ca-pd".parse().unwrap(),
        at: "2026-03-01T17:04:05.310Z".parse().unwrap(),
        decided_by: Some(decided_by()),
        closest: Some(basis()),
        reasons: vec![Reason {
            code: RefusalCode::AuthorityNotInForce,
            message:
                "agreement `los-angeles-ca-sheriff/lasd-0a1b2c3d` is suspended by `monrovia-ca-pd`"
                    .into(),
            citations: vec![Citation::new("los-angeles-ca-sheriff/lasd-0a1b2c3d v1", "8")],
        }],
        advice: "".parse().unwrap(),
    }
}

pub(crate) fn receipt(answered: &Envelope) -> Receipt {
    Receipt {
        query_id: query().id,
        answer_digest: answered.digest(),
        from: "indio-ca-pd".parse().unwrap(),
        to: "monrovia-ca-pd".parse().unwrap(),
        at: "2026-03-01T17:04:05.330Z".parse().unwrap(),
    }
}

pub(crate) fn policy() -> PostedPolicy {
    PostedPolicy {
        agency: "monrovia-ca-pd".parse().unwrap(),
        version: 2,
        since: "2026-02-01T08:00:00.000Z".parse().unwrap(),
        text: "# Says \"no\" to whatever it does not name.\nformat = 2\nsource = \"Monrovia Police Department Policy 463\"\n".into(),
    }
}

pub(crate) fn card() -> Card {
    Card {
        id: "monrovia-ca-pd".parse().unwrap(),
        name: "Monrovia Police Department".parse().unwrap(),
        ori: Some("CA0193300".parse().unwrap()),
        kind: "police".parse().unwrap(),
        state: "CA".parse().unwrap(),
        version: 1,
        at: "2026-01-02T08:00:00Z".parse().unwrap(),
        addresses: vec!["/ip4/192.0.2.7/tcp/7420".parse().unwrap()],
        contact: "Watch commander, +1 626 555 0100".parse().unwrap(),
        agency_key: secret(0x22).public(),
        node_key: secret(0x23).public(),
        message_key: secret(0x21).public(),
        log_key: secret(0x24).public(),
        cosigner_key: secret(0x25).public(),
        revocations: Vec::new(),
        possession: Possession::default(),
    }
}

/// The owner's private keys that its card names, but for its agency key.
pub(crate) fn proving() -> [SecretKey; 4] {
    [0x23, 0x21, 0x24, 0x25].map(secret)
}

pub(crate) struct Exchange {
    pub(crate) card: Envelope,
    pub(crate) attestation: Envelope,
    pub(crate) query: Envelope,
    pub(crate) answer: Envelope,
    pub(crate) refusal: Envelope,
    pub(crate) receipt: Envelope,
    pub(crate) policy: Envelope,
}

pub(crate) fn exchange() -> Exchange {
    let asked = Envelope::sign_json(Kind::Query, &query(), &requester()).unwrap();
    let answered = Envelope::sign_json(Kind::Answer, &answer(&asked), &owner()).unwrap();
    let attestation = String::from(attestation());
    Exchange {
        attestation: Envelope::parse(attestation.as_bytes()).unwrap(),
        card: card().sign(&secret(0x22), &proving()).unwrap(),
        refusal: Envelope::sign_json(Kind::Refusal, &refusal(&asked), &owner()).unwrap(),
        receipt: Envelope::sign_json(Kind::Receipt, &receipt(&answered), &requester()).unwrap(),
        policy: Envelope::sign_json(Kind::Policy, &policy(), &owner()).unwrap(),
        query: asked,
        answer: answered,
    }
}
