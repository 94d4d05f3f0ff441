//! `accord waiting`: what waits for whoever is signed in.

use super::Done;
use super::client::Client;
use super::output::{Output, table};
use super::time::local;
use crate::http::waiting::Waiting;
use crate::permission::ActError;

pub(super) async fn run(client: &Client, output: Output) -> Result<Done, ActError> {
    let all: Vec<Waiting> = client.get("/waiting").await?;
    if output.json() {
        all.iter().for_each(|one| output.object(one, String::new));
        return Ok(Done::Ok);
    }
    if all.is_empty() {
        output.note("nothing waits for you");
        return Ok(Done::Ok);
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let id = one.id.clone().unwrap_or_default();
            vec![one.kind.clone(), id, one.since.map(local).unwrap_or_default(), one.what.clone()]
        })
        .collect();
    output.note(&table(&["", "id", "since", "what"], &rows));
    Ok(Done::Ok)
}
