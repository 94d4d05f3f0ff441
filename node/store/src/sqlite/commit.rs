//! One group of entries with their effects, in one statement.
//!
//! The view `appended` takes an entry a row and its trigger spreads it over the tables. SQLite makes a
//! statement's transaction itself, and undoes the whole statement if any part fails; the driver's thread
//! is asked once and answers once. What an entry has one of is a column, bound as it is; what it has any
//! number of is JSON, with long texts end to end beside it, where they would be parsed once a column.

use std::sync::LazyLock;

use schemas::outcome::OutcomeCode;
use schemas::read::ReadId;
use serde::Serialize;
use sqlx::sqlite::SqliteArguments;
use sqlx::{
    Arguments as _, AssertSqlSafe, Connection as _, Encode, Sqlite, SqliteConnection, Type,
};

use super::super::decode::column;
use super::super::packed::{Record, pack};
use super::super::restamp::Restamping;
use super::super::search::terms::Terms;
use super::super::{
    Corrected, Mention, Pages, Receipted, Row, Served, Settled, StateChanges, StoreError,
};
use super::log::first_from;

/// Columns of the view `appended`.
const COLUMNS: usize = 51;
/// Most entries of a group whose statement is kept for the next group of as many.
const OFTEN: usize = 64;

/// The values of one row, as the statement names them.
static ROW: LazyLock<String> = LazyLock::new(|| format!("({})", vec!["?"; COLUMNS].join(",")));

/// One group, with what it does to the times of entries before it.
pub(super) async fn commit(
    writer: &mut SqliteConnection,
    group: &[Row],
    head: &str,
) -> Result<(), StoreError> {
    if group.is_empty() {
        return Ok(());
    }
    let Some(restamping) = Restamping::of(group)? else {
        return append(writer, group, head).await;
    };
    let mut together = writer.begin().await?;
    for mut statement in restamping.statements(first_from) {
        statement.build().execute(&mut *together).await?;
    }
    append(&mut together, group, head).await?;
    Ok(together.commit().await?)
}

async fn append(
    writer: &mut SqliteConnection,
    group: &[Row],
    head: &str,
) -> Result<(), StoreError> {
    let rows = vec![ROW.as_str(); group.len()].join(",");
    let mut values = Values::default();
    for (nth, row) in group.iter().enumerate() {
        let last = nth.saturating_add(1) == group.len();
        values.row(row, last.then_some(head))?;
    }
    let statement = AssertSqlSafe(format!("insert into appended values {rows}"));
    sqlx::query_with(statement, values.0).persistent(group.len() <= OFTEN).execute(writer).await?;
    Ok(())
}

fn unwritable(error: impl ToString) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(unwritable)
}

/// Rows of a table as a JSON array; nothing when there are none.
fn rows<T: Serialize>(rows: &[T]) -> Result<Option<String>, StoreError> {
    if rows.is_empty() { Ok(None) } else { json(&rows).map(Some) }
}

/// The values of a statement, in the order of the view's columns.
#[derive(Default)]
struct Values(SqliteArguments);

/// Long texts, end to end.
#[derive(Default)]
struct Long(Vec<u8>);

/// Where a long text stands: offset from 1, and length, in bytes.
type Span = (usize, usize);

impl Long {
    fn put(&mut self, value: &impl Serialize) -> Result<Span, StoreError> {
        let offset = self.0.len().saturating_add(1);
        serde_json::to_writer(&mut self.0, value).map_err(unwritable)?;
        Ok((offset, self.0.len().saturating_add(1).saturating_sub(offset)))
    }
}

impl Values {
    fn put<'q, T>(&mut self, value: T) -> Result<(), StoreError>
    where
        T: Encode<'q, Sqlite> + Type<Sqlite>,
    {
        self.0.add(value).map_err(unwritable)
    }

    fn nothing(&mut self, columns: usize) -> Result<(), StoreError> {
        (0..columns).try_for_each(|_| self.put(None::<i64>))
    }

    /// A row of the view.
    fn row(&mut self, row: &Row, head: Option<&str>) -> Result<(), StoreError> {
        let (header, changes) = (&row.header, &row.changes);
        self.put(column(header.index))?;
        self.put(header.at.millis())?;
        self.put(header.kind.code())?;
        self.put(header.peer.as_ref().map(ToString::to_string))?;
        self.put(header.peer_seq.map(column))?;
        self.put(header.query.map(|query| query.as_bytes().to_vec()))?;
        self.put(pack(row.header_bytes.as_bytes())?)?;
        self.put(Record::pack(&row.salt, &row.body, row.envelopes.as_deref())?)?;
        let nodes: Vec<u8> = row.nodes.iter().flat_map(|node| *node.as_bytes()).collect();
        self.put((!nodes.is_empty()).then_some(nodes))?;
        self.put(changes.change.clone())?;
        self.asking(changes)?;
        self.serving(changes)?;
        self.pages(changes.pages.as_ref())?;
        match &changes.owed {
            Some(owed) => {
                self.put(owed.peer.as_str().to_owned())?;
                self.put(owed.query_id.to_string())?;
                self.put(owed.envelope.as_bytes().to_vec())?;
            }
            None => self.nothing(3)?,
        }
        self.put(changes.waived.as_ref().map(ToString::to_string))?;
        self.many(changes)?;
        self.put(rows(&changes.shown)?)?;
        let mentions: Vec<_> = row.mentions.iter().map(Mention::columns).collect();
        self.put(rows(&mentions)?)?;
        self.put(head.map(str::to_owned))
    }

