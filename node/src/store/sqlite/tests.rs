//! What the statements rely on, against a database on disk.

use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, VERSION};
use schemas::query::QueryId;
use schemas::read::Read;
use schemas::time::Timestamp;
use tempfile::TempDir;

use super::Sqlite;
use crate::store::{
    Corrected, Effects, EntryFilter, Pages, Receipted, Row, Served, Side, Store as _,
};

mod search;

async fn store() -> (TempDir, Sqlite) {
    let dir = TempDir::new().unwrap();
    let store = Sqlite::open(&dir.path().join("node.db")).await.unwrap();
    (dir, store)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis).unwrap()
}

fn row(index: u64, millis: i64, query: QueryId, effects: Effects) -> Row {
    let header = Header {
        v: VERSION,
        index,
        at: at(millis),
        kind: EntryKind::QueryAnswered,
        peer: None,
        peer_seq: None,
        query: Some(query.digest()),
        body: Digest::of(b""),
        envelope: None,
    };
    let header_bytes = String::from_utf8(header.to_bytes().unwrap()).unwrap();
    let envelopes = Some("query\nreply".to_owned());
    // As many subtrees as an entry at this place completes.
    let nodes = vec![Digest::of(b"node"); index.trailing_ones() as usize];
    Row { header, header_bytes, salt: [7; 32], body: "{}".into(), envelopes, nodes, effects }
}

fn id(n: u8) -> QueryId {
    QueryId::from_bytes([n; 16])
}

fn served(query_id: QueryId) -> Effects {
    let served = Served {
        query_id,
        requester: "asking-ca-pd".parse().unwrap(),
        asked_at: at(0),
        query_digest: Digest::of(b"query"),
        reply_digest: Digest::of(b"reply"),
        answered: true,
        kept: true,
        authority: Some("an-agreement".parse().unwrap()),
        released: None,
    };
    let pages = vec![b"one\n".to_vec(), b"another\n".to_vec()];
    let pages = Pages { side: Side::Served, query_id, until: at(9_999), pages, images: Vec::new() };
    Effects { served: Some(served), pages: Some(pages), ..Effects::default() }
}

#[tokio::test]
async fn entries_are_found_by_time_at_every_bound() {
    let (_dir, store) = store().await;
    let times = [0, 0, 0, 5, 5, 7, 20, 20];
    let rows: Vec<Row> = (0u64..)
        .zip(times)
        .map(|(index, millis)| row(index, millis, id(index as u8), Effects::default()))
        .collect();
    let empty = EntryFilter { from: Some(at(0)), ..EntryFilter::default() };
    assert!(store.entries(&empty, 0, 100).await.unwrap().is_empty());
    store.commit(&rows).await.unwrap();
    for from in -1..22 {
        for until in -1..22 {
            let filter = EntryFilter {
                from: Some(at(from)),
                until: Some(at(until)),
                ..EntryFilter::default()
            };
            let found = store.entries(&filter, 0, 100).await.unwrap().len();
            let expected = times.iter().filter(|at| (from..until).contains(at)).count();
            assert_eq!(found, expected, "from {from} until {until}");
        }
    }
}

#[tokio::test]
async fn a_query_served_before_fails_its_whole_group_and_leaves_nothing() {
    let (_dir, store) = store().await;
    store.commit(&[row(0, 0, id(1), served(id(1)))]).await.unwrap();
    let group = [row(1, 1, id(2), served(id(2))), row(2, 1, id(1), served(id(1)))];
    assert!(store.commit(&group).await.is_err());
    assert_eq!(store.tail(at(0)).await.unwrap().size, 1);
    assert!(store.served(id(2)).await.unwrap().is_none());
    store.commit(&[row(1, 1, id(2), served(id(2)))]).await.unwrap();
    assert!(store.served(id(2)).await.unwrap().is_some());
}

