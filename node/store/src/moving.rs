//! Moving a node's data from SQLite to PostgreSQL: copied table by table, then compared row by row,
//! and the log's tree computed from what arrived.
//!
//! The source is only read. The target is empty, or holds a copy that was cut short and is begun
//! again: it counts as a node's database only once a node has run on it.

mod source;
mod tables;
mod target;

use std::path::Path;

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::merkle::Frontier;

use super::StoreError;
use super::decode::{self, number};
use host::database::Database;
use source::Source;
use tables::{TABLES, Table, Value};
use target::Target;

/// How far a move is.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What is being done.
    pub doing: &'static str,
    /// To which table.
    pub table: &'static str,
    /// Rows that this step has done.
    pub rows: u64,
}

/// What was moved.
#[derive(Debug, Clone)]
pub struct Moved {
    /// Entries of the log.
    pub entries: u64,
    /// The root of its tree.
    pub root: Digest,
    /// Reads.
    pub reads: u64,
    /// Rows of all tables.
    pub rows: u64,
}

/// A move that is about to be made.
pub struct Move {
    source: Source,
    target: Target,
    /// Rows of each table.
    counts: Vec<(&'static Table, u64)>,
}

impl Move {
    /// Opens the SQLite database at `path` for reading and the database of `agency` at a URL for
    /// being filled, and empties that of a copy that was cut short.
    ///
    /// # Errors
    /// When either cannot be opened, or the target is a node's database already.
    pub async fn begin(
        path: &Path,
        database: &Database,
        agency: &AgencyId,
    ) -> Result<Self, StoreError> {
        let mut source = Source::open(path).await?;
        let target = Target::open(database, agency).await?;
        let mut counts = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            counts.push((table, source.count(table).await?));
        }
        Ok(Self { source, target, counts })
    }

    /// Rows that are to be copied, and then compared.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.counts.iter().map(|(_, rows)| rows).sum()
    }

    /// Copies and compares, telling how far it is.
    ///
    /// # Errors
    /// When a database fails, or the copy is not what was copied. Nothing is lost: the move can be
    /// begun again.
    pub async fn run(mut self, mut tell: impl FnMut(Step)) -> Result<Moved, StoreError> {
        for (table, _) in &self.counts {
            // Entries are numbered from 0.
            let mut after = -1;
            loop {
                let rows = self.source.rows(table, after).await?;
                let Some((last, _)) = rows.last() else { break };
                after = *last;
                self.target.put(table, &rows).await?;
                tell(Step { doing: "copying", table: table.name, rows: rows.len() as u64 });
            }
        }
        self.target.settle().await?;
        for (table, rows) in &self.counts {
            let arrived = self.target.count(table).await?;
            if arrived != *rows {
                return Err(differs(table, &format!("{arrived} rows of {rows} arrived")));
            }
            // Entries are numbered from 0.
            let mut after = -1;
            loop {
                let rows = self.source.rows(table, after).await?;
                let Some((last, _)) = rows.last() else { break };
                after = *last;
                self.target.holds(table, &rows).await?;
                tell(Step { doing: "comparing", table: table.name, rows: rows.len() as u64 });
            }
        }
        let tree = self.tree().await?;
        self.target.copied().await?;
        let rows_of = |name| {
            let found = self.counts.iter().find(|(table, _)| table.name == name);
            found.map_or(0, |(_, rows)| *rows)
        };
        Ok(Moved {
            entries: tree.size(),
            root: tree.root(),
            reads: rows_of("reads"),
            rows: self.rows(),
        })
    }

    /// The tree of the headers that arrived, which must have the nodes that stand beside them.
    async fn tree(&mut self) -> Result<Frontier, StoreError> {
        let mut tree = Frontier::new();
        loop {
            let rows = self.target.headers(tree.size()).await?;
            if rows.is_empty() {
                return Ok(tree);
            }
            for (index, header, nodes) in rows {
                let wrong = |why: &str| StoreError::Corrupt(format!("entry {index}: {why}"));
                if number::<u64>(index)? != tree.size() {
                    return Err(wrong("does not follow the one before"));
                }
                let completed = tree.push(decode::leaf(&header)?);
                let expected: Vec<u8> =
                    completed.iter().skip(1).flat_map(|(_, hash)| *hash.as_bytes()).collect();
                if nodes.unwrap_or_default() != expected {
                    return Err(wrong(
                        "is not in the tree that stands beside it; see `accord audit verify`",
                    ));
                }
            }
        }
    }
}

fn differs(table: &Table, why: &str) -> StoreError {
    StoreError::Corrupt(format!("the copy of table `{}` differs: {why}", table.name))
}

/// A row, after the number by which its source orders it.
type Numbered = (i64, Vec<Value>);
