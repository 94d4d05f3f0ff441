//! The log in a table of texts. What stands in the database is packed; whoever edits it by hand unpacks it
//! first, and this does that for the statements of a claim: they find the texts under the name of the
//! table.

use schemas::entry::SALT;
use sqlx::{Row as _, SqliteConnection};
use store::packed::{Record, pack, unpack_text};

/// Index, time, kind, peer, its number, query and nodes: what is not packed.
const BESIDE: &str = "idx, at, kind, peer, peer_seq, query, nodes";

/// A row of the log as the tables hold it: what stands beside, as text, header and record.
type Packed = (i64, Vec<u8>, Option<Vec<u8>>);

/// From here on, `entries` is a table of texts for this connection.
pub(super) async fn unpack_log(database: &mut SqliteConnection) {
    let table = format!(
        "create temp table entries as
             select {BESIDE}, '' as header, null as salt, null as body, null as envelope
             from main.entries;
         create unique index temp.entries_by_index on entries (idx)"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(table)).execute(&mut *database).await.expect("a table");
    let rows: Vec<Packed> = sqlx::query_as("select idx, header, record from main.entries")
        .fetch_all(&mut *database)
        .await
        .expect("a log");
    for (index, header, record) in rows {
        let record = record.map(|record| Record::unpack(&record).expect("a record"));
        let (salt, body, envelopes) = match record {
            Some(Record { salt, body, envelopes }) => (Some(salt), Some(body), envelopes),
            None => (None, None, None),
        };
        sqlx::query(
            "update temp.entries set header = ?1, salt = ?2, body = ?3, envelope = ?4
             where idx = ?5",
        )
        .bind(unpack_text(&header).expect("a header"))
        .bind(salt)
        .bind(body)
        .bind(envelopes)
        .bind(index)
        .execute(&mut *database)
        .await
        .expect("an entry");
    }
}

/// Packs the table of texts and writes it over the log.
pub(super) async fn pack_log(database: &mut SqliteConnection) {
    let rows = sqlx::query("select idx, header, salt, body, envelope from temp.entries")
        .fetch_all(&mut *database)
        .await
        .expect("a log");
    sqlx::raw_sql("begin; create temp table packed (idx integer primary key, header, record)")
        .execute(&mut *database)
        .await
        .expect("a table");
    for row in rows {
        let header: String = row.get(1);
        let (salt, body): (Option<Vec<u8>>, Option<String>) = (row.get(2), row.get(3));
        let envelopes: Option<String> = row.get(4);
        let there = salt.is_some() || body.is_some() || envelopes.is_some();
        let record = there.then(|| {
            let salt: [u8; SALT] = salt.unwrap_or_default().try_into().unwrap_or([0; SALT]);
            Record::pack(&salt, &body.unwrap_or_default(), envelopes.as_deref()).expect("a record")
        });
        sqlx::query("insert into packed values (?1, ?2, ?3)")
            .bind(row.get::<i64, _>(0))
            .bind(pack(header.as_bytes()).expect("a header"))
            .bind(record)
            .execute(&mut *database)
            .await
            .expect("an entry");
    }
    let written = format!(
        "delete from main.entries;
         insert into main.entries ({BESIDE}, header, record)
             select {BESIDE}, packed.header, record from temp.entries join packed using (idx);
         drop table packed;
         drop table temp.entries;
         commit"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(written)).execute(&mut *database).await.expect("a log");
}
