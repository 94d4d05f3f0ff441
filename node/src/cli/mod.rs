//! The command line: parses, calls the running node, prints. A file a command.

mod agreement;
mod alarmed;
mod asking;
mod audit;
mod audits;
mod authenticator;
mod backup;
mod bundle;
mod card;
mod case;
mod certificate;
mod certificate_file;
mod client;
mod clock;
mod conformance;
mod demo;
mod device;
mod doctor;
mod duty;
mod evidence;
mod generate;
mod groups;
mod hold;
mod incident;
mod init;
mod key;
mod listed;
mod login;
mod login_browser;
mod night_desk;
mod out_file;
mod output;
mod past_queries;
mod photographs;
mod policy;
mod program;
mod progress;
mod query;
mod reads;
mod reconcile;
mod report;
mod request;
mod retention;
mod run;
mod session_file;
mod source;
mod store;
mod time;
mod timeline;
mod transfer;
mod typed;
mod user;
mod waiting;
mod who_saw;

use std::path::PathBuf;
use std::process::ExitCode;

use ::audit::command_line::{json_wanted, misused};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use schemas::query::UserName;

use crate::permission::ActError;
use client::Client;
use output::Output;

pub use init::{InitArgs, init};

/// Share licence plate reads between agencies, under agreements, with every access logged on both
/// sides.
#[derive(Parser)]
#[command(name = "accord", version, max_term_width = 100)]
struct Cli {
    /// The node's home.
    #[arg(long, global = true, env = "ACCORD_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    /// Print one JSON object a line on stdout, and nothing else there.
    #[arg(long, global = true)]
    json: bool,
    /// By whose session, where several people are signed in; by the one that was opened last at this
    /// terminal unless given.
    #[arg(long, global = true, env = "ACCORD_SESSION", value_name = "USER")]
    session: Option<UserName>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a node's home: keys, card, configuration, database, first administrator.
    Init(init::Making),
    /// Serve until SIGTERM or SIGINT.
    Run(run::RunArgs),
    /// Run a federation of eight agencies on this machine and see what it does.
    Demo(demo::DemoArgs),
    /// What waits for you: requests to decide, answers that came, audits that are due.
    Waiting,
    /// Ask peers for a plate, a part of one, a place or a vehicle; or look at what you asked.
    Query(Box<query::QueryArgs>),
    /// The case that the next queries are made for.
    #[command(subcommand)]
    Case(case::Case),
    /// Bring in, search and count one's own reads.
    #[command(subcommand)]
    Reads(reads::Reads),
    /// Cameras, readers and services that send reads by themselves.
    #[command(subcommand)]
    Source(source::Source),
    /// Programs of the agency that ask for persons who let them.
    #[command(subcommand)]
    Program(program::Program),
    /// The night desk: who releases passwords and hands out cards for a shift while no administrator is there.
    #[command(subcommand)]
    NightDesk(night_desk::NightDesk),
    /// Devices of the agency from which people work, by the certificates that they show.
    #[command(subcommand)]
    Device(device::Device),
    /// Hand a field unit's reads over to its agency's node, for signed receipts.
    Transfer(transfer::TransferArgs),
    /// People of this agency.
    #[command(subcommand)]
    User(user::User),
    /// Sign in.
    Login(login::LoginArgs),
    /// End your session.
    Logout,
    /// Who is signed in, how, and until when.
    #[command(visible_alias = "whoami")]
    Session,
    /// What people sign in by.
    #[command(subcommand)]
    Authenticator(authenticator::Authenticator),
    /// Agency cards: one's own and those of peers.
    #[command(subcommand)]
    Card(card::Card),
    /// One's own keys.
    #[command(subcommand)]
    Key(key::Key),
    /// Standing agreements.
    #[command(subcommand)]
    Agreement(agreement::Agreement),
    /// Written requests.
    #[command(subcommand)]
    Request(request::Request),
    /// The agency's policy.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// The audit log.
    Audit(audit::AuditArgs),
    /// What the policy has people do, and when it is due.
    #[command(subcommand)]
    Duty(duty::Duty),
    /// Legal holds.
    #[command(subcommand)]
    Hold(hold::Hold),
    /// Evidence packages.
    #[command(subcommand)]
    Evidence(evidence::Evidence),
    /// What is past its retention, and its destruction.
    #[command(subcommand)]
    Retention(retention::Retention),
    /// Where the node's data is kept.
    #[command(subcommand)]
    Store(store::Store),
    /// The certificate of the HTTPS side.
    #[command(subcommand)]
    Certificate(certificate::Certificate),
    /// The machine's clock, as the log goes by it.
    #[command(subcommand)]
    Clock(clock::Clock),
    /// Copy everything that the node is into a folder, while it runs or not.
    Backup(backup::BackupArgs),
    /// Put a backup back into an empty home.
    Restore(backup::RestoreArgs),
    /// Check that the node is well; of one that does not run, what keeps it from starting.
    Doctor,
    /// See whether another implementation does what the protocol demands.
    Conformance(conformance::ConformanceArgs),
    /// Whether the node serves, for scripts and health checks.
    Health,
    /// Completion for shells, and man pages.
    #[command(subcommand)]
    Generate(generate::Generate),
}

