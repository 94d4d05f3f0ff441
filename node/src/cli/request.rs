//! `accord request …`

use agreements::request::{RequestScope, Verdict};
use clap::Subcommand;
use schemas::agency::AgencyId;
use schemas::authority::AuthorityName;
use schemas::event::authority::RecordsOutcome;
use schemas::plate::Plate;
use schemas::purpose::Purpose;
use schemas::query::QueryId;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::Value;

use super::Done;
use super::audits::Under;
use super::client::{Client, escaped};
use super::output::{Output, table, text};
use super::time::{instant, local};
use crate::admin::requests::{
    DecisionInput, RecordsAnswer, RecordsRequestInput, RequestView, Submission,
};
use crate::permission::ActError;
use crate::retention::holds::HoldTarget;
use audit::wording::counted;
use registry::BodyKind;

#[derive(Subcommand)]
pub(super) enum Request {
    /// Ask an owner in writing. Something must bound the request.
    Submit(Box<SubmitArgs>),
    /// List requests: sent, received, and of outside bodies.
    List {
        /// Only those that stand so.
        #[arg(long)]
        state: Option<String>,
    },
    /// Show a request, or print it with its decision and every use since.
    Show {
        /// The request.
        id: AuthorityName,
        /// `html` for one printable sheet.
        #[arg(long)]
        format: Option<Format>,
        #[command(flatten)]
        under: Under,
    },
    /// Approve a request, as asked or narrower.
    Approve {
        /// The request.
        id: AuthorityName,
        /// Why.
        #[arg(long)]
        reason: Text,
        #[command(flatten)]
        narrower: ScopeArgs,
    },
    /// Deny a request.
    Deny {
        /// The request.
        id: AuthorityName,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
    /// Withdraw one's own request.
    Withdraw {
        /// The request.
        id: AuthorityName,
    },
    /// File the request of a body that is no law enforcement agency, for records release.
    Record {
        /// Who asks.
        #[arg(long)]
        from_body: Text,
        /// What sort of request it is.
        #[arg(long)]
        kind: BodyKind,
        /// What for, in words.
        #[arg(long, default_value = "")]
        about: Text,
        /// Case or docket number.
        #[arg(long, default_value = "")]
        case: Text,
        /// By when it is to be answered. A subpoena names a day; for the public ten days are counted
        /// unless one is given (Government Code § 7922.535(a)).
        #[arg(long, value_parser = instant, value_name = "TIME")]
        due: Option<Timestamp>,
        /// Keep all that the case holds from being destroyed, from now on.
        #[arg(long, requires = "case", conflicts_with = "hold_plate")]
        hold: bool,
        /// Keep all that names this plate from being destroyed, from now on.
        #[arg(long, value_name = "PLATE")]
        hold_plate: Option<Plate>,
    },
    /// Put on record how the request of an outside body was answered: it waits no longer.
    Close {
        /// The request.
        id: AuthorityName,
        /// How: released, denied, none_held or withdrawn.
        #[arg(long)]
        outcome: RecordsOutcome,
        /// In words: what was released, or why not.
        #[arg(long)]
        reason: Text,
    },
}

/// How a request is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// A printable sheet.
    Html,
}

/// What is asked for in writing.
#[derive(clap::Args)]
pub(super) struct SubmitArgs {
    /// The owner.
    #[arg(long, required_unless_present = "after_refusal")]
    to: Option<AgencyId>,
    /// The person requesting.
    #[arg(long, required_unless_present = "after_refusal")]
    requested_by: Option<Text>,
    /// The intended purpose.
    #[arg(long, required_unless_present = "after_refusal")]
    purpose: Option<Purpose>,
    /// Case number.
    #[arg(long, default_value = "")]
    case: Text,
    /// Why, in words.
    #[arg(long, default_value = "")]
    reason: Text,
    /// What endangers a life, where something does: the owner's officials are told that it is urgent.
    #[arg(long, default_value = "")]
    danger: Text,
    #[command(flatten)]
    scope: ScopeArgs,
    /// The refused query that it follows. What is not given is taken from it, and once the request
    /// is approved it runs again by itself.
    #[arg(long, value_name = "QUERY_ID")]
    after_refusal: Option<QueryId>,
}

/// What bounds a request.
#[derive(clap::Args)]
pub(super) struct ScopeArgs {
    /// For this plate; repeat for several.
    #[arg(long)]
    plate: Vec<Plate>,
    /// For reads made at or after.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    from: Option<Timestamp>,
    /// For reads made before.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    until: Option<Timestamp>,
    /// For reads made near this place.
    #[arg(long, value_name = "LAT,LON", requires = "radius", allow_hyphen_values = true)]
    near: Option<String>,
    /// How near, in metres.
    #[arg(long, value_name = "METRES", requires = "near")]
    radius: Option<u32>,
    /// For so many answers.
    #[arg(long)]
    uses: Option<u32>,
    /// Usable before.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    valid_until: Option<Timestamp>,
}

impl ScopeArgs {
    fn scope(self) -> Result<RequestScope, ActError> {
        Ok(RequestScope {
            plates: self.plate,
            from: self.from,
            until: self.until,
            near: super::asking::near(self.near.as_deref(), self.radius)?,
            uses: self.uses,
            valid_until: self.valid_until,
        })
    }
}

