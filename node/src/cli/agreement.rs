//! `accord agreement …`. Texts and adherences are signed here, with the agency key.

mod signing;

use audit::report::sharing::Direction;
use std::path::{Path, PathBuf};

use agreements::agreement::{Act, Agreement as Text_};
use agreements::template;
use clap::Subcommand;
use schemas::agency::AgencyId;
use schemas::authority::AuthorityName;
use schemas::digest::Digest;
use schemas::text::Text;
use serde_json::{Value, json};

use super::Done;
use super::client::{Client, escaped, query_string};
use super::out_file;
use super::output::{Output, number, table};
use super::time::local;
use crate::admin::agreements::{AgreementView, RefusedView, StandingView, TextChoice};
use crate::permission::ActError;
use audit_log::clock::Clock;
use host::home::{Home, read_text};

#[derive(Subcommand)]
pub(super) enum Agreement {
    /// Write a draft from a template.
    Draft {
        /// `lasd`, `arjis`, or a TOML file.
        #[arg(long)]
        template: String,
        /// A party; repeat for every one, one's own agency included.
        #[arg(long, required = true)]
        party: Vec<AgencyId>,
        /// Where to write the draft.
        #[arg(long)]
        out: PathBuf,
        /// Another value for a key of the template.
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
    /// Record a draft, sign for oneself, and send both to every party.
    Propose {
        /// The draft.
        file: PathBuf,
        #[command(flatten)]
        signing: SigningArgs,
    },
    /// Read a text that is recorded and adhere to it: what is shown, and nothing else, is signed.
    Sign {
        /// The agreement.
        id: AuthorityName,
        /// Digest of the text that was read, as `show` prints it; without a terminal it must be given.
        #[arg(long)]
        digest: Option<Digest>,
        /// Its version; the highest unless given.
        #[arg(long)]
        version: Option<u32>,
        #[command(flatten)]
        signing: SigningArgs,
    },
    /// List agreements, and proposals that were refused.
    List,
    /// Show an agreement: who signed, who shares with whom, and the text.
    Show {
        /// The agreement.
        id: AuthorityName,
        /// Of this version; the highest unless given.
        #[arg(long)]
        version: Option<u32>,
        /// The text with this digest.
        #[arg(long)]
        digest: Option<Digest>,
        /// Write every signed envelope here, to carry to another node as a file.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Take in signed envelopes that came as a file.
    Import {
        /// The file that `show --out` wrote.
        file: PathBuf,
    },
    /// Say of a proposal that one's agency will not sign it; its parties are told.
    Decline(NoticeArgs),
    /// Suspend one's own side, at once.
    Suspend(NoticeArgs),
    /// Resume one's own side.
    Resume(NoticeArgs),
    /// End one's own side for good.
    Withdraw(NoticeArgs),
}

#[derive(clap::Args)]
pub(super) struct SigningArgs {
    /// With whom one shares; every other party that the policy lets in unless given.
    #[arg(long = "share-with")]
    share_with: Vec<AgencyId>,
    /// Share with nobody, and receive alone: under an agreement for one way (`one_way`).
    #[arg(long, conflicts_with = "share_with")]
    receive_only: bool,
    /// Who signs; the acting user unless given.
    #[arg(long, requires = "title")]
    signatory: Option<Text>,
    /// Their title.
    #[arg(long)]
    title: Option<Text>,
    /// A scanned original, whose digest is recorded.
    #[arg(long)]
    original: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(super) struct NoticeArgs {
    /// The agreement.
    id: AuthorityName,
    /// Why.
    #[arg(long)]
    reason: Text,
}

pub(super) async fn run(
    dir: &Path,
    client: &Client,
    command: Agreement,
    output: Output,
) -> Result<Done, ActError> {
    let row = match command {
        Agreement::Draft { template, party, out, set } => {
            return draft(dir, &template, party, &out, &set, output);
        }
        Agreement::List => return list(client, output).await,
        Agreement::Import { file } => return import(client, &file, output).await,
        Agreement::Propose { file, signing } => {
            let body = read_text(&file).map_err(|e| ActError::usage(e.to_string()))?;
            let agreement = Text_::from_toml(&file.display().to_string(), &body)?;
            signing::propose(dir, client, &agreement, &body, &signing).await?
        }
        Agreement::Sign { id, digest, version, signing } => {
            let choice = TextChoice { version, digest };
            signing::sign(dir, client, &id, choice, &signing, output).await?
        }
        Agreement::Show { id, version, digest, out } => {
            let row: AgreementView =
                client.get(&of(&id, "", TextChoice { version, digest })).await?;
            if let Some(out) = out {
                let lines = row.envelopes.join("\n") + "\n";
                out_file::write(&out, lines.as_bytes())?;
            }
            output.object(&row, || shown(&row));
            return Ok(Done::Ok);
        }
        Agreement::Decline(notice) => give(client, Act::Decline, &notice).await?,
        Agreement::Suspend(notice) => give(client, Act::Suspend, &notice).await?,
        Agreement::Resume(notice) => give(client, Act::Resume, &notice).await?,
        Agreement::Withdraw(notice) => give(client, Act::Withdraw, &notice).await?,
    };
    output.object(&row, || describe(&row));
    Ok(Done::Ok)
}

/// The path of an agreement as it was typed, or of what is asked of it, for one of its texts.
fn of(name: &AuthorityName, what: &str, choice: TextChoice) -> String {
    let version = choice.version.map(|version| version.to_string());
    let digest = choice.digest.map(|digest| digest.to_string());
    let choice = query_string(&[("version", version), ("digest", digest)]);
    format!("/agreements/{}{what}{choice}", escaped(&name.to_string()))
}

/// The agency that lives in the home, under whose name it proposes.
pub(super) fn own_agency(dir: &Path) -> Result<AgencyId, ActError> {
    Ok(crate::config::Config::load(&Home::open(dir)?)?.agency)
}

fn draft(
    dir: &Path,
    name: &str,
    parties: Vec<AgencyId>,
    out: &Path,
    set: &[String],
    output: Output,
) -> Result<Done, ActError> {
    let mut settings = Vec::new();
    for pair in set {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| ActError::usage(format!("--set `{pair}` is not KEY=VALUE")))?;
        settings.push((key.to_owned(), value.to_owned()));
    }
    let body = match template::builtin(name) {
        Some(body) => body.to_owned(),
        None => std::fs::read_to_string(name).map_err(|e| {
            ActError::usage(format!(
                "template `{name}` is neither a file ({e}) nor one of {}",
                template::NAMES.join(", ")
            ))
        })?,
    };
    let random = crate::exchange::ask::random_id().map_err(ActError::failed)?.to_string();
    let suffix: String = random.chars().take(8).collect();
    let stem: String = name
        .rsplit('/')
        .next()
        .unwrap_or(name)
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let set = settings
        .iter()
        .rev()
        .find(|(key, _)| key == "id")
        .map(|(_, id)| id.trim().trim_matches(['"', '\'']));
    let drawn = format!("{}-{suffix}", stem.to_lowercase());
    let name: AuthorityName =
        set.unwrap_or(&drawn).parse().map_err(|e| ActError::usage(format!("{e}")))?;
    let id = match name {
        AuthorityName::Id(id) => id,
        name @ AuthorityName::Slug(_) => name.under(&own_agency(dir)?),
    };
    let agreement = template::draft(&body, &id, parties, Clock::system().now(), &settings)?;
    out_file::write(out, agreement.to_toml()?.as_bytes())?;
    let row = json!({ "agreement": agreement.id, "version": agreement.version, "file": out });
    output.object(&row, || {
        format!(
            "{} is drafted in {}; read it, then `accord agreement propose {}`",
            agreement.id,
            out.display(),
            out.display()
        )
    });
    Ok(Done::Ok)
}

async fn give(client: &Client, act: Act, notice: &NoticeArgs) -> Result<AgreementView, ActError> {
    let path = of(&notice.id, "/notice", TextChoice::default());
    client.post(&path, &json!({ "act": act, "reason": notice.reason })).await
}

async fn import(client: &Client, file: &Path, output: Output) -> Result<Done, ActError> {
    let envelopes = read_text(file).map_err(|e| ActError::usage(e.to_string()))?;
    let done: Value = client.post("/agreements/import", &json!({ "envelopes": envelopes })).await?;
    output.object(&done, || {
        format!("{} taken in", number(&done, "recorded", "signed document", "signed documents"))
    });
    Ok(Done::Ok)
}

async fn list(client: &Client, output: Output) -> Result<Done, ActError> {
    let rows: Vec<AgreementView> = client.get("/agreements").await?;
    let refused: Vec<RefusedView> = client.get("/proposals/refused").await?;
    if output.json() {
        rows.iter().for_each(|row| output.object(row, String::new));
        refused.iter().for_each(|row| output.object(row, String::new));
    } else {
        let lines: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                let signed = row.parties.iter().filter(|party| party.signed_at.is_some()).count();
                vec![
                    row.agreement.to_string(),
                    format!("v{}", row.version),
                    row.state.clone(),
                    format!("{signed} of {} signed", row.parties.len()),
                    format!("until {}", local(row.expires)),
                    row.title.clone(),
                ]
            })
            .collect();
        output.note(&table(&["agreement", "", "state", "parties", "", "title"], &lines));
        for row in rows.iter().filter(|row| !row.refusals.is_empty()) {
            output.note(&format!("{} v{} {}", row.agreement, row.version, refusals(row)));
        }
        for row in &refused {
            let named = row.agreement.as_ref().map_or("a text".into(), ToString::to_string);
            let version = row.version.map_or(String::new(), |version| format!(" v{version}"));
            let (from, at, why) = (&row.proposer, local(row.at), &row.why);
            output.note(&format!("refused here: {named}{version} of {from}, {at}: {why}"));
        }
    }
    Ok(Done::Ok)
}

