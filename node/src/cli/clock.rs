//! `accord clock …`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use schemas::query::UserName;
use schemas::text::Text;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::login::attempt;
use super::output::{Output, text};
use super::session_file::SessionFiles;
use crate::permission::ActError;

#[derive(Subcommand)]
pub(super) enum Clock {
    /// Go on by the machine's clock as it is now, after an entry under a wrong one or a long pause.
    ///
    /// Nothing is logged, so nothing asked or answered, while the clock is far behind the last entry or
    /// further ahead than the time that has passed. See what it says first (`accord doctor`, `date`): this
    /// is recorded with the reason, and whoever verifies the log is told.
    Accept {
        /// Why it is right now: what was wrong, and how you know.
        #[arg(long)]
        reason: Text,
        /// Who you are; asked for unless given. By a clock that the log refuses nobody is signed in: you
        /// prove it with password and code here.
        user: Option<UserName>,
        /// Prove it with the authenticators in this file.
        #[arg(long, value_name = "FILE", conflicts_with = "user")]
        from: Option<PathBuf>,
    },
}

pub(super) async fn run(
    dir: &Path,
    client: &Client,
    command: Clock,
    output: Output,
) -> Result<Done, ActError> {
    let Clock::Accept { reason, user, from } = command;
    let files = SessionFiles::of(dir);
    files.make()?;
    let attempt = attempt(client, &files, user, from.as_deref()).await?;
    let right = json!({ "reason": reason, "attempt": attempt });
    let done: Value = client.post("/clock/accept", &right).await?;
    output.object(&done, || {
        format!(
            "the log goes on at {} after an entry of {}; nothing is destroyed by this clock for two days, unless with `accord retention run`",
            text(&done, "at"),
            text(&done, "last"),
        )
    });
    Ok(Done::Ok)
}