/// How a command ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Done.
    Ok,
    /// Refused, or a discrepancy found: an answer, not a fault.
    Refused,
}

/// Runs the command line; the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let args = match typed::filled(std::env::args_os(), typed::next_line) {
        Ok(args) => args,
        Err(error) => return Output::new(json_wanted()).fail(&error),
    };
    let parsed = groups::grouped(Cli::command()).try_get_matches_from(args);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return parsed_otherwise(&error),
    };
    let output = Output::new(cli.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.fail(&ActError::failed(format!("no runtime: {error}"))),
    };
    let done = runtime.block_on(dispatch(cli, output));
    // A thread that waits for a file, such as one on a server that is gone, holds nobody up.
    runtime.shutdown_background();
    match (done, output::unwritten()) {
        (Err(error), _) => output.fail(&error),
        (Ok(_), Some(error)) => output.fail(&error),
        (Ok(Done::Ok), None) => ExitCode::SUCCESS,
        (Ok(Done::Refused), None) => ExitCode::from(output::REFUSED),
    }
}

/// Help and version are answers; the rest is usage.
fn parsed_otherwise(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    if error.use_stderr() {
        let error = ActError::usage(misused("accord", error));
        Output::new(json_wanted()).error_line(&error);
        return ExitCode::from(output::USAGE);
    }
    output::told(printed);
    match output::unwritten() {
        Some(error) => Output::new(json_wanted()).fail(&error),
        None => ExitCode::SUCCESS,
    }
}

async fn dispatch(cli: Cli, output: Output) -> Result<Done, ActError> {
    let dir = match cli.home {
        Some(dir) => dir,
        None => std::env::home_dir()
            .map(|home| home.join(".accord"))
            .ok_or_else(|| ActError::usage("name the node's home with --home".into()))?,
    };
    let client = Client::new(&dir, cli.session);
    match cli.command {
        Command::Init(args) => init::run(&dir, &args, output).await,
        Command::Run(args) => run::run(&dir, &args, output).await,
        Command::Demo(args) => demo::run(&args, output).await,
        Command::Waiting => waiting::run(&client, output).await,
        Command::Query(args) => query::run(&client, &args, output).await,
        Command::Case(command) => case::run(&dir, client.user(), command, output),
        Command::Reads(command) => reads::run(&client, command, output).await,
        Command::Source(command) => source::run(&client, command, output).await,
        Command::Program(command) => program::run(&client, command, output).await,
        Command::NightDesk(command) => night_desk::run(&client, command, output).await,
        Command::Device(command) => device::run(&client, command, output).await,
        Command::Transfer(args) => transfer::run(&args, output).await,
        Command::User(command) => user::run(&dir, &client, command, output).await,
        Command::Login(args) => login::login(&dir, &client, args, output).await,
        Command::Logout => login::logout(&dir, &client, output).await,
        Command::Session => login::session(&client, output).await,
        Command::Authenticator(command) => authenticator::run(&client, command, output).await,
        Command::Card(command) => card::run(&dir, &client, command, output).await,
        Command::Key(command) => key::run(&dir, &client, command, output).await,
        Command::Agreement(command) => agreement::run(&dir, &client, command, output).await,
        Command::Request(command) => request::run(&client, command, output).await,
        Command::Policy(command) => policy::run(&client, command, output).await,
        Command::Audit(args) => audit::run(&client, args, output).await,
        Command::Duty(command) => duty::run(&client, command, output).await,
        Command::Hold(command) => hold::run(&client, command, output).await,
        Command::Evidence(command) => evidence::run(&client, command, output).await,
        Command::Retention(command) => retention::run(&client, command, output).await,
        Command::Store(command) => store::run(&dir, command, output).await,
        Command::Certificate(command) => certificate::run(&dir, &command, output),
        Command::Conformance(args) => conformance::run(&dir, &args, output).await,
        Command::Clock(command) => clock::run(&dir, &client, command, output).await,
        Command::Backup(args) => backup::backup(&dir, &client, &args, output).await,
        Command::Restore(args) => backup::run_restore(&dir, &args, output),
        Command::Doctor => doctor::run(&dir, &client, output).await,
        Command::Generate(command) => generate::run(&command, output),
        Command::Health => run::health(&client, output).await,
    }
}