/// Who has not taken in what was signed of an agreement, and why.
fn refusals(row: &AgreementView) -> String {
    let said = row.refusals.iter().map(|refusal| {
        let word = if refusal.for_good { "refused by" } else { "not taken in yet by" };
        format!("{word} {}: {}", refusal.by, refusal.why)
    });
    said.collect::<Vec<_>>().join("; ")
}

fn describe(row: &AgreementView) -> String {
    let parties: Vec<Vec<String>> = row
        .parties
        .iter()
        .map(|party| {
            let shares: Vec<_> = party.shares_with.iter().map(AgencyId::as_str).collect();
            let by = match (&party.signatory, &party.title) {
                (Some(name), Some(title)) if !title.is_empty() => format!("{name}, {title}"),
                (Some(name), _) => name.to_string(),
                (None, _) => String::new(),
            };
            vec![
                party.agency.to_string(),
                party.signed_at.map_or("not signed".into(), local),
                by,
                shares.join(", "),
            ]
        })
        .collect();
    let standing: String = row.standings.iter().map(standing).collect();
    let refused =
        if row.refusals.is_empty() { String::new() } else { format!("\n{}", refusals(row)) };
    format!(
        "{} v{}: {}\n{}, from {} until {}{standing}\nproposed by {}, digest {}{refused}\n\n{}",
        row.agreement,
        row.version,
        row.title,
        row.state,
        local(row.effective),
        local(row.expires),
        row.proposer,
        row.digest,
        table(&["party", "signed", "by", "shares with"], &parties)
    )
}

