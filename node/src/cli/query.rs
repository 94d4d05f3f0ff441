//! `accord query`: what an officer with a case number and thirty seconds uses.

use std::path::PathBuf;

use clap::Args;
use schemas::agency::AgencyId;
use schemas::authority::AuthorityName;
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::query::UserName;
use schemas::refusal::Citation;
use serde_json::Value;

use super::Done;
use super::asking::{What, Why};
use super::client::Client;
use super::listed::listed;
use super::output::{Output, one_line, text};
use super::past_queries::{self, Past};
use super::photographs;
use super::time::shown;
use super::timeline::timeline;
use crate::permission::ActError;
use audit::wording::counted;
use schemas::draft::{Draft, Recipients};

/// A query, or what was asked before.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct QueryArgs {
    #[command(subcommand)]
    past: Option<Past>,
    #[command(flatten)]
    asking: AskingArgs,
}

/// What is asked, of whom and why.
#[derive(Args)]
pub(super) struct AskingArgs {
    /// Ask this agency; repeat for several.
    #[arg(long = "to", value_name = "ID")]
    to: Vec<AgencyId>,
    /// Ask every peer that gives authority.
    #[arg(long, conflicts_with = "to")]
    all: bool,
    /// Ask again, under the same id, what was not answered; or see again what was, while it is kept. By
    /// its id, or what no other of yours begins with.
    #[arg(long, value_name = "QUERY_ID", conflicts_with_all = ["to", "all"])]
    again: Option<String>,
    /// All reads in one table, the newest first, once everybody is heard.
    #[arg(long)]
    timeline: bool,
    /// Ask for this registered person, by her user name: she sees the answer when she signs in.
    #[arg(long = "for", value_name = "USER")]
    for_user: Option<UserName>,
    #[command(flatten)]
    why: Why,
    /// The agreement or request to rely on; the owner chooses unless given.
    #[arg(long, value_name = "ID")]
    authority: Option<AuthorityName>,
    #[command(flatten)]
    what: What,
    /// Ask for the reads' photographs too, where the authority opens them.
    #[arg(long)]
    images: bool,
    /// Write the photographs of the answers into this directory; asks for them.
    #[arg(long, value_name = "DIR")]
    save_images: Option<PathBuf>,
}

pub(super) async fn run(
    client: &Client,
    args: &QueryArgs,
    output: Output,
) -> Result<Done, ActError> {
    if let Some(past) = &args.past {
        return past_queries::run(client, past, output).await;
    }
    let args = &args.asking;
    if let Some(id) = &args.again {
        let id = past_queries::whole_id(client, id).await?;
        let mut heard: Value = client.post(&format!("/queries/{id}/again"), &Value::Null).await?;
        save(client, &mut heard, args).await?;
        output.object(&heard, || describe(&heard));
        return ended(std::slice::from_ref(&heard));
    }
    let draft = draft(client, args)?;
    let mut lines = client.post_lines("/queries", &draft).await?;
    let mut heard = Vec::new();
    while let Some(mut one) = lines.next::<Value>().await? {
        save(client, &mut one, args).await?;
        if let Some(left_out) = one.get("not_asked").and_then(Value::as_array) {
            // Where nobody was left out, scripts have the id of the search in each outcome.
            match left_out.is_empty() {
                true => output.note(&not_asked(&one)),
                false => output.object(&one, || not_asked(&one)),
            }
            continue;
        }
        match args.timeline && !output.json() && outcome_code(&one) == Some(OutcomeCode::Answered) {
            true => output.note(&answered_in_short(&one)),
            false => output.object(&one, || describe(&one)),
        }
        heard.push(one);
    }
    if args.timeline && !output.json() {
        output.note(&timeline(&heard));
    }
    ended(&heard)
}

/// An answer whose reads stand below, by time, with what must be verified of them.
fn answered_in_short(heard: &Value) -> String {
    let mut short = heard.clone();
    if let Some(short) = short.as_object_mut() {
        short.insert("reads".into(), Value::Array(Vec::new()));
    }
    let count = heard.get("reads").and_then(Value::as_array).map_or(0, Vec::len);
    describe(&short).replacen("0 reads", &counted(count, "read", "reads"), 1)
}

