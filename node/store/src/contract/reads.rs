//! Reads by their ids, their versions, and their end.

use super::*;
use crate::{BroughtRead, CameraStats, Corrected, Store};
use agreements::decide::{DueReads, due_reads};
use agreements::policy::Policy;

const DAY: i64 = 86_400_000;

/// One's own read as it is, with its version.
async fn held(store: &dyn Store, id: schemas::read::ReadId) -> Option<(Read, u32)> {
    store.own_read(id).await.unwrap().map(|own| (own.read, own.version))
}

/// The reads that a policy keeps no longer which ends them at the beginning of the day of `at`, or of the
/// day before it.
fn due(at: Timestamp) -> DueReads {
    let text = Policy::builtin_text("california-statute").unwrap();
    let policy = Policy::from_toml("california-statute", text).unwrap();
    let days = i64::from(policy.retention.reads.cut_off().shortest_days());
    due_reads(&policy, at.plus_millis(days * DAY))
}

pub(crate) async fn reads_are_known_by_their_ids_until_they_are_purged(place: &impl Place) {
    let store = begun(place).await;
    let reads: Vec<Read> = (0..4).map(|n| read(n, i64::from(n) * 20 * DAY, &[])).collect();
    let ids: Vec<_> = reads.iter().map(|read| read.id).collect();
    store.commit(&[row(0, 0, id(1), storing(reads[..3].to_vec()))], HEAD).await.unwrap();
    let mut known = store.known_reads(&ids).await.unwrap();
    known.sort_unstable();
    let mut expected = ids[..3].to_vec();
    expected.sort_unstable();
    assert_eq!(known, expected);
    assert!(store.known_reads(&[]).await.unwrap().is_empty());
    assert_eq!(held(store.as_ref(), ids[1]).await, Some((reads[1].clone(), 1)));
    let effects = StateChanges { purged: vec![ids[0], ids[1], ids[3]], ..StateChanges::default() };
    store.commit(&[row(1, 0, id(2), effects)], HEAD).await.unwrap();
    assert_eq!(store.known_reads(&ids).await.unwrap(), [ids[2]]);
    assert_eq!(store.own_read(ids[1]).await.unwrap(), None);
    store.erase_traces().await.unwrap();
    // One whose month has gone comes again.
    store.commit(&[row(2, 0, id(3), storing(vec![reads[0].clone()]))], HEAD).await.unwrap();
    assert_eq!(store.read(ids[0]).await.unwrap(), Some(reads[0].clone()));
}

pub(crate) async fn reads_of_many_months_are_due_in_order_some_at_a_time(place: &impl Place) {
    let store = begun(place).await;
    // Over two years and on both sides of a month's end; some at one instant.
    let mut times: Vec<i64> = (0..60).map(|n| n * 13 * DAY).collect();
    let month: Timestamp = "2024-02-01T00:00:00Z".parse().unwrap();
    let month = month.millis() - at(0).millis();
    times.extend([month - 1, month, month, month, -40 * 365 * DAY, -60 * 365 * DAY]);
    let mut reads: Vec<Read> =
        (0u8..).zip(&times).map(|(n, millis)| read(n, *millis, &[])).collect();
    store.commit(&[row(0, 0, id(1), storing(reads.clone()))], HEAD).await.unwrap();
    reads.sort_by_key(|read| (read.at, read.id));
    let scope = due(at(400 * DAY));
    let cut_off = scope.cut_off();
    let expected: Vec<Read> = reads.iter().filter(|read| read.at < cut_off).cloned().collect();
    assert_eq!(store.reads_before(cut_off).await.unwrap(), expected.len() as u64);
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let some = store.due_reads(&scope, after, 7).await.unwrap();
        let Some(last) = some.last() else { break };
        assert!(some.len() <= 7);
        after = Some((last.at, last.id));
        found.extend(some);
    }
    assert_eq!(found, expected);
    // Two at one instant, in two parts.
    // A calendar year may be a day longer than that.
    let scope = due(at(month + 2 * DAY));
    let one = store.due_reads(&scope, Some((at(month - 1), found[0].id)), 99).await.unwrap();
    assert!(one.len() >= 3);
    let rest = store.due_reads(&scope, Some((one[0].at, one[0].id)), 99).await.unwrap();
    assert_eq!(rest, one[1..]);
}

