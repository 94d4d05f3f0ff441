//! `accord demo`: eight agencies on this machine, and what must happen between them.
//!
//! Every agency is a real node with its own home, keys and database, and they talk libp2p on
//! loopback. Each step says what must happen and what did; `--once` ends with failure if anything
//! differs. Every wait is bounded.

mod book;
mod crash;
mod federation;
mod papers;
mod people;
mod refusals;
mod steps;
mod story;

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Done;
use super::output::Output;
use crate::permission::ActError;
use book::Book;
use federation::Federation;

/// How the demonstration runs.
#[derive(Args)]
pub(super) struct DemoArgs {
    /// Exit when all steps are done, with failure if anything differs from what must happen.
    #[arg(long)]
    once: bool,
    /// Where the homes are made; a temporary folder unless given.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) async fn run(args: &DemoArgs, output: Output) -> Result<Done, ActError> {
    let dir = match &args.dir {
        Some(dir) => dir.clone(),
        None => temporary()?,
    };
    let mut book = Book::new(output);
    let ended = play(&mut book, &dir, args.once).await;
    if args.dir.is_none()
        && let Err(error) = std::fs::remove_dir_all(&dir)
    {
        book.say(&format!("`{}` could not be removed: {error}", dir.display()));
    }
    ended
}

/// A new folder that nobody else can look into.
fn temporary() -> Result<PathBuf, ActError> {
    let random = crate::exchange::ask::random_id().map_err(ActError::failed)?.to_string();
    // Short, because the path of a socket has an end.
    let name: String = "accord-demo-".chars().chain(random.chars().take(12)).collect();
    let dir = std::env::temp_dir().join(name);
    // Not recursive: a folder that is there already is somebody else's.
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&dir)
        .map_err(|e| ActError::failed(format!("`{}`: {e}", dir.display())))?;
    Ok(dir)
}

/// All steps, the summary, and the time after it. A signal ends any of them, so that the folder
/// and the one process that was started do not outlive the demonstration.
async fn play(book: &mut Book, dir: &Path, once: bool) -> Result<Done, ActError> {
    let mut signals = Signals::listen()?;
    let played = tokio::select! {
        played = every_step(book, dir) => played,
        () = signals.any() => Err(ActError::failed("interrupted".into())),
    };
    let federation = match played {
        Ok(federation) => federation,
        Err(error) => {
            book.broke_off(&error);
            book.finish();
            return Err(error);
        }
    };
    let right = book.finish();
    seen(book);
    if !once {
        stay(book, &federation)?;
        signals.any().await;
    }
    federation.stop().await;
    Ok(if right { Done::Ok } else { Done::Refused })
}

async fn every_step(book: &mut Book, dir: &Path) -> Result<Federation, ActError> {
    book.heading("A federation on this machine");
    let mut federation = Federation::make(dir.to_owned()).await?;
    steps::introductions(book, &federation).await?;
    steps::reads(book, &federation).await?;
    papers::agreements(book, &federation).await?;
    steps::permitted(book, &federation).await?;
    steps::refused(book, &federation).await?;
    refusals::each_by_its_policy(book, &federation).await?;
    papers::suspended(book, &federation).await?;
    papers::written_request(book, &federation).await?;
    crash::in_the_middle(book, &mut federation).await?;
    steps::reconciled(book, &federation).await?;
    Ok(federation)
}

/// What ends the demonstration from outside.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self, ActError> {
        let listening =
            |kind| signal(kind).map_err(|e| ActError::failed(format!("no signals: {e}")));
        Ok(Self {
            interrupt: listening(SignalKind::interrupt())?,
            terminate: listening(SignalKind::terminate())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What was just seen, in five lines.
fn seen(book: &Book) {
    book.heading("What you have seen");
    book.say(
        "  Eight agencies asked each other for plates; each decided by its own policy, and said by which section.\n  \
         Nothing left a node, and nobody saw a read, before both logs had an entry of it.\n  \
         An agreement was suspended at once, and a written request opened one answer and no second.\n  \
         A node was killed in the middle of an exchange: nothing was lost, and nothing was unlogged.\n  \
         In the end the logs of both sides were compared, exchange by exchange, and told the same.",
    );
}

/// Where the pages are, and who signs in there with what: each code counts once.
fn pages(book: &Book, federation: &Federation) -> Result<(), ActError> {
    book.heading("See it on their pages");
    book.say("Your browser warns of a certificate that vouches for itself alone; for a demonstration, go on.");
    for (id, node) in federation.nodes() {
        let origin = node.app.config.origin.as_ref().map(ToString::to_string);
        book.say(&format!("  {id:<28} {}", origin.unwrap_or_default()));
    }
    for id in [story::SHERIFF, story::MONROVIA] {
        book.say(&format!("\n  {id}, once each:"));
        for user in ["officer", "official", "auditor"] {
            let of = people::signs_in_with(&federation.home(id), user)?;
            let code = of.card.first().map_or("", |code| code.as_str());
            book.say(&format!("    {user:<9} password {}  code {code}", of.password.as_str()));
        }
    }
    book.say("  Others of them, and further codes: people/ of each home.");
    Ok(())
}

/// Tells the reader what to try while the nodes stay up.
fn stay(book: &Book, federation: &Federation) -> Result<(), ActError> {
    pages(book, federation)?;
    book.heading("The nodes stay up until Ctrl-C");
    for (id, node) in federation.nodes() {
        book.say(&format!("  {id:<28} {}", node.home.dir().display()));
    }
    let home = federation.node(story::SHERIFF)?.home.dir().display();
    book.say(&format!(
        "\nIn another terminal, for instance:\n  accord --home '{home}' login --from '{home}/people/officer.toml'\n  accord --home '{home}' query --all --purpose stolen_vehicle --case {} \\\n      --reason \"car taken from Foothill Blvd two nights ago\" --plate {} \\\n      --suspicion \"a neighbour saw it leave with its lights off\" --need-to-know \"assigned to the theft\"\n  accord --home '{home}' login --from '{home}/people/auditor.toml'\n  accord --home '{home}' audit log\n  accord --home '{home}' audit reconcile --peer {}",
        story::CASE,
        story::PLATE,
        story::MONROVIA,
    ));
    Ok(())
}
