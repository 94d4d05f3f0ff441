//! What `accord-audit` takes on its command line.

use std::path::PathBuf;

use audit::Pin;
use audit::report::Kind;
use audit::report::render::Format;
use clap::{Parser, Subcommand};
use jiff::tz::TimeZone;
use schemas::time::Timestamp;

/// Check what agencies exported of their audit logs, trusting none of them: no node, no database and no
/// network.
#[derive(Parser)]
#[command(name = "accord-audit", version, max_term_width = 100)]
pub(super) struct Cli {
    /// Print one JSON object a line on stdout, and nothing else there.
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check a bundle that `accord audit export` wrote: the tree, the signed head, every number, body,
    /// envelope and signature.
    Verify {
        /// The bundle.
        file: PathBuf,
        /// An agency key that is to be trusted, as `ID=FINGERPRINT`, of each agency that the log speaks
        /// of. What rests on another's word counts for nothing, and the exit code says so.
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
    /// Compare any number of bundles by the heads that they hold of each other's logs: two faces of a log,
    /// and bundles that end before a head that another one keeps.
    Heads {
        /// The bundles.
        #[arg(num_args = 1.., required = true, value_name = "BUNDLE")]
        bundles: Vec<PathBuf>,
        /// The agency keys that are to be trusted, as `ID=FINGERPRINT`: those of every bundle.
        #[arg(long, value_name = "ID=FINGERPRINT")]
        key: Vec<Pin>,
    },
    /// Read an audit export of another system (Flock's of an organisation or a network, as CSV or as a workbook), which
    /// holds searches and no reads, and set it beside one's own log.
    Foreign {
        /// The export.
        file: PathBuf,
        /// One's own log: searches are named beside which it holds no entry.
        #[arg(long, value_name = "BUNDLE")]
        log: Option<PathBuf>,
        /// An agency key that is to be trusted, as `ID=FINGERPRINT`: that of the bundle.
        #[arg(long, value_name = "ID=FINGERPRINT", requires = "log")]
        key: Vec<Pin>,
    },
    /// Report who looked for what and why, or what looks unusual, of a bundle that holds by itself.
    Report(ReportArgs),
    /// Check a report that an agency released to the public: that its log records it, that its ranges
    /// join, and that it tells again what the one before it told.
    Public {
        /// The report, as `/public/report.json` has it.
        report: PathBuf,
        /// The proof of its release, as `/public/report.proof.json` has it.
        #[arg(long, value_name = "FILE")]
        proof: PathBuf,
        /// The report that was released before it.
        #[arg(long, value_name = "FILE")]
        before: Option<PathBuf>,
        /// An agency key that is to be trusted, as `ID=FINGERPRINT`: that of the agency.
        #[arg(long, value_name = "ID=FINGERPRINT")]
        key: Vec<Pin>,
    },
}

#[derive(clap::Args)]
pub(super) struct ReportArgs {
    /// The bundle.
    pub(super) bundle: PathBuf,
    /// What it is about: access, statutory or exceptions.
    #[arg(long)]
    pub(super) kind: Kind,
    /// How it is written; JSON with `--json`, else CSV, unless given.
    #[arg(long)]
    pub(super) format: Option<Format>,
    /// At or after.
    #[arg(long, value_parser = instant)]
    pub(super) from: Option<Timestamp>,
    /// Before.
    #[arg(long, value_parser = instant)]
    pub(super) until: Option<Timestamp>,
    /// The agency's policy, by which exceptions are found; without it, the one that the bundle carries.
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// An agency key that is to be trusted, as `ID=FINGERPRINT`. A row that rests on another agency's
    /// word has a word that says so.
    #[arg(long, value_name = "ID=FINGERPRINT")]
    pub(super) key: Vec<Pin>,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    audit::time::instant(text, TimeZone::system())
}
