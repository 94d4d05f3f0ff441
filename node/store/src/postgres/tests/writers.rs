//! One writer, whatever happens to connections, servers and nodes.

use super::*;
use crate::contract::{HEAD, at, id, row, served};
use crate::{EntryFilter, StoreError};

/// Ends the connection that holds the writer's lock, as a broken network would.
fn cut(place: &OnServer) {
    let cut = place.sql(
        "select count(pg_terminate_backend(pid)) from pg_locks
         where locktype = 'advisory' and granted
           and (classid::bigint << 32 | objid::bigint) = writer_lock()",
    );
    assert_eq!(cut, "1");
}

async fn size(store: &dyn Store) -> u64 {
    store.log_state(at(0)).await.unwrap().size
}

fn group(index: u64) -> [crate::Row; 1] {
    let query = id(u8::try_from(index).unwrap());
    [row(index, 0, query, served(query))]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_is_refused_while_the_first_one_runs() {
    let place = OnServer::new().await;
    let first = place.open().await;
    let Err(StoreError::Database(said)) = wait(Postgres::open(&place.url, &me())) else {
        panic!("two write")
    };
    assert_eq!(said, "another node writes to this database; stop that one first");
    assert_eq!(size(first.as_ref()).await, 0);
    first.commit(&group(0), HEAD).await.unwrap();
    drop(first);
    assert_eq!(size(place.open().await.as_ref()).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_whose_place_another_took_appends_nothing_until_that_one_has_gone() {
    let place = OnServer::new().await;
    let first = place.open().await;
    assert_eq!(size(first.as_ref()).await, 0);
    first.commit(&group(0), HEAD).await.unwrap();
    cut(&place);
    let second = place.open().await;
    assert_eq!(size(second.as_ref()).await, 1);
    second.commit(&group(1), HEAD).await.unwrap();
    assert!(first.commit(&group(1), HEAD).await.is_err());
    assert!(first.log_state(at(0)).await.is_err());
    assert!(first.keep_cosigned(1, "a head").await.is_err());
    // It goes on reading.
    assert_eq!(first.entries(&EntryFilter::default(), 0, 9).await.unwrap().len(), 2);
    second.commit(&group(2), HEAD).await.unwrap();
    drop(second);
    // What the other one has written is seen before anything is appended after it.
    let error = first.commit(&group(1), HEAD).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
    assert_eq!(size(first.as_ref()).await, 3);
    first.commit(&group(3), HEAD).await.unwrap();
    assert_eq!(size(first.as_ref()).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_of_an_earlier_epoch_or_elsewhere_in_the_log_is_none() {
    let place = OnServer::new().await;
    let store = place.open().await;
    assert_eq!(size(store.as_ref()).await, 0);
    // The log's end is elsewhere than this writer believes.
    let error = store.commit(&group(1), HEAD).await.unwrap_err();
    assert!(error.to_string().contains("entry 1 does not follow the last one"), "{error}");
    // As when a pooler or a failover let another writer begin, unseen by the connection.
    assert_eq!(place.sql("update node set epoch = epoch + 1"), "UPDATE 1");
    let error = store.commit(&group(0), HEAD).await.unwrap_err();
    assert!(error.to_string().contains("another node writes to this database"), "{error}");
    assert_eq!(size(store.as_ref()).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_loses_nothing_that_was_acknowledged() {
    let place = OnServer::at(Server::start());
    let store = place.open().await;
    let mut acknowledged = size(store.as_ref()).await;
    for _ in 0..3 {
        for _ in 0..5 {
            store.commit(&group(acknowledged), HEAD).await.unwrap();
            acknowledged += 1;
        }
        place.server.stop_at_once();
        // Fails closed while it is away, and says so.
        let error = store.commit(&group(acknowledged), HEAD).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
        let error = store.log_state(at(0)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
        let error = store.stats().await.unwrap_err();
        assert!(error.to_string().contains("see that the server runs"), "{error}");
        place.server.run();
        // Whoever reads need not know.
        let entries = store.entries(&EntryFilter::default(), 0, 99).await.unwrap();
        assert_eq!(entries.len() as u64, acknowledged);
        // Whoever appends reads the log's end first.
        assert!(store.commit(&group(acknowledged), HEAD).await.is_err());
        assert_eq!(size(store.as_ref()).await, acknowledged);
    }
    drop(store);
    assert_eq!(size(place.open().await.as_ref()).await, acknowledged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_gives_up_leaves_whole_groups() {
    let place = OnServer::new().await;
    let store = place.open().await;
    assert_eq!(size(store.as_ref()).await, 0);
    let mut index = 0;
    for patience in 0..40u64 {
        let (held, rows) = (store.clone(), group(index));
        let task = tokio::spawn(async move { held.commit(&rows, HEAD).await });
        tokio::time::sleep(std::time::Duration::from_micros(patience * 60)).await;
        task.abort();
        drop(task.await);
        let now = size(store.as_ref()).await;
        assert!(now == index || now == index + 1, "{now} of {index}");
        let query = id(u8::try_from(index).unwrap());
        assert_eq!(store.served(query).await.unwrap().is_some(), now > index);
        index = now;
    }
}
