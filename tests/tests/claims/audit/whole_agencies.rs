//! What is unusual of a whole agency is told, whatever names it gives its people.

use schemas::envelope::Kind as Signed;
use serde_json::Value;
use tests::agency::{Agency, Plan};
use tests::federation::owner_and_raw_of;
use tests::fixtures::{PLATE, query, words};
use tests::raw_peer::RawPeer;

/// Asks for a plate as an officer of such a number, for one and the same case.
async fn asks(raw: &RawPeer, owner: &Agency, plate: &str, officer: u32) {
    let mut asked = query(raw.id(), owner.id(), plate, owner.now());
    asked.requester.user = format!("officer.{officer}").parse().expect("a user name");
    asked.requester.full_name = words(&format!("Invented Officer {officer}"));
    drop(raw.ask(owner, &raw.identity.sign(Signed::Query, &asked)).await.answered());
}

fn of_agencies(owner: &Agency) -> Vec<(String, Value, Value)> {
    let ended = owner.accord(&["audit", "report", "--kind", "exceptions"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let rows = ended.lines().into_iter();
    let mut found: Vec<_> = rows
        .filter(|row| row["finding"].as_str().is_some_and(|name| name.starts_with("agency_")))
        .map(|row| {
            let name = row["finding"].as_str().unwrap_or_default().to_owned();
            (name, row["user"].clone(), row["count"].clone())
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn one_plate_after_another_under_invented_names_is_told_of_the_agency_and_by_doctor() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| {
        bounds.usual_plates_per_day = 50;
        bounds.usual_new_people_per_day = 5;
        bounds.usual_plates_per_case = 40;
        bounds.receipts_outstanding = 1_000;
    });
    let (owner, raw, _) = owner_and_raw_of(plan).await;
    // Ten minutes into a day, so that the claim does not depend on when it is tested.
    let day = 24 * 3_600_000;
    owner.clock.shift(day - owner.now().millis().rem_euclid(day) + 600_000);
    for officer in 0..5 {
        asks(&raw, &owner, PLATE, officer).await;
    }
    assert_eq!(of_agencies(&owner), [], "five officers who look for one vehicle");
    assert!(owner.accord(&["doctor"]).check("answers").0);
    for n in 0..115 {
        asks(&raw, &owner, &format!("9EN{n:04}"), n % 40).await;
    }
    let found = of_agencies(&owner);
    let names: Vec<_> = found.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["agency_case", "agency_people", "agency_plates"]);
    assert!(found.iter().all(|(_, user, _)| user.is_null()), "of no single person: {found:?}");
    let (ok, said) = owner.accord(&["doctor"]).check("answers");
    assert!(!ok && said.contains("hostile-ca-pd was given 120 answers"), "{said}");
    // With five answers in a hundred and twenty that held a read, nothing but misses follows.
    for n in 0..140 {
        asks(&raw, &owner, &format!("9EM{n:04}"), n % 40).await;
    }
    let found = of_agencies(&owner);
    let names: Vec<_> = found.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["agency_case", "agency_hits", "agency_people", "agency_plates"]);
}
