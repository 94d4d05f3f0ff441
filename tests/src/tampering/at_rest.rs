//! The log of a node at rest, written anew by who has all that its home holds: its keys too.

use std::path::Path;

use audit_log::database_head;
use audit_log::keys::Keyring;
use host::home::Home;
use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::checkpoint::origin;
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::key_use::KeyUse;
use schemas::merkle::{self, Frontier};
use schemas::note::Signer;
use schemas::time::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use store::LogWriter as _;
use store::sqlite::Sqlite;

use super::plain::{pack_log, unpack_log};

/// An entry as its log's own owner writes it.
#[derive(Debug)]
pub struct Forged {
    /// Its header; body and envelopes are committed to anew.
    pub header: Header,
    /// Its body.
    pub body: String,
    /// The envelopes beside it, one a line.
    pub envelopes: Option<String>,
}

/// The home of a node that does not run.
#[derive(Debug, Clone, Copy)]
pub struct AtRest<'a> {
    /// Its folder.
    pub home: &'a Path,
    /// Whose it is.
    pub id: &'a AgencyId,
    /// What its clock says.
    pub now: Timestamp,
}

impl AtRest<'_> {
    /// Changes an entry and what stands beside it so that its header commits to both, and writes the log
    /// anew with it.
    ///
    /// # Panics
    /// When there is no such entry.
    pub async fn forge(&self, index: u64, change: impl FnOnce(&mut Forged)) {
        let mut database = self.open().await;
        unpack_log(&mut database).await;
        let at = i64::try_from(index).expect("an index");
        let (header, salt, body, envelopes): (String, Vec<u8>, String, Option<String>) =
            sqlx::query_as("select header, salt, body, envelope from entries where idx = ?1")
                .bind(at)
                .fetch_one(&mut database)
                .await
                .expect("an entry");
        let header = Header::from_bytes(header.as_bytes()).expect("a header");
        let mut entry = Forged { header, body, envelopes };
        change(&mut entry);
        let Forged { mut header, body, envelopes } = entry;
        header.body = Digest::of_two(&salt, body.as_bytes());
        header.envelope = envelopes.as_ref().map(|text| Digest::of(text.as_bytes()));
        let header = String::from_utf8(header.to_bytes().expect("a header")).expect("UTF-8");
        sqlx::query("update entries set header = ?1, body = ?2, envelope = ?3 where idx = ?4")
            .bind(header)
            .bind(body)
            .bind(envelopes)
            .bind(at)
            .execute(&mut database)
            .await
            .expect("a forged entry");
        pack_log(&mut database).await;
        self.hide_traces(database).await;
        self.rewrite_log_without(&[]).await;
    }

    /// Heads that were signed before, in the home: the anchor, and what peers cosigned. That of the
    /// database is signed anew, with the key in the home.
    pub(super) async fn hide_traces(&self, mut database: SqliteConnection) {
        sqlx::raw_sql("delete from cosigned").execute(&mut database).await.expect("gone");
        database.close().await.expect("a closed database");
        drop(std::fs::remove_file(self.home.join("anchor")));
        self.sign_database().await;
    }

    /// Signs what stands in the database of a node at rest with its log's keys, as its own
    /// administrator can.
    ///
    /// # Panics
    /// When its tree is none, or the keys cannot be read.
    pub async fn sign_database(&self) {
        let home = Home::open(self.home).expect("a home");
        let keys = Keyring::load(&home, KeyUse::Log).expect("log keys").all();
        let name = origin(self.id);
        let keys: Vec<_> = keys.into_iter().map(|key| Signer::new(name.clone(), key)).collect();
        let store = Sqlite::open(&home.database()).await.expect("a database");
        let state = store.log_state(self.now.day_start()).await.expect("a log");
        drop(store);
        let signed = database_head::sign(&state, &keys).expect("a head");
        let mut database = self.open().await;
        sqlx::query("insert or replace into head (one, signed) values (1, ?1)")
            .bind(signed)
            .execute(&mut database)
            .await
            .expect("a head");
        database.close().await.expect("a closed database");
    }

    /// Writes the log anew without some entries: numbers and tree fit one another, and what the database
    /// then holds is signed.
    ///
    /// # Panics
    /// When the database is not as a node leaves it.
    pub async fn rewrite_log_without(&self, left_out: &[u64]) {
        let mut database = self.open().await;
        unpack_log(&mut database).await;
        let mut left_out = left_out.to_vec();
        left_out.sort_unstable();
        for index in left_out.iter().rev() {
            for statement in [
                format!("delete from served where entry = {index}"),
                format!("delete from pages where entry = {index}"),
                format!("delete from asked where entry = {index}"),
                format!("delete from entries where idx = {index}"),
            ] {
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut database).await.expect("gone");
            }
        }
        let rows: Vec<(i64, String)> =
            sqlx::query_as("select idx, header from entries order by idx")
                .fetch_all(&mut database)
                .await
                .expect("a log");
        // Who writes the log anew also writes who changed the registry last.
        let kept: Vec<u64> =
            rows.iter().map(|(old, _)| u64::try_from(*old).expect("an index")).collect();
        let moved = |old: u64| kept.iter().position(|one| *one == old).map(|new| new as u64);
        let mut tree = Frontier::new();
        let mut numbers = std::collections::BTreeMap::<String, u64>::new();
        for (old, text) in rows {
            let mut header = Header::from_bytes(text.as_bytes()).expect("a header");
            header.index = tree.size();
            if let Some(peer) = &header.peer {
                let number = numbers.entry(peer.to_string()).or_default();
                *number += 1;
                header.peer_seq = Some(*number);
            }
            let (salt, body): (Option<Vec<u8>>, Option<String>) =
                sqlx::query_as("select salt, body from entries where idx = ?1")
                    .bind(old)
                    .fetch_one(&mut database)
                    .await
                    .expect("an entry");
            if let (Some(salt), Some(body)) = (&salt, &body)
                && let Ok(mut read) = serde_json::from_str::<Body>(body)
                && let Some(new) = read.registry.map(moved)
            {
                read.registry = new;
                let body = serde_json::to_string(&read).expect("a body");
                header.body = Digest::of_two(salt, body.as_bytes());
                sqlx::query("update entries set body = ?1 where idx = ?2")
                    .bind(body)
                    .bind(old)
                    .execute(&mut database)
                    .await
                    .expect("a body");
            }
            let bytes = header.to_bytes().expect("a header");
            let completed = tree.push(merkle::leaf(&bytes));
            let nodes: Vec<u8> = completed
                .iter()
                .skip(1)
                .flat_map(|(_, hash): &(_, Digest)| hash.as_bytes().to_vec())
                .collect();
            let new = i64::try_from(header.index).expect("an index");
            sqlx::query("update entries set idx = ?1, peer_seq = ?2, header = ?3, nodes = ?4 where idx = ?5")
                .bind(new)
                .bind(header.peer_seq.map(|seq| i64::try_from(seq).expect("a number")))
                .bind(String::from_utf8(bytes).expect("UTF-8"))
                .bind((!nodes.is_empty()).then_some(nodes))
                .bind(old)
                .execute(&mut database)
                .await
                .expect("an entry");
            for (table, key) in
                [("changes", "idx"), ("served", "entry"), ("pages", "entry"), ("asked", "entry")]
            {
                let statement = format!("update {table} set {key} = {new} where {key} = {old}");
                sqlx::raw_sql(AssertSqlSafe(statement))
                    .execute(&mut database)
                    .await
                    .expect("moved");
            }
        }
        pack_log(&mut database).await;
        self.hide_traces(database).await;
    }

    pub(super) async fn open(&self) -> SqliteConnection {
        let options =
            SqliteConnectOptions::new().filename(self.home.join("accord.db")).foreign_keys(false);
        SqliteConnection::connect_with(&options).await.expect("a database")
    }
}
