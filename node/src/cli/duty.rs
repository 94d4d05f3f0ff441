//! `accord duty …`

use clap::Subcommand;
use schemas::duty::DutyCode;
use schemas::event::people::DutyRecorded;
use schemas::text::Text;
use schemas::time::Timestamp;

use super::client::Client;
use super::output::Output;
use super::time::day;
use super::{Done, time};
use crate::auditing::duties;
use crate::permission::ActError;

#[derive(Subcommand)]
pub(super) enum Duty {
    /// What the policy has people do, and by when: what is late first. It ends with 1 when something is
    /// late.
    List,
    /// Put on record that you saw one done.
    Record {
        /// Which: `policy_posted`, `storage_encrypted` or `summary_given`.
        duty: DutyCode,
        /// Where, or how, such as an address or how a disk is encrypted.
        #[arg(long)]
        how: Text,
        /// To whom, of a summary: as the policy has it.
        #[arg(long)]
        to: Option<Text>,
        /// The day, unless it is today.
        #[arg(long, value_parser = day)]
        on: Option<Timestamp>,
    },
}

pub(super) async fn run(client: &Client, command: Duty, output: Output) -> Result<Done, ActError> {
    match command {
        Duty::List => {
            let due: Vec<duties::Due> = client.get("/duties").await?;
            for one in &due {
                output.object(one, || one.in_words());
            }
            if due.is_empty() {
                output.note("nothing is due");
            }
            let late = due.iter().any(|one| one.late);
            Ok(if late { Done::Refused } else { Done::Ok })
        }
        Duty::Record { duty, how, to, on } => {
            let done = duties::Done { duty, how, to, on };
            let recorded: DutyRecorded = client.post("/duties", &done).await?;
            output.object(&recorded, || {
                let (on, what) = (time::local(recorded.on), recorded.duty.words());
                format!("on record, as of {on}: {what} ({})", recorded.how)
            });
            Ok(Done::Ok)
        }
    }
}
