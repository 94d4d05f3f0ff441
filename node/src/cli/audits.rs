//! `accord audit open`, `close` and `list-open`, and under which audit a command looks.

use clap::Args;
use schemas::event::occasion::OccasionKind;
use schemas::text::Text;

use super::Done;
use super::client::Client;
use super::output::{Output, table};
use super::time::local;
use crate::auditing::audits::{AuditView, Closing, Opening};
use crate::permission::ActError;

/// Under which audit something is looked at.
#[derive(Args, Debug, Clone, Copy)]
pub(super) struct Under {
    /// Under which of your open audits this is, where you have several: its number, as
    /// `accord audit list-open` shows it.
    #[arg(long, value_name = "N", global = true)]
    pub(super) audit: Option<u64>,
}

#[derive(Args)]
pub(super) struct OpenArgs {
    /// What gives rise to it, in words.
    #[arg(long)]
    occasion: Text,
    /// Of which sort that is: `complaint`, `subpoena`, `public_records`, `incident` or `periodic`.
    #[arg(long)]
    kind: Option<OccasionKind>,
    /// Case number.
    #[arg(long)]
    case: Option<Text>,
}

#[derive(Args)]
pub(super) struct CloseArgs {
    /// Its number, as `accord audit open` told it.
    #[arg(value_name = "N")]
    number: u64,
    /// What came of it.
    #[arg(long)]
    outcome: Option<Text>,
}

pub(super) async fn open(
    client: &Client,
    args: OpenArgs,
    output: Output,
) -> Result<Done, ActError> {
    let OpenArgs { occasion, kind, case } = args;
    let opening = Opening { occasion, kind, case: case.unwrap_or_default() };
    let audit: AuditView = client.post("/audits", &opening).await?;
    output.object(&audit, || {
        format!(
            "audit {} is open until {}: what you look at bears it; close it with `accord audit close {}`",
            audit.audit,
            local(audit.ends_at),
            audit.audit
        )
    });
    Ok(Done::Ok)
}

pub(super) async fn close(
    client: &Client,
    args: CloseArgs,
    output: Output,
) -> Result<Done, ActError> {
    let closing = Closing { outcome: args.outcome.unwrap_or_default() };
    let audit: AuditView = client.post(&format!("/audits/{}/close", args.number), &closing).await?;
    output.object(&audit, || format!("audit {} is closed ({})", audit.audit, audit.in_words()));
    Ok(Done::Ok)
}

pub(super) async fn list_open(client: &Client, output: Output) -> Result<Done, ActError> {
    let open: Vec<AuditView> = client.get("/audits").await?;
    if output.json() {
        open.iter().for_each(|audit| output.object(audit, String::new));
    } else if open.is_empty() {
        output.note("no audit is open; `accord audit open --occasion WORDS` opens one");
    } else {
        let row = |audit: &AuditView| {
            vec![
                audit.audit.to_string(),
                audit.user.to_string(),
                audit.in_words(),
                local(audit.opened_at),
                local(audit.ends_at),
            ]
        };
        let rows: Vec<Vec<String>> = open.iter().map(row).collect();
        output.note(&table(&["audit", "of", "occasion", "since", "ends"], &rows));
    }
    Ok(Done::Ok)
}