pub(crate) async fn a_read_is_stored_once(place: &impl Place) {
    let store = begun(place).await;
    store.commit(&[row(0, 0, id(1), storing(vec![read(1, 0, &[])]))], HEAD).await.unwrap();
    // At another time, too: a source's own id is an id.
    for again in [read(1, 0, &[]), read(1, 90 * DAY, &[])] {
        let both = vec![read(2, 0, &[]), again];
        assert!(store.commit(&[row(1, 0, id(2), storing(both))], HEAD).await.is_err());
        assert_eq!(log_state(store.as_ref()).await.size, 1);
        assert_eq!(store.stats().await.unwrap().reads, 1);
    }
}

pub(crate) async fn what_is_stored_is_counted(place: &impl Place) {
    let store = begun(place).await;
    let none = store.stats().await.unwrap();
    assert_eq!((none.reads, none.plates, none.cameras, none.earliest), (0, 0, 0, None));
    let mut reads: Vec<Read> = (0..9).map(|n| read(n, i64::from(n) * 30 * DAY, &[])).collect();
    reads[3].plate = "8XYZ987".parse().unwrap();
    reads[4].camera = "2".parse().unwrap();
    store.commit(&[row(0, 0, id(1), storing(reads.clone()))], HEAD).await.unwrap();
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.reads, stats.plates, stats.cameras), (9, 2, 2));
    assert_eq!((stats.earliest, stats.latest), (Some(reads[0].at), Some(reads[8].at)));
    let of = |camera: &str, reads, latest| CameraStats {
        camera: camera.parse().unwrap(),
        reads,
        latest,
    };
    let first = reads[0].camera.to_string();
    assert_eq!(stats.by_camera, [of(&first, 8, reads[8].at), of("2", 1, reads[4].at)]);
}

pub(crate) async fn versions_and_releases_end_with_the_read_that_they_are_of(place: &impl Place) {
    let store = begun(place).await;
    let (read, other) = (read(1, 0, &[]), read(2, 0, &[]));
    let reads = vec![read.clone(), other.clone()];
    store.commit(&[row(0, 0, id(1), storing(reads))], HEAD).await.unwrap();
    let mut effects = served(id(2));
    effects.served.as_mut().unwrap().released = Some((at(0), vec![read.id, other.id]));
    let mut one = served(id(4));
    one.served.as_mut().unwrap().released = Some((at(5), vec![other.id]));
    store.commit(&[row(1, 0, id(2), effects), row(2, 0, id(4), one)], HEAD).await.unwrap();
    let correct = async |index, replaces, was: &Read, plate: &str| {
        let now_is = Read { plate: plate.parse().unwrap(), ..read.clone() };
        let corrected = vec![corrected(now_is.clone(), replaces, was)];
        let effects = StateChanges { corrected, ..StateChanges::default() };
        store.commit(&[row(index, 1, id(9), effects)], HEAD).await.unwrap();
        now_is
    };
    let second = correct(3, 1, &read, "7ABC128").await;
    let third = correct(4, 2, &second, "7ABG128").await;
    assert_eq!(held(store.as_ref(), read.id).await, Some((third, 3)));
    let versions = store.read_versions(read.id).await.unwrap();
    assert_eq!(versions, [(1, read.clone(), 3), (2, second, 4)]);
    let released = store.released(&[read.id]).await.unwrap();
    assert_eq!((released.len(), released[0].entry), (1, 1));
    assert_eq!(released[0].requester.as_str(), "asking-ca-pd");
    assert_eq!(released[0].query.lines().next(), Some("query"));
    assert_eq!(store.released(&[other.id]).await.unwrap().len(), 2);
    // One of them lives: it is known to whom it went.
    let purge = async |index, read: &Read| {
        let effects = StateChanges { purged: vec![read.id], ..StateChanges::default() };
        store.commit(&[row(index, 2, id(8), effects)], HEAD).await.unwrap();
    };
    purge(5, &read).await;
    assert!(store.read_versions(read.id).await.unwrap().is_empty());
    assert_eq!(store.forget_released(at(1)).await.unwrap(), 0);
    purge(6, &other).await;
    assert_eq!(store.forget_released(at(0)).await.unwrap(), 0);
    assert_eq!(store.forget_released(at(1)).await.unwrap(), 1);
    assert_eq!(store.released(&[other.id]).await.unwrap().len(), 1);
    assert_eq!(store.forget_released(at(6)).await.unwrap(), 1);
    assert!(store.released(&[other.id]).await.unwrap().is_empty());
}

