//! Claims about one sighting that its reader tells several times: no reading is lost, none is stored
//! twice, in whichever order and however often the records come.

use ingest::{Format, ImportedRead, Item, items};
use schemas::entry::EntryKind;
use serde_json::json;
use tests::agency::Agency;
use tests::faulty_store::Failure;
use tests::fixtures::{draft, words};

/// What a camera tells of one car, `later` milliseconds after it first saw it.
fn told(agency: &Agency, later: i64, plate: &str, sure: f64, more: &str) -> ImportedRead {
    let at = agency.now().plus_millis(-3_600_000 + later).millis();
    let body = json!({
        "plateUTF8": plate, "plateASCII": plate, "plateConfidence": sure.to_string(),
        "carState": "update", "carID": "4711", "carMoveDirection": more,
        "capture_timestamp": at.to_string(), "camera_info": { "SerialNumber": "B8A4" },
    });
    match items(Format::Axis, body.to_string().as_bytes()).next() {
        Some(Ok(Item::Read(one))) => *one,
        other => panic!("{other:?}"),
    }
}

/// What is found of a plate, and whether it is an earlier reading.
async fn found(agency: &Agency, plate: &str) -> Vec<bool> {
    let heard = agency.search_own(&draft(&[], plate, agency.now())).await.expect("an outcome");
    heard.reads.iter().map(|read| read.earlier_of.is_some()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_surest_reading_holds_and_each_is_found_in_whichever_order_they_come() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let agency = Agency::start("owning-ca-pd").await;
        let records = [
            told(&agency, 0, "8KTR3Q2", 0.6, ""),
            told(&agency, 600, "8KTR392", 0.9, ""),
            told(&agency, 9_000, "8KTR392", 0.95, "in"),
        ];
        for n in order {
            agency.import(vec![records[n].clone()]).await;
        }
        assert_eq!(found(&agency, "8KTR392").await, [false], "{order:?}");
        assert_eq!(found(&agency, "8KTR3Q2").await, [true], "{order:?}");
        let context = agency.context();
        let id = records[0].read.id;
        let (read, _) = context.store.own_read(id).await.expect("a store").expect("the read");
        assert_eq!(read.direction, Some(words("in")));
        assert_eq!(read.confidence.map(f64::from), Some(0.95));
        // Once more, one by one and together: nothing is new.
        let before = context.store.stats().await.expect("a store").reads;
        let entries = agency.log().await.all(EntryKind::ReadsImported).len();
        for n in [0, 1, 2] {
            assert_eq!(agency.import(vec![records[n].clone()]).await, 0);
        }
        assert_eq!(agency.import(records.to_vec()).await, 0);
        assert_eq!(context.store.stats().await.expect("a store").reads, before);
        let log = agency.log().await;
        let now = log.all(EntryKind::ReadsImported).len();
        assert_eq!(now, entries, "what is known makes no entry");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_one_batch_keep_every_version() {
    let agency = Agency::start("owning-ca-pd").await;
    let records = [
        told(&agency, 0, "8KTR392", 0.6, ""),
        told(&agency, 600, "8KTR392", 0.9, ""),
        told(&agency, 9_000, "8KTR392", 0.95, "in"),
    ];
    let id = records[0].read.id;
    let digests: Vec<_> = records.iter().map(|one| one.read.record).collect();
    assert_eq!(agency.import(records.to_vec()).await, 1);
    let store = &agency.context().store;
    let versions = store.read_versions(id).await.expect("a store");
    let of: Vec<_> = versions.iter().map(|(_, read, _)| read.record).collect();
    assert_eq!(of, digests[..2]);
    let (read, version) = store.own_read(id).await.expect("a store").expect("the read");
    assert_eq!((read.record, version), (digests[2], 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_the_middle_of_a_merge_loses_and_doubles_nothing() {
    for failure in [Failure::BeforeWrite, Failure::AfterWrite] {
        let agency = Agency::start("owning-ca-pd").await;
        let first = told(&agency, 0, "8KTR3Q2", 0.6, "");
        let update = told(&agency, 600, "8KTR392", 0.9, "");
        assert_eq!(agency.import(vec![first.clone()]).await, 1);
        agency.store().fail_once_on(EntryKind::ReadsImported, failure);
        let by = agency.admin().into();
        let name = words("test");
        let unseen = agency.node().importer.store(&by, &name, "axis", vec![update.clone()]).await;
        assert!(unseen.is_err(), "{unseen:?}");
        agency.import(vec![update, first]).await;
        assert_eq!(found(&agency, "8KTR392").await, [false], "{failure:?}");
        assert_eq!(found(&agency, "8KTR3Q2").await, [true], "{failure:?}");
        assert_eq!(agency.context().store.stats().await.expect("a store").reads, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_ahead_and_a_read_past_its_retention_are_told() {
    let agency = Agency::start("owning-ca-pd").await;
    let ahead = told(&agency, 400 * 86_400_000, "8KTR392", 0.9, "");
    let clock = ahead.read.at;
    let past = told(&agency, -400 * 86_400_000, "8KTR393", 0.9, "");
    let by = agency.admin().into();
    let name = words("test");
    let stored = agency.node().importer.store(&by, &name, "axis", vec![ahead, past]).await;
    let counted = stored.expect("stored").counted;
    assert_eq!((counted.new, counted.ahead, counted.past), (1, 1, 1));
    let asked = draft(&[], "8KTR392", agency.now());
    let heard = agency.search_own(&asked).await.expect("an outcome");
    assert_eq!(heard.reads[0].reader_clock, Some(clock));
    assert!(heard.reads[0].at <= agency.now());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_on_any_reading_keeps_them_all() {
    for (first, second, held) in
        [(0.6, 0.9, "8KTR3Q2"), (0.6, 0.9, "8KTR392"), (0.9, 0.6, "8KTR392"), (0.9, 0.6, "8KTR3Q2")]
    {
        let agency = Agency::start("owning-ca-pd").await;
        agency.import(vec![told(&agency, 0, "8KTR3Q2", first, "")]).await;
        agency.import(vec![told(&agency, 600, "8KTR392", second, "")]).await;
        agency.import(vec![told(&agency, 60_000, "9ABC456", 0.9, "")]).await;
        let reason = ["--reason", "Trial of case 26-417"];
        agency.accord(&[&["hold", "add", "--plate", held], &reason[..]].concat()).done();
        agency.clock.shift(400 * 86_400_000);
        let ran = agency.accord(&["retention", "run"]).done();
        assert_eq!(ran["reads_purged"], 1, "{held}: {ran}");
        assert_eq!(agency.context().store.stats().await.expect("a store").reads, 2, "{held}");
    }
}