/// Whom a search over all did not ask, and why.
fn not_asked(ended: &Value) -> String {
    let list = |key: &str| ended.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let (asked, left_out) = (list("asked"), list("not_asked"));
    let search = text(ended, "search");
    let mut told = format!(
        "search {search}: {} asked, {} not asked",
        counted(asked.len(), "agency", "agencies"),
        left_out.len()
    );
    for one in &left_out {
        told += &format!("\n  {}: {}", text(one, "owner"), one_line(text(one, "why")));
    }
    told
}

/// What of a search was cut, a sentence each, with what was asked for where that is at hand.
pub(super) fn cuts(released: &Value) -> Vec<String> {
    let cuts = released.get("cuts").and_then(Value::as_array).into_iter().flatten();
    let told = |cut: &Value| {
        let what = match text(cut, "what") {
            "from" => "no further back",
            "until" => "no later",
            "limit" => "no more reads",
            "images" => "no photographs",
            other => other,
        };
        format!("{what}: {} [{}]", one_line(text(cut, "message")), cited(cut))
    };
    cuts.map(told).collect()
}

/// What was released beside what was asked for.
fn extent(heard: &Value) -> Option<String> {
    let (asked, released) = (heard.get("asked")?, heard.get("released")?);
    let number = |of: &Value| of.get("limit").and_then(Value::as_u64).unwrap_or_default();
    let period =
        |of: &Value| format!("{} until {}", shown(text(of, "from")), shown(text(of, "until")));
    let mut told = format!(
        "Searched {} ({}), at most {} reads",
        period(released),
        text(asked, "kind"),
        number(released)
    );
    let less = period(asked) != period(released) || number(asked) != number(released);
    if less {
        told += &format!("; asked for {}, at most {} reads", period(asked), number(asked));
    }
    for cut in cuts(released) {
        told += &format!("\n  {cut}");
    }
    Some(told)
}

async fn save(client: &Client, heard: &mut Value, args: &AskingArgs) -> Result<(), ActError> {
    match &args.save_images {
        Some(folder) => photographs::save(client, heard, folder).await,
        None => Ok(()),
    }
}

/// How one owner's query ended.
pub(super) fn outcome_code(heard: &Value) -> Option<OutcomeCode> {
    text(heard, "outcome").parse().ok()
}

/// Refused by somebody is an answer (1); heard by nobody is not (3).
fn ended(heard: &[Value]) -> Result<Done, ActError> {
    let any = |outcome| heard.iter().any(|one| outcome_code(one) == Some(outcome));
    if any(OutcomeCode::Refused) {
        Ok(Done::Refused)
    } else if any(OutcomeCode::Unanswered) {
        let silent: Vec<_> = heard
            .iter()
            .filter(|one| outcome_code(one) == Some(OutcomeCode::Unanswered))
            .map(|one| text(one, "owner"))
            .collect();
        Err(ActError::failed_as("unanswered", format!("unanswered by {}", silent.join(", "))))
    } else {
        Ok(Done::Ok)
    }
}

fn draft(client: &Client, args: &AskingArgs) -> Result<Draft, ActError> {
    match (args.all, args.to.is_empty()) {
        (true, _) => Ok(Draft { whom: Recipients::All, ..draft_to(client, args, &[])? }),
        (false, false) => draft_to(client, args, &args.to),
        (false, true) => Err(ActError::usage("say whom to ask: --to ID, or --all".into())),
    }
}

/// The draft to these owners.
pub(super) fn draft_to(
    client: &Client,
    args: &AskingArgs,
    owners: &[AgencyId],
) -> Result<Draft, ActError> {
    Ok(Draft {
        whom: Recipients::These(owners.to_vec()),
        authority: args.authority.clone(),
        images: args.images || args.save_images.is_some(),
        for_user: args.for_user.clone(),
        ..drafted(client, &args.why, &args.what)?
    })
}

/// What is looked for and why, to nobody yet.
pub(super) fn drafted(client: &Client, why: &Why, what: &What) -> Result<Draft, ActError> {
    // What makes no sense is told before a case is read.
    let elements = what.elements()?;
    Ok(Draft {
        whom: Recipients::These(Vec::new()),
        authority: None,
        why: why.said(client.case()?.as_ref())?,
        elements,
        limit: what.limit,
        images: false,
        for_user: None,
    })
}

/// One owner's outcome for a person.
pub(super) fn describe(heard: &Value) -> String {
    let mut said = outcome(heard);
    let warning = text(heard, "warning");
    if !warning.is_empty() {
        said += &format!("\nWarning: {}", one_line(warning));
    }
    match text(heard, "query_id") {
        // Needed to ask again, to submit a request after a refusal, and to find it in the log.
        id if !id.is_empty() && !said.contains(id) => format!("{said}\nquery {id}"),
        _ => said,
    }
}

