//! `accord authenticator …`: what people sign in by.

use clap::Subcommand;
use schemas::authenticator::{Authenticator as Told, AuthenticatorId};
use schemas::query::UserName;
use schemas::text::Text;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Done;
use super::client::{Client, query_string};
use super::login::card_text;
use super::output::{Output, table};
use crate::permission::ActError;
use crate::sign_in::BoundNow;

#[derive(Subcommand)]
pub(super) enum Authenticator {
    /// List authenticators, those that count no longer included.
    List {
        /// Of this person; of everybody unless given.
        user: Option<UserName>,
    },
    /// Print another card of numbered codes for yourself, in the place of the one that you have.
    Card,
    /// End an authenticator at once, with the sessions of its person.
    Revoke {
        /// Its id.
        id: AuthenticatorId,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
}

#[derive(Deserialize)]
struct Row {
    authenticator: Told,
    revoked: Option<Value>,
}

pub(super) async fn run(
    client: &Client,
    command: Authenticator,
    output: Output,
) -> Result<Done, ActError> {
    match command {
        Authenticator::List { user } => {
            let of = query_string(&[("user", user.map(|user| user.to_string()))]);
            let rows: Vec<Value> = client.get(&format!("/authenticators{of}")).await?;
            if output.json() {
                rows.iter().for_each(|row| output.object(row, String::new));
            } else {
                output.note(&described(rows)?);
            }
        }
        Authenticator::Card => {
            let bound: BoundNow = client.post("/authenticators/card", &json!({})).await?;
            output.object(&json!({ "card": bound.card }), || card_text(&bound.card));
        }
        Authenticator::Revoke { id, reason } => {
            let path = format!("/authenticators/{id}/revoke");
            let revoked: Value = client.post(&path, &json!({ "reason": reason })).await?;
            output.object(&revoked, || format!("{id} counts no longer"));
        }
    }
    Ok(Done::Ok)
}

fn described(rows: Vec<Value>) -> Result<String, ActError> {
    let mut cells = Vec::with_capacity(rows.len());
    for row in rows {
        let row: Row = serde_json::from_value(row).map_err(|e| ActError::failed(e.to_string()))?;
        let Told { id, user, kind, bound_at, by, identified, .. } = row.authenticator;
        cells.push(vec![
            id.to_string(),
            user.to_string(),
            kind.words().to_owned(),
            bound_at.day(),
            by.map_or_else(|| "the machine".into(), |by| by.to_string()),
            identified.to_string(),
            if row.revoked.is_some() { "counts no longer".into() } else { String::new() },
        ]);
    }
    Ok(table(&["id", "user", "what", "bound", "by", "identified", ""], &cells))
}
