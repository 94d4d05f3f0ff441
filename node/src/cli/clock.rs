//! `accord clock …`

use clap::Subcommand;
use schemas::text::Text;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::output::{Output, text};
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
    },
}

pub(super) async fn run(client: &Client, command: Clock, output: Output) -> Result<Done, ActError> {
    let Clock::Accept { reason } = command;
    let done: Value = client.post("/clock/accept", &json!({ "reason": reason })).await?;
    output.object(&done, || {
        format!(
            "the log goes on at {} after an entry of {}; nothing is destroyed by this clock for two days, unless with `accord retention run`",
            text(&done, "at"),
            text(&done, "last"),
        )
    });
    Ok(Done::Ok)
}
