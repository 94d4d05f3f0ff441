//! Which agreement and which of its texts is meant, by what a person typed.
//!
//! A slug alone means the one agreement that is called so. A text is signed only as it was read: by
//! its digest, and only while no later version has come, unless the version is named.

use schemas::agency::AgencyId;
use schemas::authority::{AuthorityId, AuthorityName};
use schemas::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::permission::ActError;
use registry::{State, VersionedAgreement};

/// A text by its version or its digest; the highest version where neither is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextChoice {
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

impl TextChoice {
    fn fits(&self, text: &VersionedAgreement) -> bool {
        let recorded = &text.recorded;
        self.version.is_none_or(|version| version == recorded.agreement.version)
            && self.digest.is_none_or(|digest| digest == recorded.text)
    }
}

/// The one of `ids` that a name means.
///
/// # Errors
/// When it means none, or several: with their ids.
pub(in crate::admin) fn the_one<'a>(
    name: &AuthorityName,
    what: &str,
    mut ids: impl Iterator<Item = &'a AuthorityId>,
) -> Result<&'a AuthorityId, ActError> {
    let Some(id) = ids.next() else {
        return Err(ActError::usage(format!(
            "no {what} `{name}` is recorded; see `accord {what} list`"
        )));
    };
    let others: Vec<String> = ids.map(|id| format!("`{id}`")).collect();
    if others.is_empty() {
        return Ok(id);
    }
    Err(ActError::usage(format!(
        "several are called `{name}`: `{id}`, {}; name the one that is meant",
        others.join(", ")
    )))
}

/// The agreement that a name means, of those with a text that fits.
pub(super) fn named<'a>(
    state: &'a State,
    name: &AuthorityName,
    fits: impl Fn(&VersionedAgreement) -> bool,
) -> Result<&'a AuthorityId, ActError> {
    let of_name = || state.agreements.iter().filter(|(id, _)| name.means(id));
    let fitting = || of_name().filter(|(_, texts)| texts.values().any(&fits)).map(|(id, _)| id);
    if fitting().next().is_some() {
        the_one(name, "agreement", fitting())
    } else {
        the_one(name, "agreement", of_name().map(|(id, _)| id))
    }
}

/// A text of an agreement to be shown: of several of one version that which `me` has signed, else the
/// first.
pub(super) fn text<'a>(
    me: &AgencyId,
    state: &'a State,
    id: &AuthorityId,
    choice: TextChoice,
) -> Result<&'a VersionedAgreement, ActError> {
    let fitting = fitting(state, id, choice)?;
    let signed = fitting.iter().find(|text| text.recorded.adherences.contains_key(me));
    signed.or(fitting.first()).copied().ok_or_else(|| unknown(id, choice))
}

/// The text of an agreement to be signed.
///
/// # Errors
/// When there are several of that version and none is named, or when a later version has come since
/// the one that was named by its digest alone.
pub(super) fn text_to_sign<'a>(
    state: &'a State,
    id: &AuthorityId,
    choice: TextChoice,
) -> Result<&'a VersionedAgreement, ActError> {
    let fitting = fitting(state, id, choice)?;
    let text = match fitting.as_slice() {
        [] => return Err(unknown(id, choice)),
        [text] => *text,
        several => {
            let named = several.iter().map(|text| {
                let (from, digest) = (&text.proposer, text.recorded.text);
                format!("{digest}, proposed by `{from}`")
            });
            return Err(ActError::usage(format!(
                "several texts of agreement `{id}` have one version; name one with --digest: {}",
                named.collect::<Vec<_>>().join("; ")
            )));
        }
    };
    let version = text.recorded.agreement.version;
    let latest = super::texts(state, id)
        .next_back()
        .filter(|latest| choice.version.is_none() && latest.recorded.agreement.version > version);
    match latest {
        None => Ok(text),
        Some(latest) => Err(ActError::refused(format!(
            "the text of agreement `{id}` has moved: `{}` has proposed version {} since, with the digest {}; read it with `accord agreement show {id}`, or say --version {version} to sign the one that you have read",
            latest.proposer, latest.recorded.agreement.version, latest.recorded.text
        ))),
    }
}

/// The texts that a choice means, the highest version where it names none.
fn fitting<'a>(
    state: &'a State,
    id: &AuthorityId,
    choice: TextChoice,
) -> Result<Vec<&'a VersionedAgreement>, ActError> {
    let mut fitting: Vec<_> = super::texts(state, id).filter(|text| choice.fits(text)).collect();
    let highest = fitting.last().map(|text| text.recorded.agreement.version);
    let highest = highest.ok_or_else(|| unknown(id, choice))?;
    fitting.retain(|text| text.recorded.agreement.version == highest);
    Ok(fitting)
}

fn unknown(id: &AuthorityId, choice: TextChoice) -> ActError {
    let what = match choice {
        TextChoice { digest: Some(digest), .. } => format!(" with the digest {digest}"),
        TextChoice { version: Some(version), .. } => format!(" of version {version}"),
        TextChoice { .. } => String::new(),
    };
    ActError::usage(format!(
        "no text{what} of agreement `{id}` is recorded; see `accord agreement list`"
    ))
}
