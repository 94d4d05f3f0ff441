//! `accord audit incident` and `told`: what somebody's session, key, program or account reached, and who
//! was told of it.

use clap::{Args, ValueEnum};
use schemas::event::audit::IncidentTold;
use schemas::incident::IncidentSubject;
use schemas::query::UserName;
use schemas::session::{AuthenticatorId, SessionId};
use schemas::text::Text;
use schemas::time::Timestamp;

use super::Done;
use super::client::Client;
use super::output::Output;
use super::time::{instant, local};
use crate::auditing::incident::{Told, Wanted};
use crate::permission::ActError;
use audit::report::incident::Incident;

/// What an incident is about.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Of {
    /// A person of the agency, by user name.
    #[arg(long, value_name = "USER")]
    of_user: Option<UserName>,
    /// A session, as the log or a peer names it.
    #[arg(long, value_name = "ID")]
    of_session: Option<SessionId>,
    /// A security key or another authenticator, as `accord authenticator list` names it.
    #[arg(long, value_name = "ID")]
    of_key: Option<AuthenticatorId>,
    /// A program.
    #[arg(long, value_name = "NAME")]
    of_program: Option<String>,
}

impl Of {
    fn subject(self) -> Result<IncidentSubject, ActError> {
        let Self { of_user, of_session, of_key, of_program } = self;
        of_user
            .map(IncidentSubject::User)
            .or(of_session.map(IncidentSubject::Session))
            .or(of_key.map(IncidentSubject::Authenticator))
            .or(of_program.map(IncidentSubject::Program))
            .ok_or_else(|| ActError::usage("say what it is about, such as --of-session".into()))
    }
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for a terminal.
    Text,
    /// One JSON object.
    Json,
    /// A page to print.
    Html,
}

#[derive(Args)]
pub(super) struct IncidentArgs {
    #[command(flatten)]
    of: Of,
    /// What was done at or after.
    #[arg(long, value_parser = instant)]
    from: Option<Timestamp>,
    /// What was done before.
    #[arg(long, value_parser = instant)]
    until: Option<Timestamp>,
    /// How it is written; JSON with `--json`, else text, unless given.
    #[arg(long)]
    format: Option<Format>,
}

#[derive(Args)]
pub(super) struct ToldArgs {
    #[command(flatten)]
    of: Of,
    /// Who was told: an agency by its id, or anybody else in words.
    #[arg(long)]
    to: Text,
    /// How, such as `by telephone, Lt. Marsh`.
    #[arg(long)]
    how: Text,
    /// When, unless it is now.
    #[arg(long, value_parser = instant)]
    on: Option<Timestamp>,
}

pub(super) async fn report(
    client: &Client,
    args: IncidentArgs,
    output: Output,
) -> Result<Done, ActError> {
    let IncidentArgs { of, from, until, format } = args;
    let wanted = Wanted { subject: of.subject()?, from, until };
    let incident: Incident = client.post("/audit/incident", &wanted).await?;
    match format {
        Some(Format::Json) if !output.json() => {
            let json = serde_json::to_string(&incident).unwrap_or_default();
            output.object(&incident, || json);
        }
        Some(Format::Html) => {
            let page = incident.page();
            output.object(&serde_json::json!({ "html": page }), || page.clone());
        }
        _ => output.object(&incident, || incident.text()),
    }
    super::output::err(&incident.summary());
    Ok(Done::Ok)
}

pub(super) async fn told(
    client: &Client,
    args: ToldArgs,
    output: Output,
) -> Result<Done, ActError> {
    let ToldArgs { of, to, how, on } = args;
    let told = Told { subject: of.subject()?, to, how, on };
    let told: IncidentTold = client.post("/audit/incident/told", &told).await?;
    output.object(&told, || {
        format!(
            "on record: {} was told of the incident of {}, {}",
            told.to,
            told.subject,
            local(told.on)
        )
    });
    Ok(Done::Ok)
}
