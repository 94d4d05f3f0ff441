//! Claims about one sighting that its reader tells several times: no reading is lost, none is stored
//! twice, in whichever order and however often the records come.

use ingest::{Format, ImportedRead, Item, items};
use node::reads::corrections::CorrectionRequest;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::event::reads::ReadsImported;
use schemas::time::DAY_MS;
use serde_json::json;
use store::OwnRead;
use tests::agency::Agency;
use tests::faulty_store::Failure;
use tests::fixtures::{draft, words};
use tests::logs::Log;

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

/// What the last entry of an import says.
fn imported(log: &Log) -> &ReadsImported {
    match &log.last(EntryKind::ReadsImported).body.event {
        Event::ReadsImported(event) => event,
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
        let OwnRead { read, .. } =
            context.store.own_read(id).await.expect("a store").expect("the read");
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
async fn two_readings_told_in_turn_are_two_reads_in_one_batch_and_in_four() {
    for at_once in [4, 2, 1] {
        let agency = Agency::start("owning-ca-pd").await;
        let plates = ["8KTR392", "8KTR3Q2", "8KTR392", "8KTR3Q2"];
        let records: Vec<_> =
            (0..).zip(plates).map(|(n, plate)| told(&agency, n * 600, plate, 0.9, "")).collect();
        // One stored twice fails its whole group, each time it is tried.
        for _ in 0..2 {
            for batch in records.chunks(at_once) {
                agency.import(batch.to_vec()).await;
            }
        }
        assert_eq!(found(&agency, "8KTR3Q2").await, [false], "the one it came to last");
        assert_eq!(found(&agency, "8KTR392").await, [true]);
        assert_eq!(agency.context().store.stats().await.expect("a store").reads, 2, "{at_once}");
    }
}

/// All orders of so many.
fn orders(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(of - 1);
    let put = |order: &Vec<usize>, at| {
        let mut longer = order.clone();
        longer.insert(at, of - 1);
        longer
    };
    shorter.iter().flat_map(|order| (0..of).map(move |at| put(order, at))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_and_every_division_into_batches_ends_in_the_same_reads() {
    let agency = Agency::start("owning-ca-pd").await;
    let records = [
        told(&agency, 0, "8KTR3Q2", 0.8, ""),
        told(&agency, 400, "8KTR392", 0.8, "in"),
        told(&agency, 800, "8KTR3Q2", 0.5, ""),
        told(&agency, 1_200, "8KTR39", 0.7, ""),
    ];
    let store = &agency.context().store;
    let mut known = None;
    for (n, order) in orders(records.len()).into_iter().enumerate() {
        // Each bit ends a batch.
        for division in 0..1_u8 << (records.len() - 1) {
            let sighting = format!("B8A4/{n}-{division}");
            let renamed = |one: &ImportedRead| {
                let mut one = one.clone();
                one.read.vendor_id = Some(words(&sighting));
                one.read.id = one.read.first_id();
                one
            };
            let ordered: Vec<_> = order.iter().map(|n| renamed(&records[*n])).collect();
            let id = ordered[0].read.id;
            let mut batch = Vec::new();
            for (place, record) in ordered.into_iter().enumerate() {
                batch.push(record);
                if division >> place & 1 == 1 {
                    agency.import(std::mem::take(&mut batch)).await;
                }
            }
            agency.import(batch).await;
            let holds = store.read(id).await.expect("a store").expect("the read");
            let readings = store.earlier_readings(&[id]).await.expect("a store");
            let plate = holds.plate.clone();
            let other = readings.into_iter().map(|one| one.read).filter(|read| read.plate != plate);
            let all = [holds].into_iter().chain(other);
            let mut found: Vec<_> = all
                .map(|read| {
                    let (plate, sure) = (read.plate.to_string(), read.confidence.map(f64::from));
                    (read.earlier_of.is_some(), plate, read.at, sure, read.camera)
                })
                .collect();
            found.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
            let expected = known.get_or_insert_with(|| found.clone());
            assert_eq!(found, *expected, "{order:?} divided by {division:b}");
        }
    }
    let plates: Vec<_> = known.expect("reads").into_iter().map(|one| (one.0, one.1)).collect();
    let expected = [(false, "8KTR392"), (true, "8KTR39"), (true, "8KTR3Q2")];
    assert_eq!(plates, expected.map(|(earlier, plate)| (earlier, plate.to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_never_held_is_no_version_of_the_one_that_does() {
    let agency = Agency::start("owning-ca-pd").await;
    let first = told(&agency, 0, "8KTR392", 0.9, "");
    agency.import(vec![first.clone()]).await;
    agency.import(vec![told(&agency, 600, "8KTR3Q2", 0.5, "")]).await;
    let store = &agency.context().store;
    let OwnRead { read, version, .. } =
        store.own_read(first.read.id).await.expect("a store").expect("the read");
    assert_eq!((&read, version), (&first.read, 1), "nothing of it changed");
    assert!(store.read_versions(read.id).await.expect("a store").is_empty());
    let readings = store.earlier_readings(&[read.id]).await.expect("a store");
    assert_eq!(readings.len(), 1, "the other is beside it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_a_person_corrected_no_reader_changes() {
    let agency = Agency::start("owning-ca-pd").await;
    let mut first = told(&agency, 0, "8KTR392", 0.6, "");
    first.read.plate_state = Some("CA".parse().expect("a state"));
    let id = first.read.id;
    agency.import(vec![first]).await;
    let wanted = CorrectionRequest {
        plate: "8KTR392".parse().expect("a plate"),
        plate_state: Some("NV".parse().expect("a state")),
        reason: words("The plate in the photograph is one of Nevada"),
    };
    agency.correct_read(&agency.admin(), id, &wanted).await.expect("corrected");
    for (later, plate) in [(600, "8KTR3Q2"), (900, "8KTR392")] {
        let mut update = told(&agency, later, plate, 0.95, "in");
        update.read.plate_state = Some("CA".parse().expect("a state"));
        agency.import(vec![update]).await;
    }
    let OwnRead { read, .. } =
        agency.context().store.own_read(id).await.expect("a store").expect("the read");
    assert_eq!((Some(read.plate), read.plate_state), (Some(wanted.plate), wanted.plate_state));
    assert_eq!(read.direction, Some(words("in")), "what nobody corrected is told better");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_import_told_better_is_bound_by_its_entry() {
    let agency = Agency::start("owning-ca-pd").await;
    let first = told(&agency, 0, "8KTR392", 0.6, "");
    agency.import(vec![first.clone()]).await;
    assert!(imported(&agency.log().await).better_digest.is_none());
    agency.import(vec![told(&agency, 600, "8KTR392", 0.9, "in")]).await;
    let read = agency.context().store.read(first.read.id).await.expect("a store");
    let line = serde_json::to_vec(&read.expect("the read")).expect("a line");
    let bound = [first.read.id.as_bytes().as_slice(), Digest::of(&line).as_bytes()].concat();
    let log = agency.log().await;
    let event = imported(&log);
    assert_eq!(event.better_digest, Some(Digest::of(&bound)));
    assert_eq!((event.stored, event.merged), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn by_a_clock_that_cannot_be_right_nothing_is_taken_and_nothing_is_past() {
    let agency = Agency::start("owning-ca-pd").await;
    let record = told(&agency, 0, "8KTR392", 0.9, "");
    let before = agency.log().await.entries().len();
    agency.clock.set_wrong(3_650 * DAY_MS);
    let by = agency.admin().into();
    let importer = &agency.node().importer;
    let refused = importer.store(&by, &words("test"), "axis", vec![record.clone()]).await;
    let said = format!("{:?}", refused.expect_err("refused"));
    assert!(said.contains("ClockAhead"), "{said}");
    agency.clock.set_wrong(-3_650 * DAY_MS);
    assert_eq!(agency.log().await.entries().len(), before);
    assert_eq!(agency.import(vec![record]).await, 1, "it is none the worse");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_that_are_all_past_their_retention_are_counted_by_an_entry() {
    let agency = Agency::start("owning-ca-pd").await;
    let past = told(&agency, -400 * DAY_MS, "8KTR393", 0.9, "");
    assert_eq!(agency.import(vec![past]).await, 0);
    let log = agency.log().await;
    let event = imported(&log);
    assert_eq!((event.offered, event.stored, event.past), (1, 0, 1));
    assert_eq!(agency.context().store.stats().await.expect("a store").reads, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_by_a_clock_that_is_ahead_counts_from_when_it_came_in_beside_another_too() {
    let agency = Agency::start("owning-ca-pd").await;
    let (hour, minute) = (3_600_000, 60_000);
    // The first is ahead by what clocks may be; the others are further ahead.
    let records = [
        told(&agency, hour + 4 * minute, "8KTR392", 0.9, ""),
        told(&agency, hour + 7 * minute, "8KTR3Q2", 0.5, ""),
        told(&agency, hour + 8 * minute, "8KTR39", 0.95, ""),
    ];
    for record in &records {
        agency.import(vec![record.clone()]).await;
    }
    let store = &agency.context().store;
    let id = records[0].read.id;
    let readings = store.earlier_readings(&[id]).await.expect("a store");
    let mut all: Vec<_> = readings.into_iter().map(|one| one.read).collect();
    assert_eq!(all.len(), 2);
    all.push(store.read(id).await.expect("a store").expect("the read"));
    for read in all {
        assert!(read.at <= agency.now().plus_millis(5 * minute), "{read:?}");
        let ahead = read.plate != records[0].read.plate;
        assert_eq!(read.reader_clock.is_some(), ahead, "{read:?}");
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
    let OwnRead { read, version, .. } =
        store.own_read(id).await.expect("a store").expect("the read");
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
