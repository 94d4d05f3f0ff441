//! Sources of reads: adding one, giving it a new token, disabling it, listing them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ::sign_in::Token;
use files::{Folder, other_writers};
use schemas::digest::Digest;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::source_stats::SourceStats;
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authorize, authorize_overseer,
};
use audit_log::entries::reads::{SourceChange, source_changed};
use registry::{Source, SourceName, State};
use schemas::user::User;

/// A source as it is to be added.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSource {
    /// Its name.
    pub name: SourceName,
    /// The format of what it sends.
    pub format: String,
    /// The text of the mapping, where its format needs one.
    #[serde(default)]
    pub mapping: Option<String>,
    /// The camera of records that name none.
    #[serde(default)]
    pub camera: Option<Text>,
    /// The cameras whose reads it may send; empty where any.
    #[serde(default)]
    pub cameras: Vec<Text>,
    /// The zone of times that have none.
    #[serde(default)]
    pub zone: Option<String>,
    /// The folder that it writes into, instead of sending over HTTPS.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Others than the node's account may write into the folder, and that is meant.
    #[serde(default)]
    pub shared: bool,
}

/// A source, with the token that nobody can be told again.
pub struct SourceWithToken {
    /// The source.
    pub source: Source,
    /// Its token; a folder has none.
    pub token: Option<Zeroizing<String>>,
}

/// The JSON of a source, as `accord source list` prints it.
#[must_use]
pub fn to_json(source: &Source, stats: &SourceStats) -> Value {
    json!({
        "source": source.name, "format": source.format, "mapped": source.mapping.is_some(),
        "camera": source.camera, "cameras": source.cameras, "zone": source.zone, "folder": source.folder, "writers": source.writers, "by": source.by, "at": source.at,
        "disabled": source.disabled, "last_at": stats.last_at, "stored": stats.stored,
        "rejected": stats.rejected, "merged": stats.merged, "ahead": stats.ahead,
        "past_retention": stats.past_retention, "error": stats.error, "error_at": stats.error_at,
    })
}

/// A folder of a source, and who else may write into it.
#[derive(Debug, Default)]
struct Watched {
    folder: Option<PathBuf>,
    writers: Vec<Text>,
}

/// A folder as it is kept: absolute, there, not the node's home, and the node's own to empty. Where
/// others may write into it, that must be `shared`.
fn watched(given: &Path, shared: bool, home: &Path) -> Result<Watched, ActError> {
    let unfit = |why: &dyn std::fmt::Display| {
        ActError::usage(format!("--folder `{}`: {why}", given.display()))
    };
    if !given.is_absolute() {
        return Err(unfit(&"expected an absolute path, as the node sees it"));
    }
    let folder = given.canonicalize().map_err(|e| unfit(&e))?;
    let home = home.canonicalize().map_err(|e| unfit(&e))?;
    if folder.starts_with(&home) || home.starts_with(&folder) {
        return Err(unfit(
            &"the node's home is in it, or it in the home, and files of a watched folder are destroyed",
        ));
    }
    // The node destroys each file once its reads are durable: it must be able to.
    let probe = Folder::open(&folder).map_err(|e| unfit(&e))?.create(OsStr::new("probe"));
    drop(probe.map_err(|e| unfit(&format_args!("the node cannot write there ({})", e.why)))?);
    let writers = other_writers(&folder).map_err(|e| unfit(&e))?;
    if !shared && !writers.is_empty() {
        let writers = writers.into_iter().collect::<Vec<_>>().join(", ");
        return Err(unfit(&format_args!(
            "besides the node's account it can be written by {writers}; whoever can write there sends reads as this source. Narrow that, or, if they are those who are meant to, say --shared"
        )));
    }
    let writers = writers.iter().map(|writer| writer.parse().unwrap_or_default()).collect();
    Ok(Watched { folder: Some(folder), writers })
}

fn known<'a>(state: &'a State, name: &SourceName) -> Result<&'a Source, ActError> {
    state.sources.get(name).ok_or_else(|| {
        ActError::usage(format!("there is no source `{name}`; see `accord source list`"))
    })
}