fn corrected(read: Read, replaces: u32, was: &Read) -> Corrected {
    Corrected { read, was: vec![(replaces, was.clone())], withdrawn: false }
}

/// What makes `read` the present version of one that was another.
fn becoming(read: &Read, was: &Read) -> StateChanges {
    let corrected = vec![corrected(read.clone(), 1, was)];
    StateChanges { corrected, ..StateChanges::default() }
}

pub(crate) async fn a_correction_of_a_read_that_was_destroyed_leaves_nothing(place: &impl Place) {
    let store = begun(place).await;
    let image = Digest::of(b"one");
    let (was, kept) = (read(1, 0, &[image]), read(2, 0, &[image]));
    let both = vec![was.clone(), kept.clone()];
    store.commit(&[row(0, 0, id(1), storing(both))], HEAD).await.unwrap();
    let purge = |read: &Read| StateChanges { purged: vec![read.id], ..StateChanges::default() };
    store.commit(&[row(1, 0, id(2), purge(&was))], HEAD).await.unwrap();
    // Whoever corrects looked before it was destroyed.
    let now_is = Read { plate: "7ABC128".parse().unwrap(), ..was.clone() };
    store.commit(&[row(2, 0, id(3), becoming(&now_is, &was))], HEAD).await.unwrap();
    assert_eq!(store.own_read(was.id).await.unwrap(), None);
    assert!(store.read_versions(was.id).await.unwrap().is_empty(), "nor what it was");
    store.commit(&[row(3, 0, id(4), purge(&kept))], HEAD).await.unwrap();
    assert_eq!(store.unreferenced_images(10).await.unwrap(), [image], "nor its photograph");
    // It comes again as new.
    store.commit(&[row(4, 0, id(5), storing(vec![was.clone()]))], HEAD).await.unwrap();
    assert_eq!(held(store.as_ref(), was.id).await, Some((was, 1)));
}

pub(crate) async fn what_a_person_corrected_is_told_from_what_a_reader_told_better(
    place: &impl Place,
) {
    let store = begun(place).await;
    let reads: Vec<Read> = (0..3).map(|n| read(n, 0, &[])).collect();
    store.commit(&[row(0, 0, id(1), storing(reads.clone()))], HEAD).await.unwrap();
    for (index, of, kind) in
        [(1, &reads[0], EntryKind::ReadsImported), (2, &reads[1], EntryKind::ReadsCorrected)]
    {
        let now_is = Read { direction: Some("in".parse().unwrap()), ..of.clone() };
        let mut row = row(index, 0, id(2), becoming(&now_is, of));
        row.header.kind = kind;
        write(&mut row);
        store.commit(&[row], HEAD).await.unwrap();
    }
    let ids: Vec<_> = reads.iter().map(|read| read.id).collect();
    let mut found = store.own_reads(&ids).await.unwrap();
    found.sort_by_key(|one| ids.iter().position(|id| *id == one.read.id));
    let told: Vec<_> = found.iter().map(|one| (one.version, one.corrected)).collect();
    assert_eq!(told, [(2, false), (2, true), (1, false)]);
}

pub(crate) async fn a_read_that_is_told_better_may_be_of_an_earlier_month(place: &impl Place) {
    let store = begun(place).await;
    let image = Digest::of(b"one");
    let was = read(1, 40 * DAY, &[image]);
    store.commit(&[row(0, 0, id(1), storing(vec![was.clone()]))], HEAD).await.unwrap();
    let now_is = Read { at: at(0), ..was.clone() };
    store.commit(&[row(1, 0, id(2), becoming(&now_is, &was))], HEAD).await.unwrap();
    assert_eq!(held(store.as_ref(), was.id).await, Some((now_is.clone(), 2)));
    assert_eq!(store.reads_before(at(1)).await.unwrap(), 1, "it is due by its own time");
    assert!(store.unreferenced_images(10).await.unwrap().is_empty());
    let purged = StateChanges { purged: vec![was.id], ..StateChanges::default() };
    store.commit(&[row(2, 0, id(3), purged)], HEAD).await.unwrap();
    assert_eq!(store.stats().await.unwrap().reads, 0);
    assert_eq!(store.unreferenced_images(10).await.unwrap(), [image]);
}

