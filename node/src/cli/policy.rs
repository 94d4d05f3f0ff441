//! `accord policy …`

use std::path::{Path, PathBuf};

use agreements::difference::Difference;
use agreements::law::Law;
use agreements::policy::{Fault, Policy as Read};
use agreements::screening::listed_offenses;
use clap::Subcommand;
use schemas::agency::AgencyId;
use schemas::time::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::client::{Client, query_string};
use super::output::{Output, table, text};
use super::query::{self, AskingArgs};
use super::time::{instant, local, shown};
use crate::admin::explain::JudgedBy;
use crate::permission::ActError;
use audit_log::clock::Clock;
use host::home::read_text;

#[derive(Subcommand)]
pub(super) enum Policy {
    /// Show the policy in force, or a published one that comes with this node.
    Show {
        /// The policy of this agency, as published.
        #[arg(long)]
        agency: Option<AgencyId>,
        /// As of this time.
        #[arg(long, value_parser = instant, conflicts_with = "agency")]
        at: Option<Timestamp>,
        /// The policy of this peer, as it posted it to this node.
        #[arg(long, value_name = "ID", conflicts_with = "agency")]
        peer: Option<AgencyId>,
    },
    /// Say what would be decided and why, asking nobody.
    Explain(Box<ExplainArgs>),
    /// Print the page that the law has an agency post.
    Page {
        /// `html` or `md`.
        #[arg(long, default_value = "html")]
        format: String,
    },
    /// Say what is wrong with a policy file, all of it, and what is expected.
    Check {
        /// The policy, as TOML.
        file: PathBuf,
    },
    /// Say what a policy file changes of the policy in force, value by value.
    Diff {
        /// The policy, as TOML.
        file: PathBuf,
        /// Compare with this file, not with the policy in force.
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Print a policy file to fill in.
    Template,
    /// List the offences that a query can name, with their codes.
    Offenses,
    /// Put another version of the policy into force; the one before stays on record.
    Adopt {
        /// The policy, as TOML.
        file: PathBuf,
    },
}

#[derive(clap::Args)]
pub(super) struct ExplainArgs {
    /// The owner.
    #[arg(long)]
    owner: AgencyId,
    /// The agency that asks; one's own unless given.
    #[arg(long, value_name = "ID")]
    asked_by: Option<AgencyId>,
    /// As of this time.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    at: Option<Timestamp>,
    #[command(flatten)]
    query: AskingArgs,
}

pub(super) async fn run(
    client: &Client,
    command: Policy,
    output: Output,
) -> Result<Done, ActError> {
    match command {
        Policy::Show { agency: Some(agency), .. } => published(&agency, output),
        Policy::Show { agency: None, at, peer: Some(peer) } => {
            let at = query_string(&[("at", at.map(|at| at.to_string()))]);
            let posted: Value = client.get(&format!("/policy/of/{peer}{at}")).await?;
            output.object(&posted, || {
                let version = posted.get("version").cloned().unwrap_or_default();
                let since = shown(text(&posted, "since"));
                let text = text(&posted, "text").trim_end();
                format!(
                    "# version {version} of {peer}, in force since {since}, as it posted it\n{text}"
                )
            });
            Ok(Done::Ok)
        }
        Policy::Show { agency: None, at, peer: None } => {
            let path = format!("/policy{}", query_string(&[("at", at.map(|at| at.to_string()))]));
            let policy: Value = client.get(&path).await?;
            show(&policy, output);
            Ok(Done::Ok)
        }
        Policy::Check { file } => check(&file, output),
        Policy::Diff { file, against } => {
            let before = match against {
                Some(file) => parsed(&file)?,
                None => {
                    let held: Value = client.get("/policy").await?;
                    let policy = held.get("policy").cloned().unwrap_or_default();
                    serde_json::from_value(policy).map_err(|e| ActError::failed(e.to_string()))?
                }
            };
            diff(&before, &parsed(&file)?, output)
        }
        Policy::Template => {
            let template = Read::template();
            output.object(&json!({ "template": template }), || template.trim_end().to_owned());
            Ok(Done::Ok)
        }
        Policy::Offenses => {
            offenses(output);
            Ok(Done::Ok)
        }
        Policy::Adopt { file } => {
            let body = read_text(&file).map_err(|e| ActError::usage(e.to_string()))?;
            let name = name(&file);
            let policy: Value =
                client.post("/policy", &json!({ "name": name, "text": body })).await?;
            output.object(&policy, || {
                format!("{name} is in force from now on; the policy before it stays on record")
            });
            Ok(Done::Ok)
        }
        Policy::Page { format } => {
            let page: Value = client.get(&format!("/policy/page?format={format}")).await?;
            output.object(&page, || text(&page, "page").trim_end().to_owned());
            Ok(Done::Ok)
        }
        Policy::Explain(args) => explain(client, &args, output).await,
    }
}

fn parsed(file: &Path) -> Result<Read, ActError> {
    let text = read_text(file).map_err(|e| ActError::usage(e.to_string()))?;
    Ok(Read::from_toml(&name(file), &text)?)
}

/// Everything that is wrong with a file; refused (1) where something is.
fn check(file: &Path, output: Output) -> Result<Done, ActError> {
    let body = read_text(file).map_err(|e| ActError::usage(e.to_string()))?;
    let faults = Read::check(&body);
    let warnings = Read::from_toml(&name(file), &body).map(|policy| policy.warnings());
    let mut warnings = warnings.unwrap_or_default();
    // What the law demands by now is no note: it cannot be adopted.
    let policy = Read::from_toml(&name(file), &body).ok();
    let now = Clock::system().now();
    let law = policy.as_ref().and_then(|policy| Law::in_force(policy.state, now));
    let short = law.zip(policy.as_ref()).map(|(law, policy)| law.shortcomings(policy, now));
    let short = short.unwrap_or_default();
    if policy.is_some() && law.is_none() {
        warnings.push(
            "this node knows no law of that state: what its law demands is not checked".to_owned(),
        );
    }
    let faults: Vec<Fault> = faults
        .into_iter()
        .chain(short.into_iter().map(|one| Fault {
            line: None,
            key: one.key.to_owned(),
            what: one.what,
        }))
        .collect();
    output.object(&json!({ "faults": faults, "warnings": warnings }), || {
        let faulty = faults.iter().map(|fault| format!("{}: {fault}", name(file)));
        let warned = warnings.iter().map(|warning| format!("note: {warning}"));
        let mut lines: Vec<String> = faulty.chain(warned).collect();
        if faults.is_empty() {
            lines.insert(0, format!("{} can be adopted", name(file)));
        }
        lines.join("\n")
    });
    Ok(if faults.is_empty() { Done::Ok } else { Done::Refused })
}

fn diff(before: &Read, after: &Read, output: Output) -> Result<Done, ActError> {
    let differing = before.differences(after)?;
    output.object(&json!({ "differences": differing }), || {
        if differing.is_empty() {
            return "nothing differs".to_owned();
        }
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let line = |one: &Difference| {
            format!("{}\n  before: {}\n  after:  {}", one.key, side(&one.before), side(&one.after))
        };
        differing.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(Done::Ok)
}

fn offenses(output: Output) {
    let listed = listed_offenses();
    output.object(&json!({ "offenses": listed }), || {
        let rows: Vec<Vec<String>> = listed
            .iter()
            .map(|one| {
                vec![one.code.clone(), one.name.clone(), one.nibrs.clone().unwrap_or_default()]
            })
            .collect();
        table(&["code", "offence", "NIBRS"], &rows)
    });
}

fn name(file: &Path) -> String {
    file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn published(agency: &AgencyId, output: Output) -> Result<Done, ActError> {
    let body = Read::builtin_text(agency.as_str()).ok_or_else(|| {
        ActError::usage(format!(
            "no published policy of `{agency}` comes with this node; it has {}",
            Read::builtin_names().join(", ")
        ))
    })?;
    let policy = json!({ "agency": agency, "policy": Read::from_toml(agency.as_str(), body)? });
    output.object(&policy, || body.trim_end().to_owned());
    Ok(Done::Ok)
}

fn show(policy: &Value, output: Output) {
    output.object(policy, || {
        let toml = policy
            .get("policy")
            .and_then(|policy| serde_json::from_value::<Read>(policy.clone()).ok())
            .and_then(|policy| toml::to_string(&policy).ok());
        toml.unwrap_or_default().trim_end().to_owned()
    });
}

async fn explain(client: &Client, args: &ExplainArgs, output: Output) -> Result<Done, ActError> {
    let draft = query::draft_to(client, &args.query, std::slice::from_ref(&args.owner))?;
    let wanted = json!({
        "owner": args.owner,
        "from": args.asked_by,
        "at": args.at,
        "draft": draft,
    });
    let explained: Value = client.post("/policy/explain", &wanted).await?;
    let policy = explained.get("policy").cloned().unwrap_or_default();
    let judged_by: JudgedBy =
        serde_json::from_value(policy).map_err(|e| ActError::failed(e.to_string()))?;
    output.object(&explained, || describe(&explained, &judged_by));
    Ok(if text(&explained, "decision") == "permit" { Done::Ok } else { Done::Refused })
}

fn describe(explained: &Value, judged_by: &JudgedBy) -> String {
    let (owner, requester) = (text(explained, "owner"), text(explained, "requester"));
    let mut lines = vec![format!(
        "{}: a query of {requester} to {owner}, judged as of {} by {}",
        text(explained, "decision"),
        shown(text(explained, "at")),
        judged_by.told(local),
    )];
    if let Some(scope) = explained.get("scope").filter(|scope| scope.is_object()) {
        lines.push(format!(
            "  under {}: reads from {} until {}, at most {}{}",
            text(explained, "basis"),
            shown(text(scope, "from")),
            shown(text(scope, "until")),
            scope.get("limit").unwrap_or(&Value::Null),
            if scope.get("images") == Some(&Value::Bool(true)) { ", with photographs" } else { "" },
        ));
        lines.extend(query::cuts(scope).into_iter().map(|cut| format!("  {cut}")));
    }
    for (key, whose) in
        [("own_reasons", "your own policy keeps it from leaving"), ("reasons", owner)]
    {
        let reasons = explained.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        if !reasons.is_empty() {
            lines.push(format!("  {whose}:"));
        }
        lines.extend(reasons.iter().map(|reason| query::reason(reason, "    ")));
    }
    let notice = text(explained, "notice");
    if !notice.is_empty() {
        lines.push(format!("  notice of {owner}: {notice}"));
    }
    lines.join("\n")
}
