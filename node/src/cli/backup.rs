//! `accord backup` and `accord restore`.

use std::path::{Path, PathBuf};

use schemas::digest::Digest;
use serde_json::json;

use super::Done;
use super::client::Client;
use super::output::Output;
use crate::backup::create::{BackUp, KEEP_DAYS, Made, back_up};
use crate::backup::restore::restore;
use crate::backup::{Kept, MANIFEST};
use crate::config::Config;
use crate::permission::ActError;
use crate::run::{StartError, open_context_on, open_store};
use crate::sign_in::SignIn;
use audit::wording::counted;
use audit_log::anchor;
use audit_log::clock::Clock;
use audit_log::clock_guard::ClockMark;
use host::home::{Home, HomeError};

const ON_A_SERVER: &str = "the database is on a PostgreSQL server, which is backed up by its own means: pg_dump, or pg_basebackup with its archive";

#[derive(clap::Args)]
pub(super) struct BackupArgs {
    /// The folder in which the backup is made, in a folder of its own. Whoever can read it can act
    /// for the agency: it belongs on an encrypted disk.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// When it is to be destroyed, in days from now (1 to 90). The next backup in that folder does.
    #[arg(long, value_name = "DAYS", default_value_t = KEEP_DAYS)]
    keep_days: u32,
}

/// Through the node if it runs, and otherwise without one.
pub(super) async fn backup(
    dir: &Path,
    client: &Client,
    args: &BackupArgs,
    output: Output,
) -> Result<Done, ActError> {
    let out = std::path::absolute(&args.out)
        .map_err(|e| ActError::usage(format!("`{}`: {e}", args.out.display())))?;
    let asked = BackUp { out, keep_days: args.keep_days };
    let home = Home::open(dir)?;
    let made: Made = match home.lock() {
        Err(HomeError::Running(_)) => client.post("/backup", &asked).await?,
        Err(error) => return Err(error.into()),
        Ok(_lock) => {
            let config = Config::load(&home)?;
            let opened = open_store(&home, &config).await?;
            let context = open_context_on(&home, &config, Clock::system(), opened.clone()).await?;
            let idle = config.devices.idle_times();
            let sign_in = SignIn::load(&home, context.agency.clone(), opened, None, idle).await;
            let by = client.privileged_at_rest(&sign_in.map_err(StartError::from)?).await?;
            let store = context.store.as_ref();
            let made = back_up(&context.agency, store, &by, &home, &asked).await?;
            // As a node that stops: the next start need not wonder.
            anchor::write(&home, &context.agency.log)?;
            made
        }
    };
    output.object(&made, || {
        let mut said = format!(
            "{}: {}, {} MiB; to be destroyed by {}",
            made.backup.display(),
            counted(made.files, "file", "files"),
            made.bytes >> 20,
            made.destroy_by
        );
        said.push_str(&format!("\nits manifest has the digest {}", made.manifest));
        for gone in &made.destroyed {
            said.push_str(&format!("\n{} had ended and is destroyed", gone.display()));
        }
        if made.database == Kept::Postgresql {
            said.push_str(&format!("\n{ON_A_SERVER}"));
        }
        said
    });
    Ok(Done::Ok)
}

#[derive(clap::Args)]
pub(super) struct RestoreArgs {
    /// The backup: the folder that holds its `manifest.json`.
    folder: PathBuf,
    /// The digest that its manifest must have, as `accord backup` printed it and the log holds it:
    /// whoever can read a backup finds the key in it with which another can be sealed.
    #[arg(long, value_name = "DIGEST")]
    manifest: Option<Digest>,
}

/// Into an empty home, without a node.
pub(super) fn run_restore(
    dir: &Path,
    args: &RestoreArgs,
    output: Output,
) -> Result<Done, ActError> {
    let clock = Clock::system();
    let said = restore(&args.folder, dir, args.manifest, clock.now())?;
    // Who puts a node back takes the machine's clock for right, however long the node was away.
    if let Some(mark) = ClockMark::now(&clock) {
        mark.write(&Home::open(dir)?)?;
    }
    let restored = json!({
        "agency": said.agency, "home": dir, "backup_at": said.at, "files": said.files.len(),
        "database": said.database,
    });
    output.object(&restored, || {
        let mut lines = vec![format!(
            "the node of {} as of {} is in `{}`: {}, each as its {MANIFEST} says",
            said.agency,
            said.at,
            dir.display(),
            counted(said.files.len(), "file", "files")
        )];
        if said.database == Kept::Postgresql {
            lines.push(format!("{ON_A_SERVER}; put it back before `accord run`"));
        }
        lines.push(
            "See to it that no other node of this agency runs, then `accord run`. What was logged since is not in it: peers that hold a later head raise an alarm, and their auditors resolve it".into(),
        );
        lines.join("\n")
    });
    Ok(Done::Ok)
}
