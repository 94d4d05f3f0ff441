//! Every search that an investigator makes, over real nodes: what each finds, what a policy or an
//! agreement keeps back and why.

use agreements::policy::Policy;
use ingest::ImportedRead;
use node::admin::policy;
use node::exchange::ask::QueryOutcome;
use schemas::area::{Near, Polygon};
use schemas::draft::Draft;
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::purpose::QueryKind;
use schemas::query::Elements;
use schemas::read::{Location, Read};
use schemas::refusal::RefusalCode;
use tests::agency::Agency;
use tests::federation::{in_force_with, introduce};
use tests::fixtures::{DAY_MS, HOUR_MS, draft, elements, reads, words};

fn place(latitude: f64, longitude: f64) -> Location {
    Location::new(latitude, longitude).expect("degrees").expect("a place")
}

/// A read of `plate`, so many hours ago, of a vehicle, somewhere.
fn read(owner: &Agency, plate: &str, hours: i64, vehicle: [&str; 3], at: (f64, f64)) -> Read {
    let now = owner.now().plus_millis(HOUR_MS - hours * HOUR_MS);
    let mut read = reads(owner.id(), plate, 1, now).remove(0);
    let [make, color, body] = vehicle.map(|text| Some(words(text)));
    (read.vehicle.make, read.vehicle.color, read.vehicle.body) = (make, color, body);
    read.location = Some(place(at.0, at.1));
    read.camera = words(&format!("{plate} camera"));
    read
}

/// Two agencies that know each other, and what the owner has seen.
async fn sighted() -> (Agency, Agency) {
    let (asking, owning) =
        (Agency::start("asking-ca-pd").await, Agency::start("owning-ca-pd").await);
    introduce(&[&asking, &owning]).await;
    let owner = &owning;
    let batch = [
        read(owner, "8ABC123", 2, ["Honda", "silver-gray", "sedan"], (34.10, -118.10)),
        read(owner, "BABC123", 3, ["Ford", "red", "pickup"], (34.101, -118.10)),
        read(owner, "8A8CIZ3", 4, ["Ford", "blue", "van"], (34.20, -118.10)),
        read(owner, "8ABX999", 5, ["Mercedes-Benz", "gray", "suv-crossover"], (34.10, -118.10)),
        read(owner, "9ZZZ123", 50, ["Honda", "white", "sedan"], (34.10, -118.105)),
    ];
    assert_eq!(owner.import(batch.into_iter().map(ImportedRead::new).collect()).await, 5);
    (asking, owning)
}

/// A policy that lets peers search in every way, with more lines in `[searches]`.
async fn open_to_every_search(owner: &Agency, more: &str) {
    let text = Policy::builtin_text("california-statute").expect("a policy");
    let all =
        format!("kinds = [\"exact\", \"partial\", \"misread\", \"area\", \"vehicle\"]\n{more}");
    let open = text.replace("kinds = [\"exact\", \"partial\", \"misread\"]", &all);
    assert_ne!(text, open);
    policy::adopt(owner.own(), &owner.admin(), "open.toml", &open).await.expect("a policy");
}

async fn share(agencies: [&Agency; 2], change: impl FnOnce(&mut agreements::agreement::Agreement)) {
    in_force_with(&agencies, |text| {
        text.query_kinds = QueryKind::ALL.to_vec();
        change(text);
    })
    .await;
}

fn asking_for(asking: &Agency, owner: &Agency, change: impl FnOnce(&mut Elements)) -> Draft {
    let mut draft = draft(&[owner.id()], "8ABC123", asking.now());
    change(&mut draft.elements);
    draft
}

fn without_plate(elements: &mut Elements, kind: QueryKind) {
    elements.kind = kind;
    elements.plate = None;
}

async fn asks(asking: &Agency, owner: &Agency, change: impl FnOnce(&mut Elements)) -> QueryOutcome {
    asking.ask(&asking_for(asking, owner, change)).await.remove(0)
}

fn plates(heard: &QueryOutcome) -> Vec<&str> {
    assert_eq!(heard.outcome, OutcomeCode::Answered, "{:?} {:?}", heard.reasons, heard.error);
    heard.reads.iter().map(|read| read.plate.as_str()).collect()
}

