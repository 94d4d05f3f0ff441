//! `accord hold …`

use clap::{Args, Subcommand};
use schemas::plate::Plate;
use schemas::read::ReadId;
use schemas::text::Text;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::output::{Output, table, text};
use crate::permission::ActError;
use crate::retention::holds::{HoldRequest, HoldTarget};

#[derive(Subcommand)]
pub(super) enum Hold {
    /// Keep what concerns a plate, a read or a case beyond its retention.
    Add {
        #[command(flatten)]
        on: On,
        /// Why: the order, the letter, the case that demands it.
        #[arg(long)]
        reason: Text,
    },
    /// List holds, lasting and released.
    List,
    /// Release a hold: what is past its retention is destroyed at the next run.
    Release {
        /// Its number.
        hold: u64,
        /// Why it is needed no longer.
        #[arg(long)]
        reason: Text,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct On {
    /// Reads of this plate, and every access that names it.
    #[arg(long)]
    plate: Option<Plate>,
    /// This read, and every access that it falls under.
    #[arg(long, value_parser = read_id)]
    read: Option<ReadId>,
    /// Every access for this case, and the reads that it asked for.
    #[arg(long)]
    case: Option<Text>,
}

fn read_id(given: &str) -> Result<ReadId, String> {
    serde_json::from_value(Value::from(given))
        .map_err(|_| format!("`{given}` is no id of a read; a query's answer tells them"))
}

impl On {
    fn wanted(self) -> Result<HoldTarget, ActError> {
        let (plate, read) = (self.plate.map(HoldTarget::Plate), self.read.map(HoldTarget::Read));
        plate
            .or(read)
            .or(self.case.map(HoldTarget::Case))
            .ok_or_else(|| ActError::usage("name a --plate, a --read or a --case".into()))
    }
}

pub(super) async fn run(client: &Client, command: Hold, output: Output) -> Result<Done, ActError> {
    let hold: Value = match command {
        Hold::Add { on, reason } => {
            client.post("/holds", &HoldRequest { on: on.wanted()?, reason }).await?
        }
        Hold::Release { hold, reason } => {
            client.post(&format!("/holds/{hold}/release"), &json!({ "reason": reason })).await?
        }
        Hold::List => {
            let holds: Vec<Value> = client.get("/holds").await?;
            if output.json() {
                holds.iter().for_each(|hold| output.object(hold, String::new));
            } else {
                output.note(&describe(&holds));
            }
            return Ok(Done::Ok);
        }
    };
    output.object(&hold, || describe(std::slice::from_ref(&hold)));
    Ok(Done::Ok)
}

fn describe(holds: &[Value]) -> String {
    let row = |hold: &Value| {
        let on = ["plate", "read", "case"].into_iter().find(|key| hold.get(*key).is_some());
        let released = hold.get("released").filter(|released| !released.is_null());
        vec![
            hold.get("hold").map(ToString::to_string).unwrap_or_default(),
            on.map(|key| format!("{key} {}", text(hold, key))).unwrap_or_default(),
            text(hold, "reason").to_owned(),
            text(hold, "by").to_owned(),
            text(hold, "at").chars().take(10).collect(),
            released.map_or_else(
                || "lasts".to_owned(),
                |released| format!("released: {}", text(released, "reason")),
            ),
        ]
    };
    let rows: Vec<Vec<String>> = holds.iter().map(row).collect();
    table(&["hold", "on", "reason", "by", "since", ""], &rows)
}
