//! `accord-audit`: checks, compares and reports on bundles that agencies handed over, where no node is.
//!
//! It says and ends as `accord audit` does on the same files: 0 when all is well, 1 when something is
//! wrong with a log, 2 when what was given makes no sense, 3 when it could not be done.

mod commands;
mod files;
mod output;

use std::path::PathBuf;
use std::process::ExitCode;

use audit::report::Kind;
use audit::report::render::Format;
use audit::{Pin, Unable};
use clap::{Parser, Subcommand};
use jiff::tz::TimeZone;
use schemas::time::Timestamp;

use output::Output;

/// Check what agencies exported of their audit logs, trusting none of them: no node, no database and no
/// network.
#[derive(Parser)]
#[command(name = "accord-audit", version, max_term_width = 100)]
struct Cli {
    /// Print one JSON object a line on stdout, and nothing else there.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check a bundle that `accord audit export` wrote: the tree, the signed head, every number, body,
    /// envelope and signature.
    Verify {
        /// The bundle.
        file: PathBuf,
        /// The agency key that is to be trusted, as `ID=FINGERPRINT`; others are not. Without it,
        /// whose keys these are is the bundle's own word.
        #[arg(long, value_name = "ID=FINGERPRINT")]
        key: Vec<Pin>,
        /// FILE is a proof that `accord audit proof` wrote; check it with the keys of this card.
        #[arg(long, value_name = "FILE")]
        card: Option<PathBuf>,
    },
    /// Compare the bundles of two agencies, exchange by exchange.
    Reconcile {
        /// The two bundles.
        #[arg(num_args = 2, required = true, value_name = "BUNDLE")]
        bundles: Vec<PathBuf>,
        /// The agency keys that are to be trusted, as `ID=FINGERPRINT`: those of both bundles.
        #[arg(long, value_name = "ID=FINGERPRINT")]
        key: Vec<Pin>,
        /// Seconds before the earlier bundle's end in which an exchange may have been under way.
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        grace: u32,
        /// Write the findings here with what proves them: signed envelopes, proofs of their places and
        /// signed heads.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Report who looked for what and why, or what looks unusual, of a bundle that holds by itself.
    Report(ReportArgs),
}

#[derive(clap::Args)]
struct ReportArgs {
    /// The bundle.
    bundle: PathBuf,
    /// What it is about: access, statutory or exceptions.
    #[arg(long)]
    kind: Kind,
    /// How it is written; JSON with `--json`, else CSV, unless given.
    #[arg(long)]
    format: Option<Format>,
    /// At or after.
    #[arg(long, value_parser = instant)]
    from: Option<Timestamp>,
    /// Before.
    #[arg(long, value_parser = instant)]
    until: Option<Timestamp>,
    /// The agency's policy, by which exceptions are found; without it, the one that the bundle carries.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The agency key that is to be trusted, as `ID=FINGERPRINT`; others are not. Without it, whose
    /// keys these are is the bundle's own word.
    #[arg(long, value_name = "ID=FINGERPRINT")]
    key: Vec<Pin>,
}

/// How a command ended that could be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// All is well.
    Ok,
    /// Something is wrong with a log.
    Discrepancy,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    audit::time::instant(text, TimeZone::system())
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; the rest is usage. A closed pipe changes nothing.
            drop(error.print());
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let output = Output::new(cli.json);
    match run(cli.command, output) {
        Ok(Done::Ok) => ExitCode::SUCCESS,
        Ok(Done::Discrepancy) => ExitCode::from(1),
        Err(error) => {
            output::err(&format!("error: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(command: Command, output: Output) -> Result<Done, Unable> {
    match command {
        Command::Verify { file, key, card: None } => commands::verify(&file, &key, output),
        Command::Verify { file, key, card: Some(card) } => {
            commands::verify_proof(&file, &card, &key, output)
        }
        Command::Reconcile { bundles, key, grace, out } => {
            let two = bundles.try_into().map_err(|_| Unable::Usage("name two bundles".into()))?;
            commands::reconcile(two, &key, grace, out.as_deref(), output)
        }
        Command::Report(args) => commands::report(&args, output),
    }
}
