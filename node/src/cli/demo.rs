//! `accord demo`: eight agencies on this machine, and what must happen between them.
//!
//! Every agency is a real node with its own home, keys and database, and they talk libp2p on
//! loopback. Each step says what must happen and what did; `--once` ends with failure if anything
//! differs. Every wait is bounded.

mod book;
mod crash;
mod federation;
mod steps;
mod story;

use std::path::PathBuf;

use clap::Args;

use super::Done;
use super::output::Output;
use crate::acts::ActError;
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
    let (dir, temporary) = match &args.dir {
        Some(dir) => (dir.clone(), false),
        None => {
            let name = format!("accord-demo-{}", std::process::id());
            (std::env::temp_dir().join(name), true)
        }
    };
    let mut book = Book::new(output);
    let ended = play(&mut book, dir.clone(), args.once).await;
    if temporary {
        drop(std::fs::remove_dir_all(&dir));
    }
    ended?;
    Ok(if book.finish() { Done::Ok } else { Done::Refused })
}

async fn play(book: &mut Book, dir: PathBuf, once: bool) -> Result<(), ActError> {
    book.heading("A federation on this machine");
    let mut federation = Federation::make(dir).await?;
    steps::introductions(book, &federation).await?;
    steps::reads(book, &federation).await?;
    steps::agreements(book, &federation).await?;
    steps::permitted(book, &federation).await?;
    steps::refused(book, &federation).await?;
    steps::suspended(book, &federation).await?;
    steps::written_request(book, &federation).await?;
    crash::in_the_middle(book, &mut federation).await?;
    steps::reconciled(book, &federation).await?;
    if !once {
        stay(book, &federation).await;
    }
    federation.stop().await;
    Ok(())
}

/// Leaves the nodes up for the reader to try.
async fn stay(book: &Book, federation: &Federation) {
    book.heading("The nodes stay up until Ctrl-C");
    for (id, node) in federation.nodes() {
        book.say(&format!("  {id:<28} {}", node.home.dir().display()));
    }
    let home = federation.nodes().next().map(|(_, node)| node.home.dir().display().to_string());
    book.say(&format!(
        "\nIn another terminal, for instance:\n  accord --home {home} --as officer query --all --purpose stolen_vehicle --case 26-0417 \\\n      --reason \"car taken from Foothill Blvd on Saturday\" --plate {}\n  accord --home {home} --as auditor audit log",
        story::PLATE,
        home = home.unwrap_or_default(),
    ));
    drop(tokio::signal::ctrl_c().await);
}
