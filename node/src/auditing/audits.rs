//! Opening and closing audits: the occasion is on record before anything is looked at, and every look of who
//! opened it bears it until it is closed.

use schemas::event::occasion::{MOST_OPEN, OccasionKind};
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries::audit::{audit_closed, audit_opened};
use registry::{AuditClosing, OpenedAudit};

/// An audit that is to be opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "AuditOpening"))]
pub struct Opening {
    /// What gives rise to it, in words.
    pub occasion: Text,
    /// Of which sort that is.
    #[serde(default)]
    pub kind: Option<OccasionKind>,
    /// Case number; empty where there is none.
    #[serde(default)]
    pub case: Text,
}

/// That an audit is to be closed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "AuditClosing"))]
pub struct Closing {
    /// What came of it; empty where nothing did.
    #[serde(default)]
    pub outcome: Text,
}

/// An audit as it is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "OpenedAudit"))]
pub struct AuditView {
    /// Its number: the entry that opened it.
    pub audit: u64,
    /// Who opened it.
    pub user: UserName,
    /// When.
    pub opened_at: Timestamp,
    /// When it is over if nobody closes it before.
    pub ends_at: Timestamp,
    /// What gives rise to it.
    pub occasion: Text,
    /// Of which sort that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<OccasionKind>,
    /// Case number; absent where there is none.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub case: Text,
    /// Who closed it; absent while nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<UserName>,
    /// What came of it; absent where nothing did.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub outcome: Text,
}

impl AuditView {
    fn of(opened: u64, audit: &OpenedAudit) -> Self {
        let OpenedAudit { by, at, occasion, occasion_kind, case, closed } = audit.clone();
        let (closed_by, outcome) = match closed {
            Some(AuditClosing { by, outcome, .. }) => (Some(by), outcome),
            None => (None, Text::default()),
        };
        Self {
            audit: opened,
            user: by,
            opened_at: at,
            ends_at: audit.ends(),
            occasion,
            kind: occasion_kind,
            case,
            closed_by,
            outcome,
        }
    }

    /// What it is for, in few words: `complaint: a neighbour says that she is followed, case 26-1104`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let kind = self.kind.map(|kind| format!("{}: ", words(kind))).unwrap_or_default();
        let case = if self.case.is_empty() {
            String::new()
        } else {
            format!(", case {}", self.case.as_str())
        };
        format!("{kind}{}{case}", self.occasion.as_str())
    }
}

/// A sort of occasion, as people say it.
#[must_use]
pub const fn words(kind: OccasionKind) -> &'static str {
    match kind {
        OccasionKind::Complaint => "complaint",
        OccasionKind::Subpoena => "subpoena",
        OccasionKind::PublicRecords => "public records request",
        OccasionKind::Incident => "incident",
        OccasionKind::Periodic => "periodic audit",
    }
}

/// The audits that are open, oldest first, whoever opened them.
///
/// # Errors
/// When the actor may not audit.
pub fn open_now(agency: &OwnAgency, by: &Principal) -> Result<Vec<AuditView>, ActError> {
    let (state, now) = (agency.registry.state(), agency.clock.now());
    drop(authorize(&state, by, Permission::Audit, now)?);
    let open = state.audits.open(now).into_iter();
    Ok(open.map(|(opened, audit)| AuditView::of(opened, audit)).collect())
}

/// The audits that one person has open, oldest first.
#[must_use]
pub fn open_of(agency: &OwnAgency, user: &UserName) -> Vec<AuditView> {
    let (state, now) = (agency.registry.state(), agency.clock.now());
    let open = state.audits.open_of(user, now);
    open.map(|(opened, audit)| AuditView::of(opened, audit)).collect()
}

/// Opens an audit: what `by` looks at from now on bears it.
///
/// # Errors
/// When the actor may not, it is not said what gives rise to it, or too many of theirs are open.
pub async fn open(
    agency: &OwnAgency,
    by: &Principal,
    opening: &Opening,
) -> Result<AuditView, ActError> {
    let Opening { occasion, kind, case } = opening;
    if occasion.is_empty() {
        return Err(ActError::usage(
            "say in words what gives rise to the audit, with --occasion".into(),
        ));
    }
    let (appended, audit) = agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Audit, now)?;
            let open: Vec<String> =
                state.audits.open_of(&user.name, now).map(|(open, _)| open.to_string()).collect();
            if open.len() >= MOST_OPEN {
                return Err(ActError::usage(format!(
                    "audits {} of `{}` are open, and nobody has more than {MOST_OPEN}: close one first, with `accord audit close {}`",
                    open.join(", "),
                    user.name,
                    open.first().map_or("N", String::as_str)
                )));
            }
            let audit = OpenedAudit {
                by: user.name.clone(),
                at: now,
                occasion: occasion.clone(),
                occasion_kind: *kind,
                case: case.clone(),
                closed: None,
            };
            let entry = audit_opened(state, agency.actor(&user, by), audit.clone());
            Ok((entry, audit))
        })
        .await?;
    Ok(AuditView::of(appended.position().index, &audit))
}

/// Closes the audit that the entry `opened` opened, whoever audits; one that is over by itself too, with what came
/// of it.
///
/// # Errors
/// When the actor may not, there is no such audit, or it is closed.
pub async fn close(
    agency: &OwnAgency,
    by: &Principal,
    opened: u64,
    closing: &Closing,
) -> Result<AuditView, ActError> {
    let (_, audit) = agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Audit, now)?;
            let audit = state.audits.get(opened).ok_or_else(|| {
                let why = format!(
                    "no entry {opened} opened an audit; `accord audit list-open` shows those that are open"
                );
                ActError::usage_as("audit_unknown", why)
            })?;
            if let Some(closed) = &audit.closed {
                return Err(ActError::usage_as(
                    "audit_closed",
                    format!("audit {opened} was closed by `{}` at {}", closed.by, closed.at),
                ));
            }
            let closing = AuditClosing {
                by: user.name.clone(),
                at: now,
                outcome: closing.outcome.clone(),
            };
            let audit = OpenedAudit { closed: Some(closing.clone()), ..audit.clone() };
            Ok((audit_closed(state, agency.actor(&user, by), opened, closing), audit))
        })
        .await?;
    Ok(AuditView::of(opened, &audit))
}
