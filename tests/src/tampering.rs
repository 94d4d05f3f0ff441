//! A database in the wrong hands: what stands in it is changed while its node is at rest.

use node::run::StartError;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::agency::Agency;
use crate::wait::eventually;
use plain::{pack_log, unpack_log};

mod at_rest;
mod plain;

pub use at_rest::{AtRest, Forged};

impl Agency {
    /// Stops the node, runs statements against its database, takes away what else would tell of
    /// it in its home, and starts it again.
    ///
    /// # Panics
    /// When a statement fails or the node does not start.
    pub async fn tamper_with_database(&mut self, statements: &[String]) {
        self.stop().await;
        self.edit_database(statements).await;
        self.at_rest().hide_traces(self.at_rest().open().await).await;
        self.run().await;
    }

    /// Runs statements against its database beside the running node, which holds its registry
    /// against the log only when it starts.
    ///
    /// # Panics
    /// When a statement fails.
    pub async fn tamper_while_it_runs(&self, statements: &[String]) {
        let _running = self.node();
        self.edit_database(statements).await;
    }

    /// Runs statements against the database of a node at rest, and leaves everything else as it is.
    ///
    /// # Panics
    /// When a statement fails.
    pub async fn edit_database(&self, statements: &[String]) {
        let mut database = self.at_rest().open().await;
        let texts = statements.iter().any(|statement| statement.contains(" entries "));
        if texts {
            unpack_log(&mut database).await;
        }
        for statement in statements {
            sqlx::raw_sql(AssertSqlSafe(statement.clone()))
                .execute(&mut database)
                .await
                .unwrap_or_else(|error| panic!("`{statement}`: {error}"));
        }
        if texts {
            pack_log(&mut database).await;
        }
        database.close().await.expect("a closed database");
    }

    /// Why the node does not start on a database in which a statement was run; afterwards the
    /// database is as it was.
    ///
    /// # Panics
    /// When the statement fails, or the node starts.
    pub async fn start_error_once_edited(&mut self, statement: String) -> StartError {
        self.stop().await;
        let database = self.home().join("accord.db");
        self.edit_database(&["pragma wal_checkpoint(truncate)".into()]).await;
        let before = std::fs::read(&database).expect("a database");
        self.edit_database(&[statement]).await;
        let error = self.start_error().await;
        // Its connections are closed in the background, and would write to a file put back earlier.
        eventually("the database is let go", async || (!self.holds_database()).then_some(())).await;
        std::fs::write(&database, before).expect("the database as it was");
        for beside in ["accord.db-wal", "accord.db-shm"] {
            drop(std::fs::remove_file(self.home().join(beside)));
        }
        error
    }

    /// Whether this process has the files of the database open.
    fn holds_database(&self) -> bool {
        let held = std::fs::read_dir("/proc/self/fd").expect("open files");
        let paths = held.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        let database = self.home().join("accord.db").display().to_string();
        paths.into_iter().any(|path| path.display().to_string().starts_with(&database))
    }

    /// Stops the node, changes the body of an entry so that its header commits to it, writes the log
    /// anew with it, and starts it again.
    ///
    /// # Panics
    /// When there is no such entry, or the node does not start.
    pub async fn forge_entry(&mut self, index: u64, change: impl FnOnce(&str) -> String) {
        self.forge(index, |entry| entry.body = change(&entry.body)).await;
    }

    /// Stops the node, changes an entry and what stands beside it so that its header commits to both,
    /// writes the log anew with it, and starts it again.
    ///
    /// # Panics
    /// When there is no such entry, or the node does not start.
    pub async fn forge(&mut self, index: u64, change: impl FnOnce(&mut Forged)) {
        self.stop().await;
        self.at_rest().forge(index, change).await;
        self.run().await;
    }

    /// Stops the node, writes its log anew without some entries, and starts it again: numbers and
    /// tree fit one another, and the node signs what it finds.
    ///
    /// # Panics
    /// When the database is not as a node leaves it, or the node does not start.
    pub async fn rewrite_log_without(&mut self, left_out: &[u64]) {
        self.stop().await;
        self.at_rest().rewrite_log_without(left_out).await;
        self.run().await;
    }

    /// Signs what stands in the database of a node at rest with its log's keys, as its own
    /// administrator can.
    ///
    /// # Panics
    /// When its tree is none, or the keys cannot be read.
    pub async fn sign_database(&self) {
        self.at_rest().sign_database().await;
    }

    fn at_rest(&self) -> AtRest<'_> {
        AtRest { home: self.home(), id: self.id(), now: self.now() }
    }
}
