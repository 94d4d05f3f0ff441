//! Values that claims are made with: reads, drafts, users, agreements.

use agreements::agreement::{Adherence, Agreement, Clause, KnownParty, Signatory};
use agreements::policy::Policy;
use node::exchange::ask::random_id;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::draft::{Draft, Recipients};
use schemas::purpose::{Purpose, QueryKind, Role};
use schemas::query::{Elements, Justification, Query, Requester};
use schemas::read::{Location, Read, ReadId, Vehicle};
use schemas::session::{RequesterSession, SignInWay};
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::User;
use tempfile::NamedTempFile;

/// One day in milliseconds.
pub const DAY_MS: i64 = 86_400_000;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;
/// Longer than an exchange may be under way: the time for an answer, and the freshness of a clock.
pub const SETTLED_MS: i64 = 306_000;
/// The officer that every agency here has.
pub const OFFICER: &str = "m.reyes";
/// The plate that is asked for where a claim does not care.
pub const PLATE: &str = "7ABC123";

/// A bounded text.
#[must_use]
pub fn words(text: &str) -> Text {
    text.parse().expect("a text")
}

/// An agency's id.
#[must_use]
pub fn id(text: &str) -> AgencyId {
    text.parse().expect("an agency id")
}

/// Reads of `plate`, one a minute, the last one an hour before `now`.
#[must_use]
pub fn reads(owner: &AgencyId, plate: &str, count: usize, now: Timestamp) -> Vec<Read> {
    (0..count)
        .map(|n| {
            let minutes = i64::try_from(n).expect("few reads");
            let at = now.plus_millis(-HOUR_MS - minutes * 60_000);
            let camera = format!("{owner}-camera-{}", n % 7);
            Read {
                id: ReadId::of_sighting(&camera, at, &plate.parse().expect("a plate")),
                plate: plate.parse().expect("a plate"),
                plate_raw: words(plate),
                plate_state: Some("CA".parse().expect("a state")),
                at,
                camera: words(&camera),
                location: Location::new(34.1, -118.1).expect("a place"),
                direction: None,
                confidence: None,
                vehicle: Vehicle::default(),
                source: "native".parse().expect("a source"),
                vendor_id: None,
                record: Digest::of(format!("{owner} {plate} {n}").as_bytes()),
                reader_clock: None,
                earlier_of: None,
                images: Vec::new(),
            }
        })
        .collect()
}

/// Reads in the native format, a line of JSON each.
///
/// # Panics
/// Never for reads that could be made.
#[must_use]
pub fn json_lines(reads: &[Read]) -> String {
    reads.iter().map(|read| serde_json::to_string(read).expect("JSON") + "\n").collect()
}

/// The officer whom every agency here has: sworn, and trained a month before `now`.
#[must_use]
pub fn officer(now: Timestamp) -> User {
    User {
        trained_on: Some(now.minus_days(30).day_start()),
        ..User::new(
            OFFICER.parse().expect("a user name"),
            words("Maria Reyes"),
            words("Detective"),
            vec![Role::Sworn],
        )
    }
}

/// A session in which somebody proved herself at `at`, by a password and a card.
///
/// # Panics
/// Never.
#[must_use]
pub fn session_at(at: Timestamp) -> RequesterSession {
    RequesterSession {
        id: "7f3a00112233aabb".parse().expect("an id"),
        way: SignInWay::PasswordAndCard,
        proved_at: at,
    }
}

/// Why the officer asks, with everything that any policy demands.
#[must_use]
pub fn justification() -> Justification {
    Justification {
        purpose: Purpose::StolenVehicle,
        offense: words("CVC 10851"),
        offenses: Vec::new(),
        vehicle_role: None,
        case: words("26-004711"),
        cad: words("2603010042"),
        reason: words(
            "Stolen vehicle reported by its owner this morning, last seen leaving the scene",
        ),
        suspicion: words("The plate was entered as stolen in SVS by this agency today"),
        need_to_know: words("Assigned to recover this vehicle for its owner"),
        on_behalf_of: None,
        for_officer: Text::default(),
        danger: Text::default(),
    }
}

/// A search for `plate` in the week before `now`.
#[must_use]
pub fn elements(plate: &str, now: Timestamp) -> Elements {
    Elements::exact(plate.parse().expect("a plate"), now.minus_days(7), now)
}

/// What the officer types to look for `plate`.
#[must_use]
pub fn draft(owners: &[&AgencyId], plate: &str, now: Timestamp) -> Draft {
    Draft {
        whom: Recipients::These(owners.iter().map(|owner| (*owner).clone()).collect()),
        authority: None,
        why: justification(),
        elements: elements(plate, now),
        limit: 100,
        images: false,
        for_user: None,
    }
}

/// A query as the officer of `from` would sign it at `at`.
#[must_use]
pub fn query(from: &AgencyId, to: &AgencyId, plate: &str, at: Timestamp) -> Query {
    let requester: Requester = officer(at).requester();
    let id = random_id().expect("randomness");
    draft(&[to], plate, at).query(id, from, to, None, &requester, at)
}

/// An agreement between `parties` that permits what [`draft`] asks, in force for a year around
/// `now`. Its id is new, under the name of the first of them.
#[must_use]
pub fn agreement(parties: &[&AgencyId], now: Timestamp) -> Agreement {
    let suffix = random_id().expect("randomness").to_string();
    Agreement {
        id: format!("{}/test-{suffix}", parties[0]).parse().expect("an authority id"),
        version: 1,
        supersedes: None,
        title: words("Agreement between the agencies of a test"),
        template: words("none"),
        effective: now.minus_days(180),
        expires: now.plus_millis(180 * DAY_MS),
        termination_notice_days: 30,
        parties: parties.iter().map(|party| (*party).clone()).collect(),
        purposes: vec![Purpose::StolenVehicle, Purpose::CriminalInvestigation],
        query_kinds: vec![QueryKind::Exact],
        known_characters: None,
        longest_days: None,
        widest_m: None,
        images: false,
        lookback_days: 60,
        row_limit: 2_000,
        daily_limit: None,
        case_required: false,
        people_attested: false,
        one_way: false,
        people: Vec::new(),
        onward_sharing: false,
        answers_kept_days: 30,
        audit_every_days: 365,
        clauses: vec![Clause {
            number: "1.1".into(),
            text: words("The parties share plate reads for the purposes listed"),
            governs: vec!["purposes".into()],
        }],
    }
}

/// The adherence of `agency` to the agreement whose exact text is `text`.
#[must_use]
pub fn adherence(
    agreement: &Agreement,
    text: &str,
    agency: &AgencyId,
    with: &[AgencyId],
    known: &[KnownParty],
    at: Timestamp,
) -> Adherence {
    Adherence {
        agreement: agreement.id.clone(),
        version: agreement.version,
        text: Digest::of(text.as_bytes()),
        agency: agency.clone(),
        shares_with: with.to_vec(),
        original: None,
        at,
        signatory: Signatory {
            name: words("Chris Doe"),
            title: words("Chief of Police"),
            delegation: None,
        },
        parties: known.to_vec(),
    }
}

/// A file of the statute's minimum in which `from` reads `to`.
///
/// # Panics
/// When it does not say `from`, or the file cannot be written.
#[must_use]
pub fn altered_policy(from: &str, to: &str) -> NamedTempFile {
    let text = Policy::builtin_text("california-statute").expect("a policy");
    let altered = text.replace(from, to);
    assert_ne!(text, altered, "the policy does not say {from}");
    let file = NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), altered).expect("a file");
    file
}