fn outcome(heard: &Value) -> String {
    let owner = text(heard, "owner");
    let list = |key: &str| heard.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    match outcome_code(heard) {
        Some(OutcomeCode::Answered) => {
            let reads = list("reads");
            let basis = heard.pointer("/basis/authority").and_then(Value::as_str);
            let under = basis.map_or_else(String::new, |basis| format!(" under {basis}"));
            let more = if heard.get("truncated") == Some(&Value::Bool(true)) {
                " (there are more)"
            } else {
                ""
            };
            let found = counted(reads.len(), "read", "reads");
            let mut out = format!("{owner}: {found}{under}{more}");
            if let Some(told) = extent(heard) {
                out += "\n";
                out += &told;
            }
            if !reads.is_empty() {
                out += "\n";
                out += &listed(&reads, &list("misread"));
            }
            for read in reads.iter().filter(|read| !text(read, "earlier_of").is_empty()) {
                out += &format!(
                    "\nEarlier reading: {} is what was read first of the sighting of read {}; its reader tells it otherwise now",
                    text(read, "plate"),
                    text(read, "earlier_of")
                );
            }
            for read in reads.iter().filter(|read| !text(read, "reader_clock").is_empty()) {
                out += &format!(
                    "\nThe clock of the reader of {} was ahead and showed {}; the read counts from when it came in",
                    text(read, "plate"),
                    shown(text(read, "reader_clock"))
                );
            }
            for one in list("corrections") {
                out += &format!("\n{}", corrected(owner, &one));
            }
            if let Some(told) = photographs::describe(heard) {
                out += "\n";
                out += &told;
            }
            let (own, theirs) = (text(heard, "own_notice"), text(heard, "notice"));
            if !own.is_empty() && !reads.is_empty() {
                out += &format!("\nYour policy: {own}");
            }
            if !theirs.is_empty() && theirs != own && !reads.is_empty() {
                out += &format!("\nNotice of {owner}: {theirs}");
            }
            out
        }
        Some(OutcomeCode::Refused) => {
            let own = text(heard, "refused_by").parse() == Ok(RefusedBy::OwnPolicy);
            let by = if own { "refused by your own policy; nothing was sent" } else { "refused" };
            let mut out = format!("{owner}: {by}");
            for one in list("reasons") {
                out += "\n";
                out += &reason(&one, "  ");
            }
            let contact = text(heard, "contact");
            if !contact.is_empty() {
                out += &format!("\n  at any hour: {}", one_line(contact));
            }
            let may: Vec<String> =
                list("may_release").iter().filter_map(Value::as_str).map(str::to_owned).collect();
            if !may.is_empty() {
                out += &format!(
                    "\n  another person may release it ({}), and finds it in `accord waiting`",
                    may.join(", ")
                );
            }
            // Somebody is to be called where a life is in danger, and nowhere else.
            if !own && heard.get("contact").is_some() {
                let id = text(heard, "query_id");
                out += &format!(
                    "\n  urgently in writing: `accord request submit --after-refusal {id}`"
                );
            }
            out
        }
        _ => format!("{owner}: unanswered: {}", one_line(text(heard, "error"))),
    }
}

/// What an owner said since of a read of its answer.
fn corrected(owner: &str, one: &Value) -> String {
    let (at, was, reason) = (shown(text(one, "at")), text(one, "was"), text(one, "reason"));
    match text(one, "plate") {
        "" => {
            format!("Withdrawn by {owner} on {at}: nothing may rest on the read of {was}. {reason}")
        }
        plate => format!("Corrected by {owner} on {at}: the read of {was} is of {plate}. {reason}"),
    }
}

/// A reason for a person: its code, sentence and sections.
pub(super) fn reason(reason: &Value, indent: &str) -> String {
    let (code, message) = (text(reason, "code"), one_line(text(reason, "message")));
    format!("{indent}{code}: {message}\n{indent}  [{}]", cited(reason))
}

/// The sections that something rests on.
pub(super) fn cited(of: &Value) -> String {
    let citations: Vec<String> = of
        .get("citations")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|c| serde_json::from_value::<Citation>(c.clone()).ok())
        .map(|citation| one_line(&citation.to_string()))
        .collect();
    citations.join("; ")
}
