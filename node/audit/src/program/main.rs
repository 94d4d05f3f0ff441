//! `accord-audit`: checks, compares and reports on bundles that agencies handed over, where no node is.
//!
//! It says and ends as `accord audit` does on the same files: 0 when all is well, 1 when something is
//! wrong with a log, 2 when what was given makes no sense, 3 when it could not be done.

mod arguments;
mod commands;
mod files;
mod output;

use std::process::ExitCode;

use audit::Unable;
use audit::command_line::{json_wanted, misused};
use clap::Parser as _;

use arguments::{Cli, Command};
use commands::Done;
use output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; the rest is usage.
            let printed = error.print();
            if !error.use_stderr() {
                return match output::printed(printed) {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(error) => Output::new(json_wanted()).fail(&error),
                };
            }
            let error = Unable::Usage(misused("accord-audit", &error));
            Output::new(json_wanted()).error_line(&error);
            return ExitCode::from(error.exit_code());
        }
    };
    let output = Output::new(cli.json);
    match run(cli.command, output) {
        Ok(Done::Ok) => ExitCode::SUCCESS,
        Ok(Done::Discrepancy) => ExitCode::from(1),
        Err(error) => output.fail(&error),
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
        Command::Heads { bundles, key } => commands::heads(&bundles, &key, output),
        Command::Foreign { file, log, key } => {
            commands::foreign(&file, log.as_deref(), &key, output)
        }
        Command::Report(args) => commands::report(&args, output),
        Command::Public { report, proof, before, key } => {
            commands::public(&report, &proof, before.as_deref(), &key, output)
        }
    }
}
