//! `accord night-desk …`

use clap::Subcommand;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::login::card_text;
use super::output::Output;
use super::time::{instant, local};
use crate::admin::user_change::Changed;
use crate::permission::ActError;
use crate::sign_in::ShiftCard;

#[derive(Subcommand)]
pub(super) enum NightDesk {
    /// Let a person release passwords (`accord user unlock`) and hand out cards for a shift, in person, and
    /// nothing else. A second administrator confirms it.
    Seat {
        /// User name.
        name: UserName,
        /// Until when; at most a year.
        #[arg(long, value_parser = instant)]
        until: Timestamp,
    },
    /// End that a person sits at the night desk.
    End {
        /// User name.
        name: UserName,
    },
    /// Print a card of codes that counts beside a person's password for twelve hours, and hand it to her.
    Card {
        /// User name.
        name: UserName,
        /// How you identified her, such as `in person, badge 4711`.
        #[arg(long)]
        identified: Text,
    },
}

pub(super) async fn run(
    client: &Client,
    command: NightDesk,
    output: Output,
) -> Result<Done, ActError> {
    let changed: Changed = match command {
        NightDesk::Seat { name, until } => {
            let body = json!({ "until": until });
            client.post(&format!("/users/{name}/night-desk"), &body).await?
        }
        NightDesk::End { name } => {
            client.post(&format!("/users/{name}/night-desk/end"), &json!({})).await?
        }
        NightDesk::Card { name, identified } => {
            let body = json!({ "identified": identified });
            let made: ShiftCard = client.post(&format!("/users/{name}/card"), &body).await?;
            let told = json!({ "user": made.user, "card": made.card, "until": made.until });
            output.object(&told, || {
                format!(
                    "{}\n\nHand it to {name} in person. It counts beside her password until {}.",
                    card_text(&made.card),
                    local(made.until)
                )
            });
            return Ok(Done::Ok);
        }
    };
    let told: Value = match &changed.proposal {
        None => json!(changed.user),
        Some(proposal) => json!({ "proposal": proposal }),
    };
    output.object(&told, || match (&changed.proposal, changed.user.night_desk) {
        (Some(proposal), _) => format!(
            "proposal {} waits for a second administrator until {}: `accord user confirm {}`",
            proposal.number, proposal.until, proposal.number
        ),
        (None, Some(until)) => {
            format!("{} sits at the night desk until {}", changed.user.name, local(until))
        }
        (None, None) => format!("{} sits at the night desk no longer", changed.user.name),
    });
    Ok(Done::Ok)
}