/// Whose side is suspended or ended, by whom, since when and why; and that sharing goes one way, where it does.
fn standing(one: &StandingView) -> String {
    let (Some(by), Some(notice)) = (&one.by, &one.notice) else {
        return match one.direction {
            Some(Direction::FromThem) => {
                format!("\n  with {}: it shares, this agency receives", one.with)
            }
            Some(Direction::ToThem) => {
                format!("\n  with {}: this agency shares, it receives", one.with)
            }
            Some(Direction::Both) | None => String::new(),
        };
    };
    let (at, person, reason) = (local(notice.at), &notice.person, &notice.reason);
    format!("\n  with {}: {} by {by} since {at} ({person}): {reason}", one.with, one.state)
}

/// What a text says otherwise than the one that this agency has signed.
fn compared(row: &AgreementView) -> String {
    let Some(compared) = &row.compared else { return String::new() };
    let against = format!(
        "version {} ({}), which this agency has signed",
        compared.with_version, compared.with
    );
    if compared.differences.is_empty() {
        return format!("\n\nevery value is as in {against}");
    }
    let lines = compared.differences.iter().map(|one| {
        let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
        format!("  {}: {} becomes {}", one.key, said(&one.before), said(&one.after))
    });
    format!("\n\nunlike {against}:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// With the text, which what follows an act leaves out.
fn shown(row: &AgreementView) -> String {
    let text = row.text.as_ref().map_or(String::new(), |text| format!("\n\n{text}"));
    describe(row) + &compared(row) + &text
}
