//! Which servers and databases a node runs on.

use super::*;
use crate::StoreError;

async fn refused(url: &str) -> String {
    match wait(Postgres::open(&url.parse().unwrap(), &me())) {
        Err(StoreError::Database(said) | StoreError::Unreachable(said)) => said,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("{url} is opened"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_agency_or_half_copied_is_refused() {
    let place = OnServer::new().await;
    drop(place.open().await);
    assert_eq!(place.sql("update node set agency = 'other-ca-pd'"), "UPDATE 1");
    let said = refused(place.url.expose()).await;
    assert!(said.contains("that of `other-ca-pd`, not of `owning-ca-pd`"), "{said}");
    assert_eq!(place.sql("update node set agency = null, state = 'moving'"), "UPDATE 1");
    let said = refused(place.url.expose()).await;
    assert!(said.contains("run `accord store move` again"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_would_lose_what_it_acknowledged_is_refused() {
    let place = OnServer::at(Server::with(&["fsync=off"]));
    let said = refused(place.url.expose()).await;
    assert!(said.contains("fsync or full_page_writes off"), "{said}");
    let place = OnServer::at(Server::with(&["synchronous_commit=off"]));
    // What the server leaves open, the writer asks for.
    let store = wait(Postgres::open(&place.url, &me())).unwrap();
    let mut writer = store.writer.lock().await;
    let mut connection = writer.live(&store.server, &me()).await.unwrap();
    let set: String = sqlx::query_scalar("select current_setting('synchronous_commit')")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(set, "on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_another_encoding_is_refused() {
    let place = OnServer::new().await;
    let made = "create database latin encoding 'LATIN1' template template0 owner accord";
    assert_eq!(place.sql(made), "CREATE DATABASE");
    let url = place.url.expose().replace("test_0", "latin");
    let said = refused(&url).await;
    assert!(said.contains("not encoded in UTF8"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_a_network_is_verified() {
    for url in [
        "postgres://accord@192.0.2.1/accord?sslmode=prefer",
        "postgres://accord@192.0.2.1/accord?sslmode=require",
    ] {
        let said = refused(url).await;
        assert!(said.contains("write sslmode=verify-full"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_or_lets_nobody_in_is_told_without_the_password() {
    let place = OnServer::new().await;
    let said = refused("postgres://accord:s3cret@127.0.0.1:9/accord").await;
    assert!(said.contains("`postgres://accord:***@127.0.0.1:9/accord`"), "{said}");
    assert!(said.contains("see that the server runs"), "{said}");
    let nobody = place.url.expose().replace("user=accord", "user=nobody&password=s3cret");
    let said = refused(&nobody).await;
    assert!(said.contains("role \"nobody\" does not exist"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}
