//! `accord query`: what an officer with a case number and thirty seconds uses.

use std::path::PathBuf;

use clap::Args;
use schemas::agency::{AgencyId, State};
use schemas::area::Near;
use schemas::plate::Plate;
use schemas::purpose::{Purpose, QueryKind};
use schemas::query::{AuthorityId, Elements, Justification, QueryId};
use schemas::read::Location;
use schemas::refusal::Citation;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::Value;

use super::Done;
use super::client::Client;
use super::output::{Output, table, text};
use super::photographs;
use super::time::{instant, shown};
use crate::acts::ActError;
use crate::clock::Clock;
use crate::query::draft::{Draft, Whom};
use crate::wording::counted;

/// How far back a search goes when no start is given, in days.
const DAYS_BACK: u32 = 30;

/// What is asked, of whom and why.
#[derive(Args)]
pub(super) struct QueryArgs {
    /// Ask this agency; repeat for several.
    #[arg(long = "to", value_name = "ID")]
    to: Vec<AgencyId>,
    /// Ask every peer that gives authority.
    #[arg(long, conflicts_with = "to")]
    all: bool,
    /// Ask again, under the same id, what was not answered; or see again what was, while it is kept.
    #[arg(long, value_name = "QUERY_ID", conflicts_with_all = ["to", "all"])]
    again: Option<QueryId>,
    /// Why, by code, such as `stolen_vehicle`.
    #[arg(long, value_name = "CODE", required_unless_present = "again")]
    purpose: Option<Purpose>,
    /// Why, in words.
    #[arg(long, default_value = "")]
    reason: Text,
    /// Case number.
    #[arg(long, default_value = "")]
    case: Text,
    /// CAD incident number.
    #[arg(long, default_value = "")]
    cad: Text,
    /// Offence or statute.
    #[arg(long, default_value = "")]
    offense: Text,
    /// What the suspicion rests on.
    #[arg(long, default_value = "")]
    suspicion: Text,
    /// Why you need to know.
    #[arg(long, default_value = "")]
    need_to_know: Text,
    /// The agency on whose behalf you ask, when not your own.
    #[arg(long, value_name = "ID")]
    on_behalf_of: Option<AgencyId>,
    /// The officer for whom a dispatcher asks.
    #[arg(long, default_value = "")]
    for_officer: Text,
    /// The agreement or request to rely on; the owner chooses unless given.
    #[arg(long, value_name = "ID")]
    authority: Option<AuthorityId>,
    /// The plate.
    #[arg(long)]
    plate: Option<String>,
    /// The plate's state.
    #[arg(long, value_name = "ST")]
    plate_state: Option<State>,
    /// How the plate is matched: exact, partial or misread.
    #[arg(long, default_value = "exact")]
    r#match: QueryKind,
    /// Reads made at or after; thirty days ago unless given.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Reads made before; now unless given.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Reads made near this place.
    #[arg(long, value_name = "LAT,LON", requires = "radius", allow_hyphen_values = true)]
    near: Option<String>,
    /// How near, in metres.
    #[arg(long, value_name = "METRES", requires = "near")]
    radius: Option<u32>,
    /// Vehicles of this make.
    #[arg(long)]
    make: Option<Text>,
    /// Vehicles of this colour.
    #[arg(long)]
    color: Option<Text>,
    /// Reads of this camera.
    #[arg(long)]
    camera: Option<Text>,
    /// Most reads of each agency.
    #[arg(long, default_value_t = 100)]
    limit: u32,
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
    if let Some(id) = args.again {
        let mut heard: Value = client.post(&format!("/queries/{id}/again"), &Value::Null).await?;
        save(client, &mut heard, args).await?;
        output.object(&heard, || describe(&heard));
        return ended(std::slice::from_ref(&heard));
    }
    let draft = draft(args)?;
    let mut lines = client.post_lines("/queries", &draft).await?;
    let mut heard = Vec::new();
    while let Some(mut one) = lines.next::<Value>().await? {
        save(client, &mut one, args).await?;
        output.object(&one, || describe(&one));
        heard.push(one);
    }
    ended(&heard)
}

async fn save(client: &Client, heard: &mut Value, args: &QueryArgs) -> Result<(), ActError> {
    match &args.save_images {
        Some(folder) => photographs::save(client, heard, folder).await,
        None => Ok(()),
    }
}

/// Refused by somebody is an answer (1); heard by nobody is not (3).
fn ended(heard: &[Value]) -> Result<Done, ActError> {
    let any = |outcome: &str| heard.iter().any(|one| text(one, "outcome") == outcome);
    if any("refused") {
        Ok(Done::Refused)
    } else if any("unanswered") {
        let silent: Vec<_> = heard
            .iter()
            .filter(|one| text(one, "outcome") == "unanswered")
            .map(|one| text(one, "owner"))
            .collect();
        Err(ActError::Failed(format!("unanswered by {}", silent.join(", "))))
    } else {
        Ok(Done::Ok)
    }
}

fn draft(args: &QueryArgs) -> Result<Draft, ActError> {
    match (args.all, args.to.is_empty()) {
        (true, _) => Ok(Draft { whom: Whom::All, ..draft_to(args, &[])? }),
        (false, false) => draft_to(args, &args.to),
        (false, true) => Err(ActError::Usage("say whom to ask: --to ID, or --all".into())),
    }
}

