//! What policies have people do: by when it is due, with its section, until it is on record.

use audit_log::entry::Auditor;
use node::admin::{people, training};
use node::auditing::duties::{Done, Due, book, due, record};
use node::reads::search::search;
use schemas::digest::Digest;
use schemas::duty::DutyCode;
use schemas::event::audit::{EvidenceBooked, EvidenceExported};
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use schemas::user::User;
use tests::agency::{Agency, Plan};
use tests::fixtures::{DAY_MS, PLATE, draft, officer, words};
use tests::officials::acting_as;

async fn all(agency: &Agency) -> Vec<Due> {
    due(agency.own(), agency.store().as_ref()).await.expect("a policy")
}

/// The one that says this.
async fn of(agency: &Agency, says: &str) -> Option<Due> {
    let mut found: Vec<Due> =
        all(agency).await.into_iter().filter(|one| one.what.contains(says)).collect();
    assert!(found.len() < 2, "{found:?}");
    found.pop()
}

async fn done(agency: &Agency, duty: DutyCode) -> Result<(), String> {
    let done = Done { duty, how: words("https://indio.example/alpr"), to: None, on: None };
    let recorded = record(agency.own(), &agency.admin(), &done).await;
    recorded.map(drop).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_has_posted_encrypted_and_booked_is_due_until_it_is_on_record() {
    let agency = Agency::of(Plan::of("indio-ca-pd").policy("indio-ca-pd")).await;
    let posted = of(&agency, "is posted").await.expect("due");
    assert!(!posted.late && posted.sections.contains("461.2.1(g)"), "{posted:?}");
    agency.clock.shift(30 * DAY_MS);
    assert!(of(&agency, "is posted").await.expect("due").late, "after thirty days");
    let doctor = agency.accord_as("admin", &["doctor"]);
    assert!(doctor.out.contains("461.2.1(g)"), "{doctor:?}");
    done(&agency, DutyCode::PolicyPosted).await.expect("on record");
    let again = of(&agency, "is posted").await.expect("again in a year");
    assert!(!again.late && again.by > agency.now().plus_days(360), "{again:?}");
    let other = done(&agency, DutyCode::StorageEncrypted).await.expect_err("not of this policy");
    assert!(other.contains("it tracks policy_posted, evidence_booked"), "{other}");
    let wrong = done(&agency, DutyCode::EvidenceBooked).await.expect_err("by its number");
    assert!(wrong.contains("accord evidence booked"), "{wrong}");
    // A package is to be booked.
    let exported = EvidenceExported {
        case: words("26-004711"),
        reads: 3,
        answers: 0,
        images: 0,
        manifest: Digest::of(b"a manifest"),
    };
    let state = agency.own().registry.state();
    let by = agency.admin();
    let actor = agency.own().actor(&state.users[&by.user], &by);
    let entry =
        audit_log::entries::audit::evidence_exported(&state, Auditor::nobody(actor), exported, []);
    let package = agency.own().log.append(entry).await.expect("an entry").position().index;
    let open = of(&agency, "has no booking number").await.expect("due");
    assert!(open.what.contains(&format!("entry {package} ")), "{open:?}");
    assert!(open.sections.contains("461.4"), "{open:?}");
    // `doctor` tells it to whoever reaches the node, and a timer puts that into the journal.
    assert!(!open.what.contains("26-004711"), "{open:?}");
    let store = agency.store().as_ref();
    let wanted = |package: u64| EvidenceBooked { package, number: words("E-2026-118") };
    let none = book(agency.own(), store, &by, &wanted(package - 1)).await;
    assert!(none.expect_err("no package").to_string().contains("no evidence package"));
    book(agency.own(), store, &by, &wanted(package)).await.expect("booked");
    assert_eq!(of(&agency, "has no booking number").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn escondido_lets_nobody_ask_without_a_clearance_in_date_and_names_who_manages_access() {
    let agency = Agency::of(Plan::of("escondido-ca-pd").policy("escondido-ca-pd")).await;
    let titles = of(&agency, "`admin` manages access").await.expect("due");
    assert!(titles.sections.contains("IV.C.2"), "{titles:?}");
    let encrypted = of(&agency, "is encrypted").await.expect("due");
    assert!(encrypted.sections.contains("IV.C.1"), "{encrypted:?}");
    // Registered without: nothing is asked, and it is told with what helps.
    let mut new = User {
        name: "n.new".parse().expect("a user name"),
        full_name: words("Nia New"),
        ..officer(agency.now())
    };
    new.cleared_on = None;
    people::add(agency.own(), &agency.admin(), &new).await.expect("registered");
    let due = of(&agency, "no CLETS clearance of `n.new`").await.expect("due");
    assert!(due.late && due.user.as_ref() == Some(&new.name), "{due:?}");
    let draft = draft(&[&"port-ca-pd".parse().expect("an id")], PLATE, agency.now());
    let codes = async |draft: &schemas::draft::Draft| {
        let (own, store) = (agency.own(), agency.store().as_ref());
        let heard = search(own, store, &acting_as("n.new"), draft).await.expect("judged");
        assert_eq!(heard.outcome, OutcomeCode::Refused, "{heard:?}");
        heard.reasons.iter().map(|reason| reason.code).collect::<Vec<_>>()
    };
    assert!(codes(&draft).await.contains(&RefusalCode::ClearanceMissing));
    let cleared = |years: u32| agency.now().minus_years(years).day_start();
    let clear = async |on| training::clear(agency.own(), &agency.admin(), &new.name, on).await;
    clear(cleared(3)).await.expect("on record");
    assert!(codes(&draft).await.contains(&RefusalCode::ClearanceExpired));
    clear(cleared(1)).await.expect("on record");
    let left = codes(&draft).await;
    assert!(left.iter().all(|code| !code.code().starts_with("clearance")), "{left:?}");
    let own =
        training::clear(agency.own(), &agency.admin(), &agency.admin().user, agency.now()).await;
    assert_eq!(own.expect_err("her own").code(), "own_clearance");
    let admin = agency.admin().user;
    assert!(agency.own().registry.state().users[&admin].cleared_on.is_none());
}
