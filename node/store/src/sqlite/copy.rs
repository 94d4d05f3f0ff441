//! A copy of the database while it is in use.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use super::super::StoreError;

/// Copies what a connection opened with `options` sees into a new file at `path`.
pub(super) async fn copy(options: &SqliteConnectOptions, path: &Path) -> Result<bool, StoreError> {
    let told = |e: std::io::Error| StoreError::Database(format!("`{}`: {e}", path.display()));
    let text = path.to_str().ok_or_else(|| {
        StoreError::Database(format!("`{}` is no path that SQLite takes", path.display()))
    })?;
    // SQLite writes into an empty file that is there, and leaves its permissions.
    drop(OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).map_err(told)?);
    // One of its own, for it takes long. What is destroyed meanwhile stays in the copy, what was
    // destroyed before is not in it: unlike one of the file's pages, it holds no freed ones.
    let mut connection = SqliteConnection::connect_with(options).await?;
    let copied = sqlx::query("vacuum into ?1").bind(text).execute(&mut connection).await;
    drop(connection.close().await);
    copied?;
    File::open(path).and_then(|file| file.sync_all()).map_err(told)?;
    Ok(true)
}
