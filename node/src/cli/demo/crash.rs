//! A node is killed in the middle of an exchange, and started again.

use std::process::Stdio;
use std::time::Duration;

use schemas::entry::EntryKind;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::book::Book;
use super::federation::{Federation, PATIENCE, eventually};
use super::steps::{Question, ask, outcomes};
use super::story::{MONROVIA, SHERIFF};
use crate::permission::ActError;
use audit::view::LogEntry;
use store::EntryFilter;

pub(super) async fn in_the_middle(
    book: &mut Book,
    federation: &mut Federation,
) -> Result<(), ActError> {
    book.heading("A node is killed in the middle of an exchange");
    federation.down(MONROVIA).await?;
    let mut child = start(federation).await?;
    let before = ask(federation, &Question::stolen(SHERIFF, &[MONROVIA])).await?;
    book.step(
        "Monrovia as a process of its own answers",
        "4 reads under los-angeles-ca-sheriff/lasd-2026",
        &outcomes(&before),
    );
    // Stopped, it takes the query's bytes and does nothing with them; then it is killed.
    signal(&child, "STOP").await?;
    let sheriff = federation.node(SHERIFF)?.clone();
    let sent_before = sheriff.context.agency.log.counters().size;
    let asked = async {
        let heard = ask(federation, &Question::stolen(SHERIFF, &[MONROVIA])).await?;
        Ok::<_, ActError>(heard)
    };
    let killed = async {
        eventually("the query is logged and sent", || {
            sheriff.context.agency.log.counters().size > sent_before
        })
        .await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        child
            .kill()
            .await
            .map_err(|e| ActError::failed(format!("the process was not killed: {e}")))?;
        start(federation).await
    };
    let (heard, again) = tokio::join!(asked, killed);
    let (heard, child) = (heard?, again?);
    book.step(
        "the query that was under way when it was killed",
        "4 reads under los-angeles-ca-sheriff/lasd-2026",
        &outcomes(&heard),
    );
    stop(child).await?;
    federation.up(MONROVIA).await?;
    let answered = answers(federation, heard.first().and_then(|one| one.query_id)).await?;
    book.step("entries of Monrovia that release reads for it", "1", &answered.to_string());
    Ok(())
}

/// Starts Monrovia's node as a process of this very program, and waits until it is ready.
async fn start(federation: &Federation) -> Result<Child, ActError> {
    let failed = |what: &str, e: std::io::Error| ActError::failed(format!("{what}: {e}"));
    let program = std::env::current_exe().map_err(|e| failed("this program cannot be found", e))?;
    let mut child = Command::new(program)
        .arg("--home")
        .arg(federation.home(MONROVIA))
        .args(["--json", "run"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| failed("the node's process cannot be started", e))?;
    let mut lines = child.stdout.take().map(|out| BufReader::new(out).lines());
    let ready = async {
        match &mut lines {
            Some(lines) => lines.next_line().await.ok().flatten(),
            None => None,
        }
    };
    match tokio::time::timeout(PATIENCE, ready).await {
        Ok(Some(line)) if line.contains("\"ready\":true") => Ok(child),
        _ => Err(ActError::failed("the node's process does not get ready".into())),
    }
}

async fn signal(child: &Child, name: &str) -> Result<(), ActError> {
    let pid = child.id().ok_or_else(|| ActError::failed("the node's process has ended".into()))?;
    // The shell's own `kill`: small images have a shell and no such program.
    let script = format!("kill -{name} {pid}");
    let sent = Command::new("sh").args(["-c", &script]).status().await;
    match sent {
        Ok(status) if status.success() => Ok(()),
        _ => Err(ActError::failed(format!("the node's process could not be sent SIG{name}"))),
    }
}

async fn stop(mut child: Child) -> Result<(), ActError> {
    signal(&child, "TERM").await?;
    match tokio::time::timeout(PATIENCE, child.wait()).await {
        Ok(Ok(_)) => Ok(()),
        _ => Err(ActError::failed("the node's process does not stop".into())),
    }
}

/// How many entries of Monrovia's log released reads for a query.
async fn answers(
    federation: &Federation,
    query: Option<schemas::query::QueryId>,
) -> Result<usize, ActError> {
    let filter = EntryFilter { query: query.map(|id| id.digest()), ..EntryFilter::default() };
    let entries = federation.node(MONROVIA)?.context.store.entries(&filter, 0, 100).await?;
    let mut released = 0;
    for entry in &entries {
        let kind = LogEntry::of(entry)?.header.kind;
        released += usize::from(matches!(kind, EntryKind::QueryAnswered));
    }
    Ok(released)
}