pub(super) async fn run(
    client: &Client,
    command: Request,
    output: Output,
) -> Result<Done, ActError> {
    let decide = async |id: AuthorityName, input: DecisionInput| {
        client.post(&of(&id, "/decision"), &input).await
    };
    let row: RequestView = match command {
        Request::Submit(args) => {
            let args = *args;
            let submission = Submission {
                to: args.to,
                requested_by: args.requested_by,
                purpose: args.purpose,
                case: args.case,
                reason: args.reason,
                danger: args.danger,
                scope: args.scope.scope()?,
                after_refusal: args.after_refusal,
            };
            client.post("/requests", &submission).await?
        }
        Request::List { state } => return list(client, state.as_deref(), output).await,
        Request::Show { id, format: Some(Format::Html), under } => {
            let sheet: Value = client.under(&under).get(&of(&id, "/sheet")).await?;
            output.object(&sheet, || text(&sheet, "html").to_owned());
            return Ok(Done::Ok);
        }
        Request::Show { id, format: None, .. } => client.get(&of(&id, "")).await?,
        Request::Approve { id, reason, narrower } => {
            let narrower = narrower.scope()?;
            decide(id, DecisionInput { verdict: Verdict::Approved, reason, narrower }).await?
        }
        Request::Deny { id, reason } => {
            let narrower = RequestScope::default();
            decide(id, DecisionInput { verdict: Verdict::Denied, reason, narrower }).await?
        }
        Request::Withdraw { id } => client.post(&of(&id, "/withdraw"), &Value::Null).await?,
        Request::Record { from_body, kind, about, case, due, hold, hold_plate } => {
            let on_case = hold.then(|| HoldTarget::Case(case.clone()));
            let hold = hold_plate.map(HoldTarget::Plate).or(on_case);
            let input = RecordsRequestInput { from_body, kind, about, case, due, hold };
            client.post("/requests/record", &input).await?
        }
        Request::Close { id, outcome, reason } => {
            client.post(&of(&id, "/close"), &RecordsAnswer { outcome, reason }).await?
        }
    };
    output.object(&row, || describe(&row));
    Ok(Done::Ok)
}

/// The path of a request as it was typed, or of what is asked of it.
fn of(name: &AuthorityName, what: &str) -> String {
    format!("/requests/{}{what}", escaped(&name.to_string()))
}

async fn list(client: &Client, state: Option<&str>, output: Output) -> Result<Done, ActError> {
    let rows: Vec<RequestView> = client.get("/requests").await?;
    let rows: Vec<RequestView> =
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
                    row.purpose.map_or(String::new(), |purpose| purpose.to_string()),
                    row.case.to_string(),
                ]
            })
            .collect();
        output.note(&table(&["request", "state", "", "requested by", "purpose", "case"], &lines));
    }
    Ok(Done::Ok)
}

fn describe(row: &RequestView) -> String {
    let scope = &row.scope;
    let mut bounds = Vec::new();
    if !scope.plates.is_empty() {
        bounds.push(format!(
            "plates {}",
            scope.plates.iter().map(Plate::as_str).collect::<Vec<_>>().join(", ")
        ));
    }
    bounds.extend(scope.from.map(|from| format!("reads from {}", local(from))));
    bounds.extend(scope.until.map(|until| format!("reads until {}", local(until))));
    bounds.extend(scope.near.map(|near| {
        let (latitude, longitude) = (near.center.latitude(), near.center.longitude());
        format!("within {} m of {latitude}, {longitude}", near.radius_m)
    }));
    if let (Some(uses), Some(left)) = (scope.uses, row.uses_left) {
        bounds.push(format!("{left} of {} left", counted(uses, "use", "uses")));
    }
    bounds.extend(scope.valid_until.map(|end| format!("usable until {}", local(end))));
    let mut lines = vec![format!("{} ({})", row.request, row.state)];
    if !row.danger.is_empty() {
        lines.push(format!("URGENT, a life is in danger: {}", row.danger));
    }
    match row.purpose {
        Some(purpose) => {
            let case = if row.case.is_empty() { "none" } else { row.case.as_str() };
            lines.push(format!(
                "{} asks {} for {}, {purpose}, case {case}",
                row.requester, row.owner, row.requested_by
            ));
            lines.push(bounds.join("; "));
        }
        None => {
            lines.push(format!("{}: {}", row.requester, shown(&row.reason)));
            if let Some(outcome) = row.outcome {
                let by = row.decided_by.as_ref().map_or("", Text::as_str);
                lines.push(format!("{outcome}, by {by}"));
            } else if let Some(due) = row.due {
                let under = if row.due_under.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", row.due_under)
                };
                lines.push(format!("to be answered by {}{under}", local(due)));
            }
            lines.extend(row.hold.map(|hold| format!("kept by hold {hold}")));
        }
    }
    if let (Some(name), Some(title)) = (&row.decided_by, &row.title) {
        let by = row.delegation.as_ref().map_or(String::new(), |how| format!(" ({how})"));
        lines.push(format!("decided by {name}, {title}{by}: {}", shown(&row.reason)));
    }
    lines.extend(row.section.as_ref().map(|section| format!("under {section}")));
    if let (Some(id), "approved" | "used_up") = (&row.rerun, row.state.as_str()) {
        let runs = if row.state == "used_up" { "ran" } else { "runs" };
        lines.push(format!("its query {runs} again; see `accord query --again {id}`"));
    }
    lines.join("\n")
}

fn shown(text: &Option<Text>) -> &str {
    text.as_ref().map_or("", Text::as_str)
}