    fn asking(&mut self, changes: &StateChanges) -> Result<(), StoreError> {
        match &changes.asked {
            Some(asked) => {
                self.put(asked.query_id.to_string())?;
                self.put(asked.owner.as_str().to_owned())?;
                self.put(asked.asked_at.millis())?;
                self.put(asked.query.as_bytes().to_vec())?;
            }
            None => self.nothing(4)?,
        }
        match &changes.settled {
            Some(Settled { query_id, outcome, authority, reply, receipt }) => {
                self.put(query_id.digest().as_bytes().to_vec())?;
                self.put(outcome.code())?;
                self.put(authority.as_ref().map(ToString::to_string))?;
                self.put(reply.map(|digest| digest.as_bytes().to_vec()))?;
                self.put(receipt.map(|digest| digest.as_bytes().to_vec()))
            }
            None => self.nothing(5),
        }
    }

    fn serving(&mut self, changes: &StateChanges) -> Result<(), StoreError> {
        match &changes.served {
            Some(served) => self.served(served)?,
            None => self.nothing(10)?,
        }
        match &changes.receipted {
            Some(Receipted { query_id, receipt, .. }) => {
                self.put(query_id.digest().as_bytes().to_vec())?;
                self.put(receipt.as_bytes().to_vec())
            }
            None => self.nothing(2),
        }
    }

    fn served(&mut self, served: &Served) -> Result<(), StoreError> {
        let outcome = if served.answered { OutcomeCode::Answered } else { OutcomeCode::Refused };
        let released = served.released.as_ref();
        self.put(served.query_id.to_string())?;
        self.put(served.requester.as_str().to_owned())?;
        self.put(served.asked_at.millis())?;
        self.put(served.query_digest.as_bytes().to_vec())?;
        self.put(outcome.code())?;
        self.put(served.authority.as_ref().map(ToString::to_string))?;
        self.put(served.reply_digest.as_bytes().to_vec())?;
        let packed = |reads: &[ReadId]| reads.iter().flat_map(|id| *id.as_bytes()).collect();
        self.put(released.map(|(_, reads)| -> Vec<u8> { packed(reads) }))?;
        self.put(released.map(|(latest, _)| latest.millis()))?;
        self.put(i64::from(served.kept))
    }

    fn pages(&mut self, kept: Option<&Pages>) -> Result<(), StoreError> {
        let Some(Pages { side, until, pages, images, .. }) = kept else { return self.nothing(5) };
        let lengths: Vec<usize> = pages.iter().map(Vec::len).collect();
        self.put(side.code())?;
        self.put(until.millis())?;
        self.put(json(&lengths)?)?;
        self.put(pack(&pages.concat())?)?;
        self.put(rows(images)?)
    }

    /// What there is any number of.
    fn many(&mut self, changes: &StateChanges) -> Result<(), StoreError> {
        let mut long = Long::default();
        let letters: Vec<_> = changes
            .outbox
            .iter()
            .map(|letter| {
                let (kind, digest) = (letter.kind as u8, letter.digest());
                (&letter.peer, kind, digest, letter.topic(), &letter.body)
            })
            .collect();
        self.put(rows(&letters)?)?;
        let mut reads = Vec::with_capacity(changes.reads.len());
        for read in &changes.reads {
            let (offset, length) = long.put(read)?;
            let (at, terms) = (read.at.millis(), Terms::of(read));
            let earlier_of = read.earlier_of;
            let row = (read.id, &read.plate, at, &read.camera, offset, length, terms, earlier_of);
            reads.push(row);
        }
        self.put(rows(&reads)?)?;
        let (mut versions, mut corrected) = (Vec::new(), Vec::new());
        for one in &changes.corrected {
            let Corrected { read, was, withdrawn } = one;
            for (version, earlier) in was {
                let (offset, length) = long.put(earlier)?;
                versions.push((read.id, version, offset, length));
            }
            let (offset, length) = long.put(read)?;
            let ((plate, terms), at) = (one.found_by(), read.at.millis());
            corrected.push((read.id, plate, offset, length, terms, at, withdrawn));
        }
        self.put(rows(&versions)?)?;
        self.put(rows(&corrected)?)?;
        self.put(rows(&changes.purged)?)?;
        self.put(rows(&changes.ended)?)?;
        let proved = changes.proved.as_ref().map(|proved| proved.debts.as_slice());
        self.put(rows(proved.unwrap_or_default())?)?;
        self.put((!long.0.is_empty()).then_some(long.0))
    }
}