/// The draft to these owners.
pub(super) fn draft_to(args: &QueryArgs, owners: &[AgencyId]) -> Result<Draft, ActError> {
    let usage = |what: String| ActError::Usage(what);
    let whom = Whom::These(owners.to_vec());
    let purpose = args.purpose.ok_or_else(|| usage("say why with --purpose".into()))?;
    let now = Clock::system().now();
    let partial = args.r#match == QueryKind::Partial;
    let plate = match (&args.plate, partial) {
        (Some(text), false) => {
            Some(text.parse::<Plate>().map_err(|e| usage(format!("--plate: {e}")))?)
        }
        _ => None,
    };
    let pattern = match (&args.plate, partial) {
        (Some(pattern), true) => Some(pattern.parse().map_err(|e| usage(format!("--plate: {e}")))?),
        _ => None,
    };
    let near = near(args.near.as_deref(), args.radius)?;
    let kind = match (&args.plate, args.r#match) {
        (None, _) if near.is_some() => QueryKind::Area,
        (None, _) if args.make.is_some() || args.color.is_some() || args.camera.is_some() => {
            QueryKind::Vehicle
        }
        (None, _) => return Err(usage("say what to look for: --plate".into())),
        (Some(_), kind) => kind,
    };
    let elements = Elements {
        kind,
        plate,
        pattern,
        plate_state: args.plate_state,
        from: args.from.unwrap_or_else(|| now.minus_days(DAYS_BACK)),
        until: args.until.unwrap_or(now),
        near,
        polygon: None,
        make: args.make.clone(),
        color: args.color.clone(),
        body: None,
        camera: args.camera.clone(),
    };
    Ok(Draft {
        // The node takes the acting user; this only fills the field.
        user: "unnamed".parse().map_err(|e| usage(format!("{e}")))?,
        whom,
        authority: args.authority.clone(),
        why: Justification {
            purpose,
            offense: args.offense.clone(),
            case: args.case.clone(),
            cad: args.cad.clone(),
            reason: args.reason.clone(),
            suspicion: args.suspicion.clone(),
            need_to_know: args.need_to_know.clone(),
            on_behalf_of: args.on_behalf_of.clone(),
            for_officer: args.for_officer.clone(),
        },
        elements,
        limit: args.limit,
        images: args.images || args.save_images.is_some(),
    })
}

/// A circle as two options give it.
pub(super) fn near(place: Option<&str>, radius: Option<u32>) -> Result<Option<Near>, ActError> {
    match (place, radius) {
        (Some(place), Some(radius_m)) => Ok(Some(Near { center: location(place)?, radius_m })),
        _ => Ok(None),
    }
}

fn location(place: &str) -> Result<Location, ActError> {
    let refused = || {
        ActError::Usage(format!(
            "--near `{place}` is no place; expected LAT,LON such as `34.148,-118.001`"
        ))
    };
    let (latitude, longitude) = place.split_once(',').ok_or_else(refused)?;
    let number = |text: &str| text.trim().parse::<f64>().map_err(|_| refused());
    Location::new(number(latitude)?, number(longitude)?).ok().flatten().ok_or_else(refused)
}

/// One owner's outcome for a person.
pub(super) fn describe(heard: &Value) -> String {
    let said = outcome(heard);
    match text(heard, "query_id") {
        // Needed to ask again, to submit a request after a refusal, and to find it in the log.
        id if !id.is_empty() && !said.contains(id) => format!("{said}\nquery {id}"),
        _ => said,
    }
}

fn outcome(heard: &Value) -> String {
    let owner = text(heard, "owner");
    let list = |key: &str| heard.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    match text(heard, "outcome") {
        "answered" => {
            let reads = list("reads");
            let basis = heard.pointer("/basis/authority").and_then(Value::as_str).unwrap_or("");
            let more = if heard.get("truncated") == Some(&Value::Bool(true)) {
                " (there are more)"
            } else {
                ""
            };
            let found = counted(reads.len(), "read", "reads");
            let mut out = format!("{owner}: {found} under {basis}{more}");
            if !reads.is_empty() {
                let rows: Vec<Vec<String>> = reads.iter().map(row).collect();
                out += "\n";
                out += &table(&["plate", "seen", "camera", "place", "vehicle"], &rows);
            }
            for one in list("corrections") {
                out += &format!(
                    "\nCorrected by {owner} on {}: the read of {} is of {}. {}",
                    shown(text(&one, "at")),
                    text(&one, "was"),
                    text(&one, "plate"),
                    text(&one, "reason")
                );
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
        "refused" => {
            let own = text(heard, "refused_by") == "own policy";
            let by = if own { "refused by your own policy; nothing was sent" } else { "refused" };
            let mut out = format!("{owner}: {by}");
            for one in list("reasons") {
                out += "\n";
                out += &reason(&one, "  ");
            }
            out
        }
        _ => format!("{owner}: unanswered: {}", text(heard, "error")),
    }
}

/// A reason for a person: its code, sentence and sections.
pub(super) fn reason(reason: &Value, indent: &str) -> String {
    let citations: Vec<String> = reason
        .get("citations")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|c| serde_json::from_value::<Citation>(c.clone()).ok())
        .map(|citation| citation.to_string())
        .collect();
    format!(
        "{indent}{}: {}\n{indent}  [{}]",
        text(reason, "code"),
        text(reason, "message"),
        citations.join("; ")
    )
}

fn row(read: &Value) -> Vec<String> {
    let place = match (read.pointer("/location/latitude"), read.pointer("/location/longitude")) {
        (Some(latitude), Some(longitude)) => {
            let degrees = |value: &Value| format!("{:.4}", value.as_f64().unwrap_or_default());
            format!("{}, {}", degrees(latitude), degrees(longitude))
        }
        _ => String::new(),
    };
    let vehicle: Vec<&str> = ["color", "make", "model"]
        .iter()
        .filter_map(|key| read.pointer(&format!("/vehicle/{key}")).and_then(Value::as_str))
        .collect();
    vec![
        text(read, "plate").into(),
        shown(text(read, "at")),
        text(read, "camera").into(),
        place,
        vehicle.join(" "),
    ]
}
