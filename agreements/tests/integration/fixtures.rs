//! Agencies, queries and signed papers that are in order, for tests to spoil.

use agreements::agreement::{Adherence, KnownParty, Signatory};
use agreements::lifecycle::AgreementRecord;
use agreements::policy::Policy;
use agreements::request::{Official, Request, RequestRecord, RequestScope, Ruling, Verdict};
use agreements::template;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::key::SecretKey;
use schemas::purpose::{Purpose, Role};
use schemas::query::{Elements, Justification, Query, QueryId, Requester};
use schemas::session::{RequesterSession, SignInWay};
use schemas::text::Text;
use schemas::time::Timestamp;

/// The instant of every decision.
pub(crate) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn policy(name: &str) -> Policy {
    Policy::from_toml(name, Policy::builtin_text(name).unwrap()).unwrap()
}

/// The agency whose policy it is; a policy that any agency may adopt is `owning-ca-pd`'s here.
pub(crate) fn agency_of(policy: &Policy) -> AgencyId {
    policy.agency.clone().unwrap_or_else(|| "owning-ca-pd".parse().unwrap())
}

/// A query that every policy that comes with the node would answer.
pub(crate) fn query(from: &AgencyId, to: &AgencyId) -> Query {
    Query {
        id: QueryId::from_bytes([1; 16]),
        from: from.clone(),
        to: to.clone(),
        at: now(),
        search: None,
        authority: None,
        released_by: None,
        for_person: None,
        requester: Requester {
            user: "jdoe".parse().unwrap(),
            full_name: "Jane Doe".parse().unwrap(),
            title: "Detective".parse().unwrap(),
            roles: vec![Role::Sworn],
            session: Some(RequesterSession {
                id: "7f3a00112233aabb".parse().unwrap(),
                way: SignInWay::PasswordAndCode,
                proved_at: now().minus_seconds(60),
            }),
            asserted_by: None,
            attestation: None,
            trained_on: Some("2026-01-30T00:00:00Z".parse().unwrap()),
            cleared_on: Some("2026-01-30T00:00:00Z".parse().unwrap()),
        },
        why: Justification {
            purpose: Purpose::StolenVehicle,
            offense: Text::default(),
            offenses: Vec::new(),
            vehicle_role: None,
            case: "26-1234".parse().unwrap(),
            cad: Text::default(),
            reason: "taken from a driveway on Foothill Boulevard overnight".parse().unwrap(),
            suspicion: "the owner saw a stranger drive it away".parse().unwrap(),
            need_to_know: "assigned to this theft".parse().unwrap(),
            on_behalf_of: None,
            for_officer: Text::default(),
            danger: Text::default(),
        },
        elements: Elements::exact("8KTR392".parse().unwrap(), now().minus_days(7), now()),
        limit: 100,
        images: false,
    }
}

/// A draft of ten days ago on which nobody has signed yet, without a daily limit unless one is set.
pub(crate) fn drafted(
    template: &str,
    id: &str,
    parties: Vec<AgencyId>,
    settings: &[(String, String)],
) -> AgreementRecord {
    let text = template::builtin(template).unwrap();
    let since = now().minus_days(10);
    let mut agreement =
        template::draft(text, &id.parse().unwrap(), parties, since, settings).unwrap();
    if settings.iter().all(|(key, _)| key != "daily_limit") {
        agreement.daily_limit = None;
    }
    AgreementRecord::new(agreement, Digest::of(b"text"))
}

/// The signature of `agency`, who shares with these.
pub(crate) fn adherence(
    recorded: &AgreementRecord,
    agency: &AgencyId,
    shares_with: Vec<AgencyId>,
) -> Adherence {
    Adherence {
        agreement: recorded.agreement.id.clone(),
        version: recorded.agreement.version,
        text: recorded.text,
        agency: agency.clone(),
        shares_with,
        original: None,
        at: now().minus_days(9),
        signatory: Signatory {
            name: "A Chief".parse().unwrap(),
            title: "Chief".parse().unwrap(),
            delegation: None,
        },
        parties: recorded.agreement.parties.iter().map(known).collect(),
    }
}

/// A party by its key: every agency here has one.
fn known(agency: &AgencyId) -> KnownParty {
    let seed = Digest::of(agency.as_str().as_bytes());
    let fingerprint = SecretKey::from_seed(seed.as_bytes()).public().fingerprint();
    KnownParty { agency: agency.clone(), fingerprint }
}

/// A written request as its agency files it: for the person, purpose and case of `query`.
pub(crate) fn filed(id: &str, query: &Query, scope: RequestScope) -> RequestRecord {
    let request = Request {
        id: id.parse().unwrap(),
        from: query.from.clone(),
        to: query.to.clone(),
        requested_by: query.requester.full_name.clone(),
        user: query.requester.user.clone(),
        purpose: query.why.purpose,
        case: query.why.case.clone(),
        reason: Text::default(),
        danger: Text::default(),
        after_refusal: None,
        at: now().minus_days(2),
        scope,
    };
    RequestRecord::new(request, Digest::of(b"request"))
}

/// The owner's decision on a request.
pub(crate) fn ruling(filed: &RequestRecord, verdict: Verdict, scope: RequestScope) -> Ruling {
    Ruling {
        request: filed.request.id.clone(),
        request_digest: filed.request_digest,
        verdict,
        reason: "in order".parse().unwrap(),
        section: Text::default(),
        at: now().minus_days(1),
        decided_by: Official {
            name: "A Chief".parse().unwrap(),
            title: "Chief".parse().unwrap(),
            delegation: None,
        },
        scope,
    }
}