#[tokio::test]
async fn pages_come_back_as_they_were_put_down_and_end_in_time() {
    let (_dir, store) = store().await;
    store.commit(&[row(0, 0, id(1), served(id(1)))]).await.unwrap();
    let pages = store.pages(Side::Served, id(1), at(0)).await.unwrap();
    assert_eq!(pages, [b"one\n".to_vec(), b"another\n".to_vec()]);
    assert!(store.pages(Side::Asked, id(1), at(0)).await.unwrap().is_empty());
    assert!(store.ended_pages(at(9_998), None, 9).await.unwrap().is_empty());
    let ended = store.ended_pages(at(9_999), None, 9).await.unwrap();
    assert_eq!((ended.len(), ended[0].entry), (1, 0));
    // Kept for a hold, they are shown no longer.
    assert!(store.pages(Side::Served, id(1), at(9_999)).await.unwrap().is_empty());
    let effects = Effects { ended: vec![0], ..Effects::default() };
    store.commit(&[row(1, 9_999, id(2), effects)]).await.unwrap();
    assert!(store.ended_pages(at(9_999), None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn only_bodies_that_end_are_destroyed_and_nothing_is_left_of_them_in_the_files() {
    let (dir, store) = store().await;
    let mut rows: Vec<Row> = (0..40).map(|n| row(n, 0, id(n as u8), Effects::default())).collect();
    for row in &mut rows {
        row.body = format!("{{\"a\":\"THE-SECRET-{}\"}}", "x".repeat(6_000));
    }
    rows[3].header.kind = EntryKind::AlarmRaised;
    rows[3].body = "{\"a\":\"an alarm\"}".into();
    store.commit(&rows).await.unwrap();
    assert_eq!(store.redact(0, 39).await.unwrap(), 39);
    assert_eq!(store.redact(0, 39).await.unwrap(), 0);
    let entries = store.entries(&EntryFilter::default(), 0, 100).await.unwrap();
    for (n, entry) in entries.iter().enumerate() {
        assert_eq!(entry.header, rows[n].header_bytes);
        assert_eq!(entry.body.is_some(), n == 3, "{n}");
        assert_eq!((entry.salt.is_some(), entry.envelope.is_some()), (n == 3, n == 3), "{n}");
    }
    let ending = EntryFilter { ending: true, ..EntryFilter::default() };
    assert!(store.entries(&ending, 0, 100).await.unwrap().is_empty());
    store.erase_traces().await.unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let secret = b"THE-SECRET";
        assert!(!bytes.windows(secret.len()).any(|part| part == secret));
    }
}

#[tokio::test]
async fn the_tail_counts_answers_by_day_and_receipt() {
    let (_dir, store) = store().await;
    let first = row(0, 0, id(1), served(id(1)));
    store.commit(&[first, row(1, 10, id(2), served(id(2)))]).await.unwrap();
    let requester: schemas::agency::AgencyId = "asking-ca-pd".parse().unwrap();
    let receipt = Digest::of(b"receipt");
    let receipted = Some(Receipted { requester: requester.clone(), query_id: id(1), receipt });
    let effects = Effects { receipted, ..Effects::default() };
    store.commit(&[row(2, 11, id(1), effects)]).await.unwrap();
    let tail = store.tail(at(10)).await.unwrap();
    let authority: schemas::query::AuthorityId = "an-agreement".parse().unwrap();
    assert_eq!((tail.size, tail.last_at), (3, Some(at(11))));
    assert_eq!(tail.uses.get(&authority), Some(&2));
    assert_eq!(tail.today.get(&(authority, requester.clone())), Some(&1));
    assert_eq!(tail.unreceipted.get(&requester), Some(&1));
}

fn read_with(n: u8, images: &[Digest]) -> Read {
    let images: Vec<_> = images
        .iter()
        .map(|digest| serde_json::json!({ "view": "plate", "digest": digest, "bytes": 4, "media": "image/jpeg" }))
        .collect();
    serde_json::from_value(serde_json::json!({
        "id": Digest::of(&[n]), "plate": "7ABC123", "plate_raw": "7ABC123", "at": at(0),
        "camera": "1", "source": "native", "record": Digest::of(b""), "images": images,
    }))
    .unwrap()
}

#[tokio::test]
async fn photographs_are_counted_by_the_database_whoever_destroys_what_refers_to_them() {
    let (dir, store) = store().await;
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let reads = vec![read_with(1, &[one, two]), read_with(2, &[one]), read_with(3, &[])];
    store.commit(&[row(0, 0, id(1), Effects { reads, ..Effects::default() })]).await.unwrap();
    let mut effects = served(id(2));
    effects.pages.as_mut().unwrap().images = vec![two];
    store.commit(&[row(1, 0, id(2), effects)]).await.unwrap();
    let mut both = vec![one, two];
    both.sort();
    assert_eq!(store.images(None, 10).await.unwrap(), both);
    assert_eq!(store.images(Some(both[0]), 10).await.unwrap(), both[1..]);
    assert!(store.unreferenced_images(10).await.unwrap().is_empty());
    let mut other = {
        use sqlx::Connection as _;
        let path = format!("sqlite://{}", dir.path().join("node.db").display());
        sqlx::SqliteConnection::connect(&path).await.unwrap()
    };
    sqlx::query("delete from reads").execute(&mut other).await.unwrap();
    // The kept answer still refers to one of them.
    assert_eq!(store.unreferenced_images(10).await.unwrap(), [one]);
    assert_eq!(store.referenced_images(&[one, two]).await.unwrap(), [two]);
    store.forget_images(&[one, two]).await.unwrap();
    assert!(store.unreferenced_images(10).await.unwrap().is_empty());
    assert_eq!(store.images(None, 10).await.unwrap(), [two]);
    let effects = Effects { ended: vec![1], ..Effects::default() };
    store.commit(&[row(2, 0, id(3), effects)]).await.unwrap();
    assert_eq!(store.unreferenced_images(10).await.unwrap(), [two]);
}

#[tokio::test]
async fn versions_and_releases_end_with_the_read_that_they_are_of() {
    let (dir, store) = store().await;
    let (read, other) = (read_with(1, &[]), read_with(2, &[]));
    let reads = vec![read.clone(), other.clone()];
    store.commit(&[row(0, 0, id(1), Effects { reads, ..Effects::default() })]).await.unwrap();
    let mut effects = served(id(2));
    effects.served.as_mut().unwrap().released = Some((at(0), vec![read.id, other.id]));
    store.commit(&[row(1, 0, id(2), effects)]).await.unwrap();
    let now_is = Read { plate: "7ABC128".parse().unwrap(), ..read.clone() };
    let corrected = Some(Corrected { read: now_is.clone(), replaces: 1 });
    store.commit(&[row(2, 1, id(3), Effects { corrected, ..Effects::default() })]).await.unwrap();
    assert_eq!(store.own_read(read.id).await.unwrap(), Some((now_is, 2)));
    assert_eq!(store.read_versions(read.id).await.unwrap(), [(1, read.clone(), 2)]);
    let released = store.released(read.id).await.unwrap();
    assert_eq!((released.len(), released[0].entry), (1, 1));
    assert_eq!(released[0].requester.as_str(), "asking-ca-pd");
    // One of them lives: it is known to whom it went.
    let mut database = {
        use sqlx::Connection as _;
        let path = format!("sqlite://{}", dir.path().join("node.db").display());
        sqlx::SqliteConnection::connect(&path).await.unwrap()
    };
    sqlx::query("delete from reads where plate = '7ABC128'").execute(&mut database).await.unwrap();
    assert!(store.read_versions(read.id).await.unwrap().is_empty());
    assert_eq!(store.forget_released(at(1)).await.unwrap(), 0);
    sqlx::query("delete from reads").execute(&mut database).await.unwrap();
    assert_eq!(store.forget_released(at(0)).await.unwrap(), 0);
    assert_eq!(store.forget_released(at(1)).await.unwrap(), 1);
    assert!(store.released(other.id).await.unwrap().is_empty());
}
