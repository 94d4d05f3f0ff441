//! `accord card …`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use schemas::agency::{AgencyId, AgencyKind, State};
use schemas::card::Card as Described;
use schemas::envelope::Envelope;
use schemas::key::Fingerprint;
use schemas::text::Text;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::output::{Output, table, text};
use crate::acts::ActError;
use crate::acts::cards::Confirmation;
use crate::home::{Home, read_text};

#[derive(Subcommand)]
pub(super) enum Card {
    /// Show one's own card, or write it for peers.
    Show {
        /// Write the signed card here.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Add a peer's card, once its fingerprint was heard over another channel.
    Add {
        /// The peer's card.
        file: PathBuf,
        /// The fingerprint that the peer read out.
        #[arg(long)]
        fingerprint: Fingerprint,
        /// How the agency, its kind and its state were verified.
        #[arg(long)]
        verified_by: Text,
        /// The kind, where it was found to be another than the card claims.
        #[arg(long)]
        kind: Option<AgencyKind>,
        /// The state, where it was found to be another.
        #[arg(long)]
        state: Option<State>,
        /// Let a new agency key take the place of the one known.
        #[arg(long)]
        replace: bool,
    },
    /// List peers.
    List,
    /// Cut a peer off at once.
    Block {
        /// The peer.
        id: AgencyId,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
    /// Let a peer in again.
    Unblock {
        /// The peer.
        id: AgencyId,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
}

pub(super) async fn run(
    dir: &Path,
    client: &Client,
    command: Card,
    output: Output,
) -> Result<Done, ActError> {
    let row: Value = match command {
        Card::Show { out } => return show(dir, out, output),
        Card::List => return list(client, output).await,
        Card::Add { file, fingerprint, verified_by, kind, state, replace } => {
            let envelope = read_text(&file).map_err(|e| ActError::Usage(e.to_string()))?;
            let confirmation =
                Confirmation { envelope, fingerprint, verified_by, kind, state, replace };
            client.post("/cards", &confirmation).await?
        }
        Card::Block { id, reason } => {
            client.post(&format!("/cards/{id}/block"), &json!({ "reason": reason })).await?
        }
        Card::Unblock { id, reason } => {
            client.post(&format!("/cards/{id}/unblock"), &json!({ "reason": reason })).await?
        }
    };
    output.object(&row, || describe(std::slice::from_ref(&row)));
    Ok(Done::Ok)
}

/// Works without a running node: the card is a file of the home.
fn show(dir: &Path, out: Option<PathBuf>, output: Output) -> Result<Done, ActError> {
    let home = Home::open(dir)?;
    let exact = read_text(&home.card())?;
    let envelope = Envelope::parse(exact.as_bytes())?;
    let card = Described::open(&envelope).map_err(|e| ActError::Failed(e.to_string()))?;
    if let Some(out) = &out {
        std::fs::write(out, &exact)
            .map_err(|e| ActError::Failed(format!("`{}` cannot be written: {e}", out.display())))?;
    }
    let fingerprint = card.agency_key.fingerprint().to_string();
    let row = json!({
        "agency": card.id, "name": card.name, "kind": card.kind, "state": card.state, "ori": card.ori,
        "fingerprint": fingerprint, "version": card.version, "addresses": card.addresses,
        "blocked": false, "file": out, "message_key": card.message_key, "agency_key": card.agency_key,
    });
    output.object(&row, || {
        let written = out.as_ref().map_or(String::new(), |out| format!("\nwritten to {}", out.display()));
        format!(
            "{} ({}), {} of {}\nfingerprint  {fingerprint}\naddresses    {}\nmessage key  {}{written}",
            card.name,
            card.id,
            card.kind,
            card.state,
            card.addresses.iter().map(Text::as_str).collect::<Vec<_>>().join(", "),
            card.message_key
        )
    });
    Ok(Done::Ok)
}

async fn list(client: &Client, output: Output) -> Result<Done, ActError> {
    let cards: Vec<Value> = client.get("/cards").await?;
    if output.json() {
        cards.iter().for_each(|card| output.object(card, String::new));
    } else {
        output.note(&describe(&cards));
    }
    Ok(Done::Ok)
}

fn describe(cards: &[Value]) -> String {
    let rows: Vec<Vec<String>> = cards
        .iter()
        .map(|card| {
            let blocked = text(card, "blocked_reason");
            let waiting = text(card, "waiting");
            let state = match (blocked, waiting) {
                ("", "") => "open".to_owned(),
                ("", waiting) => format!("a new card waits: {waiting}"),
                (why, _) => format!("blocked: {why}"),
            };
            let kind = format!("{} of {}", text(card, "kind"), text(card, "state"));
            let fingerprint = text(card, "fingerprint").chars().take(19).collect::<String>();
            vec![
                text(card, "agency").into(),
                kind,
                format!("{fingerprint}…"),
                text(card, "verified_by").into(),
                state,
            ]
        })
        .collect();
    table(&["agency", "kind", "fingerprint", "verified", ""], &rows)
}
