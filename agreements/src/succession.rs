//! May a text take its place under an id: the first version from the agency whose name the id carries,
//! a later one from who stands in the one before.
//!
//! So nobody takes an id away from another, and nobody who has not signed an agreement puts another
//! text in its place. Of one version each agency has one text: those of two stand side by side.

use schemas::agency::AgencyId;

use crate::agreement::Agreement;
use crate::lifecycle::AgreementRecord;

/// A text that is recorded under an id, and who proposed it.
pub type Recorded<'a> = (&'a AgencyId, &'a AgreementRecord);

/// Why a text has no place under its id, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misplaced {
    /// Not from this agency, or not under this version.
    Refused(String),
    /// It may have one once what it refers to is recorded.
    NotYet(String),
}

/// Judges `agreement` as `by` proposes it, against the texts that are recorded under its id. Whoever
/// asks has seen that `by` signed it.
///
/// # Errors
/// Why it has no place.
pub fn may_follow<'a>(
    recorded: impl Iterator<Item = Recorded<'a>> + Clone,
    by: &AgencyId,
    agreement: &Agreement,
) -> Result<(), Misplaced> {
    let Agreement { id, version, supersedes, .. } = agreement;
    let of = id.agency();
    let refused = |why: String| Err(Misplaced::Refused(why));
    if recorded.clone().any(|(from, known)| from == by && known.agreement.version == *version) {
        return refused(format!(
            "another text of `{by}` is recorded as version {version} of agreement `{id}`; change `id` or `version`"
        ));
    }
    let Some(supersedes) = supersedes else {
        if by != of {
            return refused(format!(
                "agreement `{id}` carries the name of `{of}`, and `{by}` proposes it; an agency proposes under its own name"
            ));
        }
        return Ok(());
    };
    let Some((_, former)) = recorded.clone().find(|(_, known)| known.text == *supersedes) else {
        return without_former(recorded, by, agreement);
    };
    let before = former.agreement.version;
    if before.checked_add(1) != Some(*version) {
        return refused(format!(
            "version {version} of agreement `{id}` supersedes version {before}; versions go up by one"
        ));
    }
    if !former.agreement.parties.contains(by) {
        return refused(format!(
            "`{by}` is no party of version {before} of agreement `{id}` and proposes version {version}"
        ));
    }
    if former.binds(by) {
        return Ok(());
    }
    if former.adherences.contains_key(by) {
        return refused(format!(
            "`{by}` has withdrawn from version {before} of agreement `{id}` and proposes version {version}"
        ));
    }
    Err(Misplaced::NotYet(format!(
        "`{by}` proposes version {version} of agreement `{id}` and has not signed version {before}, as far as is known here"
    )))
}

/// Where the text that is superseded is not recorded: a new party has never had it, and takes a later
/// version from the agency alone whose name it carries.
fn without_former<'a>(
    mut recorded: impl Iterator<Item = Recorded<'a>> + Clone,
    by: &AgencyId,
    agreement: &Agreement,
) -> Result<(), Misplaced> {
    let Agreement { id, version, .. } = agreement;
    let unknown = format!(
        "version {version} of agreement `{id}` supersedes a text that is not recorded here"
    );
    let mut known = recorded.clone().peekable();
    if known.peek().is_none() {
        return if by == id.agency() { Ok(()) } else { Err(Misplaced::NotYet(unknown)) };
    }
    // There is one first version, so what it takes the place of can be nothing else.
    let first = *version == 2 && recorded.any(|(_, known)| known.agreement.version == 1);
    if first || !known.any(|(_, known)| known.agreement.parties.contains(by)) {
        return Err(Misplaced::Refused(unknown));
    }
    Err(Misplaced::NotYet(unknown))
}

#[cfg(test)]
mod tests;