type Change = fn(&mut Elements);

fn near(radius_m: u32) -> Option<Near> {
    Some(Near { center: place(34.10, -118.10), radius_m })
}

/// What is searched, how, and the plates of what is found, in their order.
const SEARCHES: [(&str, Change, &[&str]); 13] = [
    ("exact", |_| {}, &["8ABC123"]),
    (
        "a beginning",
        |e| {
            without_plate(e, QueryKind::Partial);
            e.pattern = Some("8AB*".parse().expect("a pattern"));
        },
        &["8ABX999", "8ABC123"],
    ),
    (
        "an end, at any time",
        |e| {
            without_plate(e, QueryKind::Partial);
            e.pattern = Some("*C123".parse().expect("a pattern"));
        },
        &["BABC123", "8ABC123"],
    ),
    (
        "a middle",
        |e| {
            without_plate(e, QueryKind::Partial);
            e.pattern = Some("?AB?12?".parse().expect("a pattern"));
        },
        &["BABC123", "8ABC123"],
    ),
    (
        "what readers confuse, the plate itself first",
        |e| e.kind = QueryKind::Misread,
        &["8ABC123", "BABC123", "8A8CIZ3"],
    ),
    ("of another state", |e| e.plate_state = Some("NV".parse().expect("a state")), &[]),
    (
        "a circle",
        |e| {
            without_plate(e, QueryKind::Area);
            e.near = near(200);
        },
        &["8ABX999", "BABC123", "8ABC123"],
    ),
    (
        "a polygon",
        |e| {
            without_plate(e, QueryKind::Area);
            let corners = [(34.09, -118.11), (34.09, -118.102), (34.11, -118.107)];
            let corners = corners.map(|(up, right)| place(up, right)).to_vec();
            e.polygon = Some(Polygon::new(corners).expect("a polygon"));
        },
        &["9ZZZ123"],
    ),
    (
        "a make",
        |e| {
            without_plate(e, QueryKind::Vehicle);
            e.make = Some(words("HONDA"));
        },
        &["9ZZZ123", "8ABC123"],
    ),
    (
        "a colour of several words",
        |e| {
            without_plate(e, QueryKind::Vehicle);
            e.color = Some(words("gray"));
        },
        &["8ABX999", "8ABC123"],
    ),
    (
        "a body near a place",
        |e| {
            without_plate(e, QueryKind::Vehicle);
            e.body = Some(words("sedan"));
            e.near = near(300);
        },
        &["8ABC123"],
    ),
    (
        "a camera",
        |e| {
            without_plate(e, QueryKind::Vehicle);
            e.camera = Some(words("8A8CIZ3 camera"));
        },
        &["8A8CIZ3"],
    ),
    (
        "a vehicle on that day",
        |e| {
            without_plate(e, QueryKind::Vehicle);
            e.make = Some(words("Honda"));
            e.from = e.until.plus_millis(-DAY_MS);
        },
        &["8ABC123"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_search_finds_its_reads_in_their_order() {
    let (asking, owner) = sighted().await;
    open_to_every_search(&owner, "").await;
    share([&asking, &owner], |_| {}).await;
    for (what, change, expected) in SEARCHES {
        let heard = asks(&asking, &owner, change).await;
        assert_eq!(plates(&heard), expected, "{what}");
        // Each with both notices, and in both logs with what was looked for.
        assert!(!heard.own_notice.is_empty() && !heard.notice.is_empty(), "{what}");
    }
    let heard = asks(&asking, &owner, |e| e.kind = QueryKind::Misread).await;
    let told: Vec<_> = heard
        .misread
        .iter()
        .map(|one| one.substitutions.iter().map(|s| (s.position, s.asked, s.read)).collect())
        .collect::<Vec<Vec<_>>>();
    assert_eq!(told, [vec![(1, '8', 'B')], vec![(3, 'B', '8'), (5, '1', 'I'), (6, '2', 'Z')]]);
    let log = owner.log().await;
    let looked_for = |kind| {
        log.all(schemas::entry::EntryKind::QueryAnswered)
            .iter()
            .filter(|entry| entry.access().elements.kind == kind)
            .count()
    };
    let counts: Vec<_> = QueryKind::ALL.iter().copied().map(looked_for).collect();
    assert_eq!(counts, [2, 3, 2, 2, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reads_of_a_limited_search_say_that_there_are_more() {
    let (asking, owner) = sighted().await;
    open_to_every_search(&owner, "").await;
    share([&asking, &owner], |text| text.row_limit = 2).await;
    let misread = asks(&asking, &owner, |e| e.kind = QueryKind::Misread).await;
    assert_eq!((plates(&misread), misread.truncated), (vec!["8ABC123", "BABC123"], true));
    let make = asks(&asking, &owner, |e| {
        without_plate(e, QueryKind::Vehicle);
        e.make = Some(words("ford"));
    })
    .await;
    assert_eq!((plates(&make), make.truncated), (vec!["8A8CIZ3", "BABC123"], false));
}

fn refused(heard: &QueryOutcome) -> Vec<(RefusalCode, Vec<String>)> {
    assert_eq!(
        (heard.outcome, heard.refused_by),
        (OutcomeCode::Refused, Some(RefusedBy::Owner)),
        "{:?}",
        heard.error
    );
    let reasons = heard.reasons.iter();
    reasons
        .map(|one| {
            (one.code, one.citations.iter().map(|citation| citation.section.clone()).collect())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_refuses_searches_and_says_where_it_stands() {
    let (asking, owner) = sighted().await;
    share([&asking, &owner], |_| {}).await;
    let law = vec![(RefusalCode::QueryKind, vec!["1798.90.52(a)(2)".to_owned()])];
    let area: Change = |e| {
        without_plate(e, QueryKind::Area);
        e.near = near(200);
    };
    let vehicle: Change = |e| {
        without_plate(e, QueryKind::Vehicle);
        e.make = Some(words("Ford"));
    };
    let part: Change = |e| {
        without_plate(e, QueryKind::Partial);
        e.pattern = Some("8AB*".parse().expect("a pattern"));
    };
    // The statute's minimum opens no search without a plate.
    for closed in [area, vehicle] {
        assert_eq!(refused(&asks(&asking, &owner, closed).await), law);
    }
    assert_eq!(plates(&asks(&asking, &owner, part).await), ["8ABX999", "8ABC123"]);
    // Nor does a policy that opens them open those that are too wide.
    open_to_every_search(&owner, "known_characters = 4\nwidest_m = 150").await;
    for wide in [area, part] {
        assert_eq!(refused(&asks(&asking, &owner, wide).await), law);
    }
    assert_eq!(plates(&asks(&asking, &owner, vehicle).await), ["8A8CIZ3", "BABC123"]);
    assert_eq!(owner.store().searches(), 2, "nothing that was refused was searched");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_narrows_searches_and_refuses_kinds_by_its_clause() {
    let (asking, owner) = sighted().await;
    open_to_every_search(&owner, "").await;
    share([&asking, &owner], |text| {
        text.query_kinds = vec![QueryKind::Exact, QueryKind::Vehicle];
        text.longest_days = Some(1);
        text.clauses[0].governs.extend(["query_kinds".into(), "longest_days".into()]);
    })
    .await;
    let honda: Change = |e| {
        without_plate(e, QueryKind::Vehicle);
        e.make = Some(words("Honda"));
    };
    // One of the two was seen more than a day ago.
    assert_eq!(plates(&asks(&asking, &owner, honda).await), ["8ABC123"]);
    let log = owner.log().await;
    let answer = log.last(schemas::entry::EntryKind::QueryAnswered);
    let asked = answer.access().elements.clone();
    let released: schemas::answer::Answer =
        serde_json::from_slice(tests::logs::envelope(&answer.envelopes[1]).unverified_payload())
            .expect("an answer");
    assert_eq!(released.released.from, asked.until.plus_millis(-DAY_MS));
    let misread = asks(&asking, &owner, |e| e.kind = QueryKind::Misread).await;
    assert_eq!(refused(&misread), [(RefusalCode::QueryKind, vec!["1.1".to_owned()])]);
    // A search for a plate is not cut.
    let plate = asks(&asking, &owner, |e| {
        *e = elements("9ZZZ123", e.until);
    })
    .await;
    assert_eq!(plates(&plate), ["9ZZZ123"]);
}
