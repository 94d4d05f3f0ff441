//! `accord audit …`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::plate::Plate;
use schemas::query::Elements;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Done;
use super::audits::{self, Under};
use super::bundle;
use super::client::Client;
use super::incident;
use super::out_file;
use super::output::{Output, err, number, text};
use super::reconcile;
use super::report;
use super::time::{instant, shown};
use super::who_saw;
use crate::auditing::unseen::Unseen;
use crate::http::problem::BrokenOff;
use crate::permission::ActError;
use audit::Pin;
use audit::report::described;
use audit::wording::counted;
use schemas::bundle::Scope;

#[derive(clap::Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    under: Under,
    #[command(subcommand)]
    command: Audit,
}

#[derive(Subcommand)]
enum Audit {
    /// The audit log, in order.
    Log {
        /// Concerning this peer.
        #[arg(long)]
        peer: Option<AgencyId>,
        /// At or after.
        #[arg(long, value_parser = instant)]
        from: Option<Timestamp>,
        /// Before.
        #[arg(long, value_parser = instant)]
        until: Option<Timestamp>,
        /// By this user.
        #[arg(long)]
        user: Option<String>,
        /// Naming this plate.
        #[arg(long)]
        plate: Option<Plate>,
        /// Of this kind, such as `query.answered`.
        #[arg(long)]
        kind: Option<EntryKind>,
    },
    /// Everybody to whom a read of a plate was released or shown, whatever was typed to find it.
    Plate {
        /// The plate.
        plate: Plate,
    },
    /// All that a person did.
    User {
        /// User name.
        name: String,
    },
    /// One entry with all that it says, its envelopes and the proof of its place.
    Show {
        /// The entry's index in the log.
        index: u64,
    },
    /// The signed envelopes of an entry, exactly as they crossed the wire: for checks by other tools.
    Envelope {
        /// The entry's index in the log.
        index: u64,
        /// Write them here, one a line: the bytes whose digest the entry's header holds.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Alarms: what no honest log or peer shows.
    Alarms,
    /// Resolve an alarm, with the reason; exchanges with the peer go on.
    Resolve {
        /// The alarm's number.
        alarm: u64,
        /// Why nothing more is to be done.
        #[arg(long)]
        reason: Text,
    },
    /// Check a log, one's own or that of a FILE that `accord audit export` wrote, on a machine
    /// without a node: the tree, the signed head, every number, body, envelope and signature.
    Verify {
        /// The bundle; without it, the log of the running node.
        file: Option<PathBuf>,
        /// An agency key that is to be trusted, as `ID=FINGERPRINT`, of each agency that the log speaks
        /// of. What rests on another's word counts for nothing, and the exit code says so. Of the
        /// running node's own log, without any, those count that people there confirmed.
        #[arg(long, value_name = "ID=FINGERPRINT")]
        key: Vec<Pin>,
        /// FILE is a proof that `accord audit proof` wrote; check it with the keys of this card.
        #[arg(long, value_name = "FILE")]
        card: Option<PathBuf>,
    },
    /// Write the log, or what of it concerns a peer or a period, for checks without a node.
    Export {
        /// Where to.
        #[arg(long)]
        out: PathBuf,
        /// What concerns this peer.
        #[arg(long)]
        peer: Option<AgencyId>,
        /// Entries at or after.
        #[arg(long, value_parser = instant)]
        from: Option<Timestamp>,
        /// Entries before.
        #[arg(long, value_parser = instant)]
        until: Option<Timestamp>,
    },
    /// Write the proof that an entry stands in the log, as a C2SP tlog-proof.
    Proof {
        /// The entry's index in the log.
        index: u64,
        /// Where to, such as `entry.tlog-proof`.
        #[arg(long)]
        out: PathBuf,
    },
    /// Report who looked for what and why, with whom reads are shared, or what looks unusual.
    Report(report::ReportArgs),
    /// Release a public report, or the page of the policy, to the public, as the official whom the policy
    /// names.
    Release(report::ReleaseArgs),
    /// Show the public a report, or the page of the policy, no longer.
    Withdraw(report::WithdrawArgs),
    /// Open an audit with its occasion: what you look at from then on bears it, until it is closed or 30 days
    /// are over.
    Open(audits::OpenArgs),
    /// Close an audit, with what came of it: whoever opened it, or another auditor.
    Close(audits::CloseArgs),
    /// The audits that are open, whoever opened them.
    ListOpen,
    /// Draw accesses for an audit, or looks that others took; the same ones for the same seed.
    Sample(report::SampleArgs),
    /// Record an audit with what was found.
    Record(report::RecordArgs),
    /// Report what a session, a key, a program or a person reached: whose reads, what else was done, and
    /// who was told.
    Incident(incident::IncidentArgs),
    /// Put on record that somebody was told of an incident.
    Told(incident::ToldArgs),
    /// Compare any number of bundles by the heads that they hold of each other's logs, on a machine
    /// without a node: two faces of a log, and bundles that end before a head that another one keeps.
    Heads {
        /// The bundles.
        #[arg(num_args = 1.., required = true, value_name = "BUNDLE")]
        bundles: Vec<PathBuf>,
        /// The agency keys that are to be trusted, as `ID=FINGERPRINT`: those of every bundle.
        #[arg(long, value_name = "ID=FINGERPRINT")]
        key: Vec<Pin>,
    },
    /// Compare one's own log with a peer's, exchange by exchange; or two bundles that
    /// `accord audit export` wrote, on a machine without a node, trusting neither agency.
    Reconcile {
        /// The two bundles.
        #[arg(num_args = 2, value_name = "BUNDLE", conflicts_with_all = ["peer", "from", "until"])]
        bundles: Vec<PathBuf>,
        /// The agency keys that are to be trusted, as `ID=FINGERPRINT`: those of both bundles.
        #[arg(long, value_name = "ID=FINGERPRINT", requires = "bundles")]
        key: Vec<Pin>,
        /// Seconds before the earlier bundle's end in which an exchange may have been under way.
        #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "bundles")]
        grace: u32,
        /// Write the findings here with what proves them: signed envelopes, proofs of their places,
        /// signed heads, and what the peer signed and showed.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// The peer.
        #[arg(long, required_unless_present = "bundles")]
        peer: Option<AgencyId>,
        /// Exchanges asked at or after.
        #[arg(long, value_parser = instant)]
        from: Option<Timestamp>,
        /// Exchanges asked before.
        #[arg(long, value_parser = instant)]
        until: Option<Timestamp>,
    },
    /// Say how findings of a comparison came about. They stay findings: whoever compares the logs again,
    /// here or by exports, sees what was said, by whom, beside each.
    Explain(reconcile::ExplainArgs),
}

pub(super) async fn run(
    client: &Client,
    AuditArgs { under, command }: AuditArgs,
    output: Output,
) -> Result<Done, ActError> {
    let client = &client.under(&under);
    match command {
        Audit::Log { peer, from, until, user, plate, kind } => {
            let wanted = json!({
                "peer": peer, "from": from, "until": until, "user": user, "plate": plate, "kind": kind,
            });
            log(client, &wanted, output).await
        }
        Audit::Plate { plate } => who_saw::plate(client, &plate, output).await,
        Audit::User { name } => who_saw::user(client, &name, output).await,
        Audit::Show { index } => who_saw::show(client, index, output).await,
        Audit::Report(args) => report::report(client, &args, output).await,
        Audit::Release(args) => report::release(client, &args, output).await,
        Audit::Withdraw(args) => report::withdraw(client, &args, output).await,
        Audit::Open(args) => audits::open(client, args, output).await,
        Audit::Close(args) => audits::close(client, args, output).await,
        Audit::ListOpen => audits::list_open(client, output).await,
        Audit::Sample(args) => report::sample(client, args, output).await,
        Audit::Record(args) => report::record(client, args, output).await,
        Audit::Incident(args) => incident::report(client, args, output).await,
        Audit::Told(args) => incident::told(client, args, output).await,
        Audit::Alarms => {
            let mut rows = client.get_lines("/audit/alarms").await?;
            let (mut any, mut open) = (false, false);
            while let Some(row) = rows.next::<Value>().await? {
                output.object(&row, || alarm(&row));
                any = true;
                open |= row.get("resolved").is_none_or(Value::is_null);
            }
            if !any {
                output.note("no alarms");
            }
            Ok(if open { Done::Refused } else { Done::Ok })
        }
        Audit::Resolve { alarm: number, reason } => {
            let row: Value = client
                .post(&format!("/audit/alarms/{number}/resolve"), &json!({ "reason": reason }))
                .await?;
            output.object(&row, || alarm(&row));
            Ok(Done::Ok)
        }
        Audit::Envelope { index, out } => envelope(client, index, out.as_deref(), output).await,
        Audit::Verify { file, key, card } => {
            bundle::verify(client, file.as_deref(), &key, card.as_deref(), output).await
        }
        Audit::Export { out, peer, from, until } => {
            bundle::export(client, &Scope { peer, from, until }, &out, output).await
        }
        Audit::Proof { index, out } => bundle::proof(client, index, &out, output).await,
        Audit::Reconcile { bundles, key, grace, out, peer: None, .. } => {
            let two = bundles
                .try_into()
                .map_err(|_| ActError::usage("name two bundles, or a peer with --peer".into()))?;
            reconcile::bundles(two, &key, grace, out.as_deref(), output)
        }
        Audit::Heads { bundles, key } => reconcile::heads(&bundles, &key, output),
        Audit::Reconcile { peer: Some(peer), from, until, out, .. } => {
            let period = reconcile::Period { from, until };
            reconcile::peer(client, &peer, period, out.as_deref(), output).await
        }
        Audit::Explain(args) => reconcile::explain(client, args, output).await,
    }
}

async fn log(client: &Client, wanted: &Value, output: Output) -> Result<Done, ActError> {
    let mut lines = client.post_lines("/audit/log", wanted).await?;
    while let Some(entry) = lines.next::<Value>().await? {
        if let Some(problem) = BrokenOff::of(&entry) {
            return Err(ActError::failed_as(problem.code, problem.detail));
        }
        output.object(&entry, || describe(&entry));
    }
    if !output.json() {
        let unseen: Unseen = client.get("/audit/unseen").await?;
        err(&unseen.in_words());
    }
    Ok(Done::Ok)
}

async fn envelope(
    client: &Client,
    index: u64,
    out: Option<&Path>,
    output: Output,
) -> Result<Done, ActError> {
    let beside: Value = client.get(&format!("/audit/entries/{index}/envelopes")).await?;
    let envelopes = text(&beside, "envelopes");
    let Some(out) = out else {
        for line in envelopes.lines() {
            let exact = RawValue::from_string(line.to_owned())
                .map_err(|e| ActError::failed(format!("entry {index}: {e}")))?;
            output.object(&exact, || line.to_owned());
        }
        return Ok(Done::Ok);
    };
    out_file::write(out, envelopes.as_bytes())?;
    let count = envelopes.lines().count();
    let kind = text(&beside, "kind");
    let row = json!({ "index": index, "kind": kind, "file": out, "envelopes": count });
    output.object(&row, || {
        let written = counted(count, "envelope", "envelopes");
        format!("{written} of entry {index} ({kind}) written to {}", out.display())
    });
    Ok(Done::Ok)
}

fn alarm(row: &Value) -> String {
    let number = row.get("alarm").map(Value::to_string).unwrap_or_default();
    let resolved = row.get("resolved").filter(|resolved| resolved.is_object());
    let ended = resolved.map_or("open".to_owned(), |resolved| {
        format!("resolved by {}: {}", text(resolved, "by"), text(resolved, "reason"))
    });
    let mut out = format!(
        "alarm {number}  {}  {}  {}\n  {ended}",
        shown(text(row, "at")),
        text(row, "peer"),
        text(row, "kind")
    );
    for evidence in row.get("evidence").and_then(Value::as_array).into_iter().flatten() {
        let lines = evidence.as_str().unwrap_or_default().trim_end().replace('\n', "\n    ");
        out += &format!("\n    {lines}");
    }
    out
}

pub(super) fn describe(entry: &Value) -> String {
    let index = entry.get("index").map(Value::to_string).unwrap_or_default();
    let mut out = format!("{index:>6}  {}  {:<20}", shown(text(entry, "at")), text(entry, "kind"));
    for key in ["peer", "user", "purpose", "case"] {
        // An act that is no exchange, as a hold or an evidence package, names its case in the detail.
        let detail = entry.get("detail").map_or("", |detail| text(detail, key));
        let value = if key == "case" && !detail.is_empty() { detail } else { text(entry, key) };
        if !value.is_empty() {
            out += &format!("  {key} {value}");
        }
    }
    let elements = entry.get("elements").cloned().unwrap_or_default();
    if let Ok(elements) = serde_json::from_value::<Elements>(elements) {
        out += &format!("  {}", looked_for(&elements));
    }
    let reason = text(entry, "reason");
    if !reason.is_empty() {
        out += &format!("  “{reason}”");
    }
    if let Some(basis) = entry.pointer("/basis/authority").and_then(Value::as_str) {
        out += &format!("  under {basis}");
    }
    if entry.get("count").is_some() {
        out += &format!("  {}", number(entry, "count", "read", "reads"));
    }
    for reason in entry.get("reasons").and_then(Value::as_array).into_iter().flatten() {
        out += &format!("  {}", text(reason, "code"));
    }
    if let Some(audit) = entry.get("audit") {
        out += &format!("  under audit {audit}");
    }
    let unproven = text(entry, "unproven");
    if !unproven.is_empty() {
        out += &format!("  ({unproven})");
    }
    out
}

/// A plate alone in short, since that is asked most; anything else in full.
fn looked_for(elements: &Elements) -> String {
    match &elements.plate {
        Some(plate)
            if *elements == Elements::exact(plate.clone(), elements.from, elements.until) =>
        {
            format!("plate {plate}")
        }
        _ => described(elements),
    }
}