pub(crate) async fn the_earlier_readings_of_a_read_are_found(place: &impl Place) {
    let store = begun(place).await;
    let better = read(0, 0, &[]);
    let mut earlier: Vec<Read> = (1..4)
        .map(|n| Read { earlier_of: Some(better.id), ..read(n, i64::from(n) * 20 * DAY, &[]) })
        .collect();
    let other = Read { earlier_of: Some(earlier[0].id), ..read(4, 0, &[]) };
    let all = [vec![better.clone(), other], earlier.clone()].concat();
    store.commit(&[row(0, 0, id(1), storing(all))], HEAD).await.unwrap();
    earlier.sort_by_key(|read| read.id);
    let found = async || {
        let found = store.earlier_readings(&[better.id]).await.unwrap();
        found.into_iter().map(|one| one.read).collect::<Vec<_>>()
    };
    assert_eq!(found().await, earlier);
    // As one of them is told better it stays one.
    let told = Read { direction: Some("in".parse().unwrap()), ..earlier[0].clone() };
    store.commit(&[row(1, 0, id(2), becoming(&told, &earlier[0]))], HEAD).await.unwrap();
    assert_eq!(found().await, [vec![told], earlier[1..].to_vec()].concat());
    // And so when that read is there no longer.
    let purged = StateChanges { purged: vec![better.id], ..StateChanges::default() };
    store.commit(&[row(2, 0, id(3), purged)], HEAD).await.unwrap();
    assert_eq!(found().await.len(), 3);
}

pub(crate) async fn what_entries_brought_or_told_otherwise_is_told_with_what_it_was(
    place: &impl Place,
) {
    let store = begun(place).await;
    let [mine, theirs, twice, since] = [1, 2, 3, 4].map(|n| read(n, i64::from(n) * 20 * DAY, &[]));
    let good = vec![mine.clone(), twice.clone(), since.clone()];
    store.commit(&[row(0, 0, id(1), storing(good))], HEAD).await.unwrap();
    store.commit(&[row(1, 0, id(2), storing(vec![theirs.clone()]))], HEAD).await.unwrap();
    let told = |read: &Read, plate: &str| Read { plate: plate.parse().unwrap(), ..read.clone() };
    let retell = async |index, replaces, was: &Read, plate: &str| {
        let now_is = told(was, plate);
        let all = vec![corrected(now_is.clone(), replaces, was)];
        let effects = StateChanges { corrected: all, ..StateChanges::default() };
        store.commit(&[row(index, 1, id(9), effects)], HEAD).await.unwrap();
        now_is
    };
    let twice_told = retell(2, 1, &twice, "7ABC120").await;
    let twice_told = retell(3, 2, &twice_told, "7ABC121").await;
    let since_told = retell(4, 1, &since, "7ABC122").await;
    drop(retell(5, 2, &since_told, "7ABC123").await);
    let mut found = store.brought_by(&[1, 2, 3, 4], 10).await.unwrap();
    found.sort_by_key(|one| one.before.is_some());
    let brought = BroughtRead { read: theirs.clone(), version: 1, before: None };
    let otherwise = BroughtRead { read: twice_told, version: 3, before: Some(twice.clone()) };
    // What another entry told since stays as that told it.
    assert_eq!(found, [brought, otherwise]);
    assert_eq!(store.brought_by(&[1, 2, 3, 4], 1).await.unwrap().len(), 1);
    assert!(store.brought_by(&[6], 10).await.unwrap().is_empty());
    let own = store.own_read(theirs.id).await.unwrap().unwrap();
    assert_eq!((own.brought_by, own.withdrawn), (1, None));
    // What is withdrawn is not told again.
    let withdrawn = Corrected { withdrawn: true, ..corrected(theirs.clone(), 1, &theirs) };
    let effects = StateChanges { corrected: vec![withdrawn], ..StateChanges::default() };
    store.commit(&[row(6, 1, id(9), effects)], HEAD).await.unwrap();
    let found = store.brought_by(&[1, 2, 3, 4], 10).await.unwrap();
    assert_eq!(found.iter().map(|one| one.read.id).collect::<Vec<_>>(), [twice.id]);
    let own = store.own_read(theirs.id).await.unwrap().unwrap();
    assert_eq!((own.brought_by, own.withdrawn, own.version), (1, Some(6), 2));
    assert_eq!(own.read, theirs, "for who audits");
}