/// Every source, open and disabled.
///
/// # Errors
/// When the actor neither administers nor audits.
pub fn list(agency: &OwnAgency, by: &Principal) -> Result<Vec<Source>, ActError> {
    let (state, now) = (agency.registry.state(), agency.clock.now());
    authorize_overseer(&state, by, now)?;
    Ok(state.sources.values().cloned().collect())
}

/// Adds a source to the node in `home`; one that was disabled may be added anew.
///
/// # Errors
/// When its name is taken, format, mapping or folder are not what they must be, or the actor may
/// not.
pub async fn add(
    agency: &OwnAgency,
    by: &Principal,
    new: &NewSource,
    home: &Path,
) -> Result<SourceWithToken, ActError> {
    authorize(&agency.registry.state(), by, Permission::Administer, agency.clock.now())?;
    let watched = new.folder.as_deref().map(|folder| watched(folder, new.shared, home));
    let Watched { folder, writers } = watched.transpose()?.unwrap_or_default();
    let token = if folder.is_none() { Some(Token::new()?.into_text()) } else { None };
    let source = change(agency, by, SourceChange::Added, |state, user, now| {
        let open = |source: &&Source| source.disabled.is_none();
        if state.sources.get(&new.name).filter(open).is_some() {
            return Err(ActError::usage(format!("source `{}` exists already", new.name)));
        }
        let same = |source: &&Source| folder.is_some() && source.folder == folder;
        if let Some(other) = state.sources.values().filter(open).find(same) {
            return Err(ActError::usage(format!(
                "source `{}` has that folder already",
                other.name
            )));
        }
        let source = Source {
            name: new.name.clone(),
            format: new.format.clone(),
            mapping: new.mapping.clone(),
            camera: new.camera.clone(),
            cameras: new.cameras.clone(),
            zone: new.zone.clone(),
            folder: folder.clone(),
            writers: writers.clone(),
            token: token.as_ref().map(|token| Digest::of(token.as_bytes())),
            by: user.name.clone(),
            at: now,
            disabled: None,
        };
        source.options().map_err(ActError::usage)?;
        Ok(source)
    })
    .await?;
    Ok(SourceWithToken { source, token })
}

/// Gives a source a new token; the old one is good no longer.
///
/// # Errors
/// When there is no such source, it is disabled or has a folder, or the actor may not.
pub async fn renew_token(
    agency: &OwnAgency,
    by: &Principal,
    name: &SourceName,
) -> Result<SourceWithToken, ActError> {
    let token = Token::new()?.into_text();
    let source = change(agency, by, SourceChange::Renewed, |state, user, now| {
        let source = known(state, name)?;
        if source.disabled.is_some() || source.folder.is_some() {
            let why = if source.folder.is_some() { "has a folder" } else { "is disabled" };
            return Err(ActError::usage(format!("source `{name}` {why} and takes no token")));
        }
        Ok(Source {
            token: Some(Digest::of(token.as_bytes())),
            by: user.name.clone(),
            at: now,
            ..source.clone()
        })
    })
    .await?;
    Ok(SourceWithToken { source, token: Some(token) })
}

/// Takes nothing more from a source.
///
/// # Errors
/// When there is no such source, no reason is given, or the actor may not.
pub async fn disable(
    agency: &OwnAgency,
    by: &Principal,
    name: &SourceName,
    reason: &Text,
) -> Result<Source, ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    change(agency, by, SourceChange::Disabled, |state, user, now| {
        Ok(Source {
            disabled: Some(reason.clone()),
            by: user.name.clone(),
            at: now,
            ..known(state, name)?.clone()
        })
    })
    .await
}

async fn change(
    agency: &OwnAgency,
    by: &Principal,
    what: SourceChange,
    judge: impl Fn(&State, &User, Timestamp) -> Result<Source, ActError>,
) -> Result<Source, ActError> {
    let (_, source) = agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Administer, now)?;
            let source = judge(state, &user, now)?;
            let entry = source_changed(state, agency.actor(&user, by), what, source.clone());
            Ok((entry, source))
        })
        .await?;
    Ok(source)
}
