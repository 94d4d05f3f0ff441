//! `accord request …`

use agreements::request::{RequestScope, Verdict};
use clap::Subcommand;
use schemas::agency::AgencyId;
use schemas::plate::Plate;
use schemas::purpose::Purpose;
use schemas::query::{AuthorityId, QueryId};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::Value;

use super::Done;
use super::client::Client;
use super::output::{Output, table};
use super::time::{instant, local};
use crate::acts::ActError;
use crate::acts::requests::{Judgement, RequestRow, Submission};
use crate::wording::counted;

#[derive(Subcommand)]
pub(super) enum Request {
    /// Ask an owner in writing. Something must bound the request.
    Submit {
        /// The owner.
        #[arg(long)]
        to: AgencyId,
        /// The person requesting.
        #[arg(long)]
        requested_by: Text,
        /// The intended purpose.
        #[arg(long)]
        purpose: Purpose,
        /// Case number.
        #[arg(long, default_value = "")]
        case: Text,
        /// Why, in words.
        #[arg(long, default_value = "")]
        reason: Text,
        /// For this plate; repeat for several.
        #[arg(long)]
        plate: Vec<Plate>,
        /// For reads made at or after.
        #[arg(long, value_parser = instant)]
        from: Option<Timestamp>,
        /// For reads made before.
        #[arg(long, value_parser = instant)]
        until: Option<Timestamp>,
        /// For so many answers.
        #[arg(long)]
        uses: Option<u32>,
        /// Usable before.
        #[arg(long, value_parser = instant)]
        valid_until: Option<Timestamp>,
        /// The refused query that it follows.
        #[arg(long)]
        after_refusal: Option<QueryId>,
    },
    /// List requests, sent and received.
    List {
        /// Only those that stand so.
        #[arg(long)]
        state: Option<String>,
    },
    /// Show a request.
    Show {
        /// The request.
        id: AuthorityId,
    },
    /// Approve a request, as asked or narrower.
    Approve {
        /// The request.
        id: AuthorityId,
        /// Why.
        #[arg(long)]
        reason: Text,
        /// For fewer answers.
        #[arg(long)]
        uses: Option<u32>,
        /// Usable before.
        #[arg(long, value_parser = instant)]
        valid_until: Option<Timestamp>,
    },
    /// Deny a request.
    Deny {
        /// The request.
        id: AuthorityId,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
    /// Withdraw one's own request.
    Withdraw {
        /// The request.
        id: AuthorityId,
    },
}

pub(super) async fn run(
    client: &Client,
    command: Request,
    output: Output,
) -> Result<Done, ActError> {
    let row: RequestRow = match command {
        Request::Submit {
            to,
            requested_by,
            purpose,
            case,
            reason,
            plate,
            from,
            until,
            uses,
            valid_until,
            after_refusal,
        } => {
            let scope = RequestScope { plates: plate, from, until, uses, valid_until };
            let submission =
                Submission { to, requested_by, purpose, case, reason, scope, after_refusal };
            client.post("/requests", &submission).await?
        }
        Request::List { state } => return list(client, state.as_deref(), output).await,
        Request::Show { id } => client.get(&format!("/requests/{id}")).await?,
        Request::Approve { id, reason, uses, valid_until } => {
            let judgement = Judgement { verdict: Verdict::Approved, reason, uses, valid_until };
            client.post(&format!("/requests/{id}/decision"), &judgement).await?
        }
        Request::Deny { id, reason } => {
            let judgement =
                Judgement { verdict: Verdict::Denied, reason, uses: None, valid_until: None };
            client.post(&format!("/requests/{id}/decision"), &judgement).await?
        }
        Request::Withdraw { id } => {
            client.post(&format!("/requests/{id}/withdraw"), &Value::Null).await?
        }
    };
    output.object(&row, || describe(&row));
    Ok(Done::Ok)
}

async fn list(client: &Client, state: Option<&str>, output: Output) -> Result<Done, ActError> {
    let rows: Vec<RequestRow> = client.get("/requests").await?;
    let rows: Vec<RequestRow> =
        rows.into_iter().filter(|row| state.is_none_or(|state| row.state == state)).collect();
    if output.json() {
        rows.iter().for_each(|row| output.object(row, String::new));
    } else {
        let lines: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                vec![
                    row.request.to_string(),
                    row.state.clone(),
                    format!("{} → {}", row.requester, row.owner),
                    row.requested_by.to_string(),
                    row.purpose.to_string(),
                    row.case.to_string(),
                ]
            })
            .collect();
        output.note(&table(&["request", "state", "", "requested by", "purpose", "case"], &lines));
    }
    Ok(Done::Ok)
}

fn describe(row: &RequestRow) -> String {
    let scope = &row.scope;
    let mut bounds = Vec::new();
    if !scope.plates.is_empty() {
        bounds.push(format!(
            "plates {}",
            scope.plates.iter().map(Plate::as_str).collect::<Vec<_>>().join(", ")
        ));
    }
    if let Some(from) = scope.from {
        bounds.push(format!("reads from {}", local(from)));
    }
    if let Some(until) = scope.until {
        bounds.push(format!("reads until {}", local(until)));
    }
    if let (Some(uses), Some(left)) = (scope.uses, row.uses_left) {
        bounds.push(format!("{left} of {} left", counted(uses, "use", "uses")));
    }
    if let Some(end) = scope.valid_until {
        bounds.push(format!("usable until {}", local(end)));
    }
    let decided = match (&row.decided_by, &row.title, &row.reason) {
        (Some(name), Some(title), Some(reason)) => {
            format!("\ndecided by {name}, {title}: {reason}")
        }
        _ => String::new(),
    };
    format!(
        "{} ({})\n{} asks {} for {}, {}, case {}\n{}{decided}",
        row.request,
        row.state,
        row.requester,
        row.owner,
        row.requested_by,
        row.purpose,
        if row.case.is_empty() { "none" } else { row.case.as_str() },
        bounds.join("; ")
    )
}
