//! Telling duty posts that something waits, by a command of the agency's own, such as one that sends mail. It is
//! told how much waits and where to sign in, and nothing of what it is.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemas::text::Text;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::Instant;

use super::Node;
use super::schedule::{JobError, Work};
use crate::http::waiting::WaitingCounts;

/// How long the command may take.
const LONGEST: Duration = Duration::from_secs(30);
/// How often it is told again for as long as something urgent waits.
const AGAIN: Duration = Duration::from_secs(900);

/// What was told last, and when.
pub(super) struct Notifying {
    node: Arc<Node>,
    told: WaitingCounts,
    at: Option<Instant>,
}

impl Notifying {
    pub(super) fn of(node: &Arc<Node>) -> Self {
        Self { node: node.clone(), told: WaitingCounts::default(), at: None }
    }
}

#[async_trait]
impl Work for Notifying {
    async fn run(&mut self) -> Result<(), JobError> {
        let Some((program, arguments)) = self.node.app.config.notify.split_first() else {
            return Ok(());
        };
        let waits = self.node.app.waits().await?;
        let repeats = waits.urgent() && self.at.is_none_or(|at| at.elapsed() >= AGAIN);
        if !waits.has_more_than(&self.told) && !repeats {
            self.told = waits;
            return Ok(());
        }
        tell(program, arguments, &self.said(&waits)).await?;
        self.told = waits;
        self.at = Some(Instant::now());
        Ok(())
    }
}

impl Notifying {
    /// A message with its subject, as programs that send mail take it.
    fn said(&self, waits: &WaitingCounts) -> String {
        let app = &self.node.app;
        let agency = &app.context.agency.id;
        let urgent = if waits.urgent() { "URGENT: " } else { "" };
        let origin = app.config.origin.as_ref();
        let see = origin.map_or_else(
            || "See `accord waiting`.".to_owned(),
            |origin| format!("Sign in: {origin}"),
        );
        format!("Subject: {urgent}something waits at {agency}\n\n{}.\n{see}\n", waits.in_words())
    }
}

async fn tell(program: &Text, arguments: &[Text], said: &str) -> Result<(), JobError> {
    let mut child = Command::new(program.as_str())
        .args(arguments.iter().map(Text::as_str))
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("notify: `{program}` does not start: {e}"))?;
    let told = async {
        if let Some(mut input) = child.stdin.take() {
            // One that does not read all of it may have its reasons.
            drop(input.write_all(said.as_bytes()).await);
        }
        child.wait().await
    };
    let ended = tokio::time::timeout(LONGEST, told).await;
    let ended = ended.map_err(|_| format!("notify: `{program}` does not end"))??;
    if ended.success() {
        Ok(())
    } else {
        Err(format!("notify: `{program}` ended with {ended}").into())
    }
}
