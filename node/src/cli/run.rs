//! `accord run` and `accord health`.

use std::io::IsTerminal as _;
use std::path::Path;

use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::Done;
use super::client::Client;
use super::output::{Output, text};
use schemas::text::Text;

use crate::admin::clock::accept_at_machine;
use crate::auditing::alarms::record_loss;
use crate::permission::ActError;
use crate::run::{Node, TaskFailure};
use audit_log::anchor;
use audit_log::clock::Clock;
use host::home::Home;

/// How a node is started.
#[derive(clap::Args)]
pub(super) struct RunArgs {
    /// Go on although the database was put back or cut short, because what it lacks is lost; this
    /// is recorded with the reason and the head that it should lead to.
    #[arg(long, value_name = "REASON")]
    after_loss: Option<Text>,
    /// Go on by the machine's clock as it is now, after an entry under a wrong one or a long pause;
    /// this is recorded with the reason. `accord clock accept` does the same for an administrator who
    /// can still prove who she is.
    #[arg(long, value_name = "REASON")]
    clock_right: Option<Text>,
}

pub(super) async fn run(dir: &Path, args: &RunArgs, output: Output) -> Result<Done, ActError> {
    log_to_stderr()?;
    let home = Home::open(dir)?;
    let lost = match &args.after_loss {
        Some(reason) if reason.is_empty() => {
            return Err(ActError::usage("say what happened: --after-loss REASON".into()));
        }
        Some(_) => anchor::remove(&home)?,
        None => None,
    };
    let node = Node::start(home, Clock::system()).await?;
    if let (Some(reason), Some(head)) = (&args.after_loss, lost) {
        record_loss(&node.context.agency, reason, &head).await?;
    }
    if let Some(reason) = &args.clock_right {
        clock_right(&node, reason).await?;
    }
    let ready = node.ready();
    output.object(&ready, || {
        let listening = ready.get("peer_addresses").and_then(Value::as_array);
        let listening: Vec<_> = listening.into_iter().flatten().filter_map(Value::as_str).collect();
        format!("{} is ready and listens at {}", text(&ready, "agency"), listening.join(", "))
    });
    let listening = |kind| signal(kind).map_err(|e| ActError::failed(format!("no signals: {e}")));
    let (mut term, mut int) =
        (listening(SignalKind::terminate())?, listening(SignalKind::interrupt())?);
    let asked = async {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    };
    node.run_until(asked).await?;
    Ok(Done::Ok)
}

/// Records that the clock is right. Where the log takes entries by it anyway, the node goes on: whoever
/// left this in a unit file accepts nothing by it.
async fn clock_right(node: &Node, reason: &Text) -> Result<(), ActError> {
    match accept_at_machine(&node.context.agency, reason).await {
        Ok(_) => node.app.clock_accepted().await,
        Err(error) if error.code() == "clock_not_refused" => {
            tracing::warn!("--clock-right: {error}");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

impl From<TaskFailure> for ActError {
    fn from(failure: TaskFailure) -> Self {
        Self::failed(failure.to_string())
    }
}

/// Operational logs go to stderr: ids, counts and durations, never a plate, a name or a reason. As
/// lines to read, or with `ACCORD_LOG_FORMAT=json` as an object a line.
fn log_to_stderr() -> Result<(), ActError> {
    let asked = std::env::var("ACCORD_LOG").ok().and_then(|asked| asked.parse().ok());
    let usual =
        || Targets::new().with_target("node", LevelFilter::INFO).with_default(LevelFilter::WARN);
    let filter: Targets = asked.unwrap_or_else(usual);
    // Colours are for a person at a terminal; a journal or a file keeps what they are made of.
    let lines =
        fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let told = tracing_subscriber::registry().with(filter);
    match std::env::var("ACCORD_LOG_FORMAT").as_deref().unwrap_or("text") {
        "" | "text" => drop(told.with(lines).try_init()),
        "json" => drop(told.with(lines.json().flatten_event(true)).try_init()),
        other => {
            return Err(ActError::usage(format!(
                "ACCORD_LOG_FORMAT is `{other}`; expected `text` or `json`"
            )));
        }
    }
    Ok(())
}

pub(super) async fn health(client: &Client, output: Output) -> Result<Done, ActError> {
    // What stands in the way comes as the error of the reply.
    let ready: Value = client.get("/readyz").await?;
    output.object(&ready, || "ready".into());
    Ok(Done::Ok)
}
