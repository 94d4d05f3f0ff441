//! `accord store …`: where a node's data is kept.

use std::path::Path;

use clap::Subcommand;
use serde_json::json;

use super::Done;
use super::output::Output;
use super::progress::Progress;
use crate::config::Config;
use crate::permission::ActError;
use host::database::Database;
use host::home::Home;
use store::moving::Move;

#[derive(Subcommand)]
pub(super) enum Store {
    /// Copy everything from SQLite in the home to an empty PostgreSQL database, compare it, and run
    /// on that from then on. The node must not be running.
    Move {
        /// The database, such as postgres://accord@db.example.org/accord. A password belongs into
        /// PGPASSWORD or PGPASSFILE, not here.
        #[arg(long, value_name = "URL")]
        to: String,
    },
}

pub(super) async fn run(dir: &Path, command: Store, output: Output) -> Result<Done, ActError> {
    let Store::Move { to } = command;
    let database: Database =
        to.parse().map_err(|e: host::database::DatabaseError| ActError::usage(e.to_string()))?;
    let home = Home::open(dir)?;
    // No node runs, and none starts, until the configuration says where.
    let _lock = home.lock()?;
    let config = Config::load(&home)?;
    if let Some(already) = &config.database {
        return Err(ActError::usage(format!("the node is on `{already}` already")));
    }
    let failed = |e: store::StoreError| {
        ActError::failed(format!("{e}; the node is on SQLite in the home as before"))
    };
    let moving = Move::begin(&home.database(), &database, &config.agency).await.map_err(failed)?;
    let progress = Progress::of("rows");
    // Each is copied, then compared.
    progress.whole(moving.rows().saturating_mul(2));
    let moved = moving
        .run(|step| {
            progress.doing(format!("{} {}", step.doing, step.table));
            progress.advance(step.rows);
        })
        .await;
    progress.end();
    let moved = moved.map_err(failed)?;
    Config::set_database(&home, &database)?;
    let done = json!({
        "database": database.to_string(),
        "entries": moved.entries,
        "root": moved.root,
        "reads": moved.reads,
        "rows": moved.rows,
    });
    let left = home.database();
    output.object(&done, || {
        format!(
            "{} rows were copied and compared, among them a log of {} entries with root {} and {} reads\nthe node is on {database} from now on\n`{}` was left as it is: what it holds is beyond the retention of the node from now on; once the node runs and is backed up, destroy it with its -wal and -shm",
            moved.rows, moved.entries, moved.root, moved.reads, left.display()
        )
    });
    Ok(Done::Ok)
}
