//! `accord source …`

use std::path::PathBuf;

use clap::Subcommand;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::output::{Output, number, table, text};
use super::reads::mapping_of;
use crate::permission::ActError;
use crate::reads::sources::NewSource;
use crate::reads::withdrawal::WithdrawalRequest;
use registry::SourceName;

#[derive(Subcommand)]
pub(super) enum Source {
    /// Let a camera, a reader or a vendor's service send reads by itself.
    Add {
        /// A name for it, such as `gate-1`.
        name: SourceName,
        /// The format of what it sends.
        #[arg(long)]
        format: String,
        /// For tables and other exports: which column, or field, holds what; a file, or the name of one that
        /// `accord reads mapping` lists.
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
        /// The camera of records that name none.
        #[arg(long)]
        camera: Option<Text>,
        /// A camera whose reads it may send, as its records name it; once for each. Reads of others are
        /// refused. Without it, it may send reads of any.
        #[arg(long = "only-camera", value_name = "CAMERA")]
        cameras: Vec<Text>,
        /// The zone of times that have none, such as `America/Los_Angeles`.
        #[arg(long, value_name = "ZONE")]
        zone: Option<String>,
        /// The folder that it writes its files into, instead of sending over HTTPS. The node
        /// destroys each file once its reads are durable.
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Others than the node's account may write into the folder, and they are those who are meant
        /// to. Who they are is recorded.
        #[arg(long, requires = "folder")]
        shared: bool,
    },
    /// List sources, and what they have sent since the node started.
    List,
    /// Give a source a new token; the old one is good no longer.
    Token {
        /// Its name.
        name: SourceName,
    },
    /// Withdraw what a source brought, as when somebody else had its token: nothing finds it any more,
    /// and every agency that received some of it is told.
    Withdraw {
        /// Its name.
        name: SourceName,
        /// From when on it was brought.
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
        /// Until when; without it, until now.
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
        /// Why.
        #[arg(
            long,
            default_value = "",
            required_unless_present = "preview",
            hide_default_value = true
        )]
        reason: Text,
        /// Only say how much it would be.
        #[arg(long)]
        preview: bool,
    },
    /// Take nothing more from a source.
    Disable {
        /// Its name.
        name: SourceName,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
}

pub(super) async fn run(
    client: &Client,
    command: Source,
    output: Output,
) -> Result<Done, ActError> {
    let source: Value = match command {
        Source::Add { name, format, mapping, camera, cameras, zone, folder, shared } => {
            let mapping = mapping.as_deref().map(mapping_of).transpose()?;
            // As this shell sees it, which stands on the node's machine.
            let folder = folder.map(std::path::absolute).transpose();
            let folder = folder.map_err(|e| ActError::usage(format!("--folder: {e}")))?;
            let new = NewSource { name, format, mapping, camera, cameras, zone, folder, shared };
            client.post("/sources", &new).await?
        }
        Source::Token { name } => {
            client.post(&format!("/sources/{name}/token"), &json!({})).await?
        }
        Source::Withdraw { name, from, until, reason, preview } => {
            let wanted = WithdrawalRequest { from, until, reason, preview };
            let done: Value = client.post(&format!("/sources/{name}/withdrawal"), &wanted).await?;
            output.object(&done, || withdrawn(&done));
            return Ok(Done::Ok);
        }
        Source::Disable { name, reason } => {
            client.post(&format!("/sources/{name}/disable"), &json!({ "reason": reason })).await?
        }
        Source::List => {
            let sources: Vec<Value> = client.get("/sources").await?;
            if output.json() {
                sources.iter().for_each(|source| output.object(source, String::new));
            } else {
                output.note(&describe(&sources));
            }
            return Ok(Done::Ok);
        }
    };
    output.object(&source, || {
        let mut said = describe(std::slice::from_ref(&source));
        let shown = |key: &str| source.get(key).and_then(Value::as_str);
        let writers = source.get("writers").and_then(Value::as_array).into_iter().flatten();
        let writers: Vec<_> = writers.filter_map(Value::as_str).collect();
        if !writers.is_empty() {
            said.push_str(&format!(
                "\n\nBesides the node's account the folder can be written by {}: each of them sends reads as this source.",
                writers.join(", ")
            ));
        }
        if let Some(token) = shown("token") {
            said.push_str(&format!(
                "\n\ntoken {token}\nGive it to the source now: it is kept nowhere and shown once. The source sends it as\n`Authorization: Bearer` or as the password of `Authorization: Basic`."
            ));
            said.push_str(&match shown("url") {
                Some(url) => format!("\nIt sends to {url}"),
                None => "\nThis node serves no HTTPS yet: set `http = \"ADDR:PORT\"` in accord.toml and start it again.".into(),
            });
        }
        said
    });
    Ok(Done::Ok)
}

fn withdrawn(done: &Value) -> String {
    let said = format!(
        "{} brought {} in {} and told reads otherwise {}",
        text(done, "source"),
        number(done, "brought", "read", "reads"),
        number(done, "deliveries", "delivery", "deliveries"),
        number(done, "retold", "time", "times"),
    );
    if done.get("preview").and_then(Value::as_bool) == Some(true) {
        return format!("{said}; nothing is withdrawn yet");
    }
    format!(
        "{said}\n{} withdrawn, {} as before; told for {}",
        number(done, "withdrawn", "read", "reads"),
        number(done, "restored", "read", "reads"),
        number(done, "told", "answer", "answers"),
    )
}

fn describe(sources: &[Value]) -> String {
    let row = |source: &Value| {
        let number = |key: &str| source.get(key).map(ToString::to_string).unwrap_or_default();
        let state = match (text(source, "disabled"), text(source, "error")) {
            ("", "") => "open".to_owned(),
            ("", error) => format!("open; last: {error}"),
            (disabled, _) => format!("disabled: {disabled}"),
        };
        vec![
            text(source, "source").to_owned(),
            text(source, "format").to_owned(),
            source.get("folder").and_then(Value::as_str).unwrap_or("HTTPS").to_owned(),
            text(source, "last_at").to_owned(),
            number("stored"),
            number("rejected"),
            state,
        ]
    };
    let rows: Vec<Vec<String>> = sources.iter().map(row).collect();
    table(&["source", "format", "by way of", "last", "stored", "rejected", ""], &rows)
}
