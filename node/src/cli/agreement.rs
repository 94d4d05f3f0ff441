//! `accord agreement …`. Texts and adherences are signed here, with the agency key.

use std::path::{Path, PathBuf};

use agreements::agreement::{Act, Agreement as Text_};
use agreements::template;
use clap::Subcommand;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::query::AuthorityId;
use schemas::text::Text;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::output::{Output, number, table};
use super::time::local;
use crate::admin::agreements::{AdherenceInput, AgreementView, PreparedAdherence, sign_adherence};
use crate::permission::ActError;
use audit_log::clock::Clock;
use audit_log::keys;
use host::home::{Home, read_text};
use schemas::key_use::KeyUse;

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
    /// Adhere to an agreement that is recorded.
    Sign {
        /// The agreement.
        id: AuthorityId,
        #[command(flatten)]
        signing: SigningArgs,
    },
    /// List agreements.
    List,
    /// Show an agreement: who signed, who shares with whom, and the text.
    Show {
        /// The agreement.
        id: AuthorityId,
        /// Write every signed envelope here, to carry to another node as a file.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Take in signed envelopes that came as a file.
    Import {
        /// The file that `show --out` wrote.
        file: PathBuf,
    },
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
    id: AuthorityId,
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
            return draft(&template, party, &out, &set, output);
        }
        Agreement::List => return list(client, output).await,
        Agreement::Import { file } => return import(client, &file, output).await,
        Agreement::Propose { file, signing } => {
            let body = read_text(&file).map_err(|e| ActError::usage(e.to_string()))?;
            let agreement = Text_::from_toml(&file.display().to_string(), &body)?;
            let key = keys::load(&Home::open(dir)?, KeyUse::Agency)?;
            let proposal = Envelope::sign(Kind::Agreement, body.clone().into_bytes(), &key)?;
            let adherence = sign(dir, client, &agreement, &body, &signing).await?;
            client
                .post(
                    "/agreements",
                    &json!({ "agreement": proposal.to_text(), "adherence": adherence }),
                )
                .await?
        }
        Agreement::Sign { id, signing } => {
            let known: AgreementView = client.get(&format!("/agreements/{id}")).await?;
            let body = known.text.unwrap_or_default();
            let agreement = Text_::from_toml("agreement", &body)?;
            let adherence = sign(dir, client, &agreement, &body, &signing).await?;
            client
                .post(&format!("/agreements/{id}/adherence"), &json!({ "adherence": adherence }))
                .await?
        }
        Agreement::Show { id, out } => {
            let row: AgreementView = client.get(&format!("/agreements/{id}")).await?;
            if let Some(out) = out {
                let lines = row.envelopes.join("\n") + "\n";
                std::fs::write(&out, lines).map_err(|e| {
                    ActError::failed(format!("`{}` cannot be written: {e}", out.display()))
                })?;
            }
            output.object(&row, || shown(&row));
            return Ok(Done::Ok);
        }
        Agreement::Suspend(notice) => give(client, Act::Suspend, &notice).await?,
        Agreement::Resume(notice) => give(client, Act::Resume, &notice).await?,
        Agreement::Withdraw(notice) => give(client, Act::Withdraw, &notice).await?,
    };
    output.object(&row, || describe(&row));
    Ok(Done::Ok)
}

fn draft(
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
    let id: AuthorityId = format!("{}-{suffix}", stem.to_lowercase())
        .parse()
        .map_err(|e| ActError::usage(format!("{e}")))?;
    let agreement = template::draft(&body, id, parties, Clock::system().now(), &settings)?;
    std::fs::write(out, agreement.to_toml()?)
        .map_err(|e| ActError::failed(format!("`{}` cannot be written: {e}", out.display())))?;
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

/// One's own adherence, signed with the agency key. The node says by whose authority and with whom
/// the policy lets it share.
async fn sign(
    dir: &Path,
    client: &Client,
    agreement: &Text_,
    body: &str,
    given: &SigningArgs,
) -> Result<String, ActError> {
    let home = Home::open(dir)?;
    let key = keys::load(&home, KeyUse::Agency)?;
    let wanted = AdherenceInput {
        share_with: (!given.share_with.is_empty()).then(|| given.share_with.clone()),
        signatory: given.signatory.clone(),
        title: given.title.clone(),
    };
    let prepared: PreparedAdherence =
        client.post("/agreements/prepare", &json!({ "agreement": body, "wanted": wanted })).await?;
    let original =
        match &given.original {
            None => None,
            Some(file) => Some(Digest::of(&std::fs::read(file).map_err(|e| {
                ActError::usage(format!("`{}` cannot be read: {e}", file.display()))
            })?)),
        };
    let me = crate::config::Config::load(&home)?.agency;
    sign_adherence(agreement, body, &me, prepared, original, Clock::system().now(), &key)
}

async fn give(client: &Client, act: Act, notice: &NoticeArgs) -> Result<AgreementView, ActError> {
    let path = format!("/agreements/{}/notice", notice.id);
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
    if output.json() {
        rows.iter().for_each(|row| output.object(row, String::new));
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
    }
    Ok(Done::Ok)
}

fn describe(row: &AgreementView) -> String {
    let parties: Vec<Vec<String>> = row
        .parties
        .iter()
        .map(|party| {
            let shares: Vec<_> = party.shares_with.iter().map(AgencyId::as_str).collect();
            vec![
                party.agency.to_string(),
                party.signed_at.map_or("not signed".into(), local),
                shares.join(", "),
            ]
        })
        .collect();
    format!(
        "{} v{}: {}\n{}, from {} until {}\n\n{}",
        row.agreement,
        row.version,
        row.title,
        row.state,
        local(row.effective),
        local(row.expires),
        table(&["party", "signed", "shares with"], &parties)
    )
}

/// With the text, which what follows an act leaves out.
fn shown(row: &AgreementView) -> String {
    let text = row.text.as_ref().map_or(String::new(), |text| format!("\n\n{text}"));
    describe(row) + &text
}
