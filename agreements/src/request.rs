//! Written requests: agency, person, purpose, a bounded scope; approved, narrowed, denied.

use schemas::agency::AgencyId;
use schemas::area::Near;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::plate::Plate;
use schemas::purpose::Purpose;
use schemas::query::{QueryId, UserName};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::document::{DocumentError, read, sense, toml_form, write};

/// Most plates of one request.
pub const MOST_PLATES: usize = 50;

/// What a request may be used for. Something must bound it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestScope {
    /// Only these plates; any when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plates: Vec<Plate>,
    /// Only reads made at or after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only reads made before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only reads made in this circle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<Near>,
    /// Only so many answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// Only before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
}

impl RequestScope {
    /// Whether anything bounds it.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        !self.plates.is_empty()
            || self.uses.is_some()
            || self.valid_until.is_some()
            || self.near.is_some()
            || (self.from.is_some() && self.until.is_some())
    }

    /// Whether this scope permits nothing that `asked` does not.
    #[must_use]
    pub fn narrows(&self, asked: &Self) -> bool {
        fn at_most<T: Ord>(mine: Option<T>, theirs: Option<T>) -> bool {
            match (mine, theirs) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(mine), Some(theirs)) => mine <= theirs,
            }
        }
        let plates = asked.plates.is_empty()
            || (!self.plates.is_empty()
                && self.plates.iter().all(|plate| asked.plates.contains(plate)));
        let from = match (self.from, asked.from) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(mine), Some(theirs)) => mine >= theirs,
        };
        let near = match (&self.near, &asked.near) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(mine), Some(theirs)) => theirs.encloses(mine),
        };
        plates
            && from
            && near
            && at_most(self.until, asked.until)
            && at_most(self.uses, asked.uses)
            && at_most(self.valid_until, asked.valid_until)
    }
}

/// A written request as it is signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Its id, under the agency that asks.
    pub id: AuthorityId,
    /// The agency that asks.
    pub from: AgencyId,
    /// The owner asked.
    pub to: AgencyId,
    /// The person requesting.
    pub requested_by: Text,
    /// Who filed it.
    pub user: UserName,
    /// The intended purpose.
    pub purpose: Purpose,
    /// Case number.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub case: Text,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub reason: Text,
    /// What endangers a life, where something does: it is to be decided at once.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub danger: Text,
    /// The refused query that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_refusal: Option<QueryId>,
    /// When it was signed.
    pub at: Timestamp,
    /// What it may be used for.
    pub scope: RequestScope,
}

/// Approved or denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Approved, as asked or narrower.
    Approved,
    /// Denied.
    Denied,
}

/// The official who decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Official {
    /// Full name.
    pub name: Text,
    /// Title, or the title whose authority was delegated.
    pub title: Text,
    /// The delegation relied on, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Text>,
}

/// The owner's decision on a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ruling {
    /// The request.
    pub request: AuthorityId,
    /// Digest of its exact text.
    pub request_digest: Digest,
    /// Approved or denied.
    pub verdict: Verdict,
    /// Why.
    pub reason: Text,
    /// The section under which it was decided.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub section: Text,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub decided_by: Official,
    /// What is approved.
    pub scope: RequestScope,
}

/// The withdrawal of a request by who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// The request.
    pub request: AuthorityId,
    /// Digest of its exact text.
    pub request_digest: Digest,
    /// When.
    pub at: Timestamp,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// With file, line, key and what is expected; or when nothing bounds it or nobody is named.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, DocumentError> {
        let request: Self = read(file, text)?;
        request.check()?;
        Ok(request)
    }

    /// The TOML that is signed.
    ///
    /// # Errors
    /// When nothing bounds it or nobody is named.
    pub fn to_toml(&self) -> Result<String, DocumentError> {
        self.check()?;
        write("request", self)
    }

    fn check(&self) -> Result<(), DocumentError> {
        let scope = &self.scope;
        if *self.id.agency() != self.from {
            return Err(sense(format!(
                "request `{}` carries another name than that of `{}`, which makes it",
                self.id, self.from
            )));
        }
        if self.requested_by.is_empty() {
            return Err(sense(
                "a written request names the person requesting; give --requested-by",
            ));
        }
        if !scope.is_bounded() {
            return Err(sense(
                "something must bound a written request: plates, an area, uses, an end date, or a window of reads",
            ));
        }
        if scope.plates.len() > MOST_PLATES {
            return Err(sense(format!("a written request names at most {MOST_PLATES} plates")));
        }
        if scope.uses == Some(0) {
            return Err(sense("a written request for 0 uses asks for nothing"));
        }
        if let (Some(from), Some(until)) = (scope.from, scope.until)
            && from >= until
        {
            return Err(sense(format!("the window from {from} until {until} is empty")));
        }
        Ok(())
    }
}

toml_form! {
    Ruling, "decision";
    Withdrawal, "withdrawal";
}

/// How a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// Waits for a decision.
    Submitted,
    /// Approved, and usable.
    Approved,
    /// Denied.
    Denied,
    /// Withdrawn.
    Withdrawn,
    /// All uses are used.
    UsedUp,
    /// Past its end.
    Expired,
}

impl RequestState {
    /// The published code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::UsedUp => "used_up",
            Self::Expired => "expired",
        }
    }
}

/// A request with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestRecord {
    /// The request.
    pub request: Request,
    /// Digest of its exact text.
    pub request_digest: Digest,
    /// The decision.
    pub ruling: Option<Ruling>,
    /// Digest of its exact text, where it is recorded from a signed one.
    pub decision_digest: Option<Digest>,
    /// The withdrawal.
    pub withdrawal: Option<Withdrawal>,
}

impl RequestRecord {
    /// A request that nobody has decided yet.
    #[must_use]
    pub fn new(request: Request, request_digest: Digest) -> Self {
        Self { request, request_digest, ruling: None, decision_digest: None, withdrawal: None }
    }

    /// Records the decision. One that crossed a withdrawal stands beside it and changes nothing.
    ///
    /// # Errors
    /// When it is on another text, one was made, or it widens what was asked.
    pub fn rule(&mut self, ruling: Ruling) -> Result<(), DocumentError> {
        let id = &self.request.id;
        if ruling.request != *id || ruling.request_digest != self.request_digest {
            return Err(sense(format!(
                "this decision is on another text than that of request `{id}`"
            )));
        }
        if let Some(made) = &self.ruling {
            let what = if made.verdict == Verdict::Approved { "approved" } else { "denied" };
            let (by, at) = (&made.decided_by.name, made.at);
            return Err(sense(format!("request `{id}` was {what} already, by {by} at {at}")));
        }
        if ruling.verdict == Verdict::Approved && !ruling.scope.narrows(&self.request.scope) {
            return Err(sense(format!(
                "request `{id}` can be approved as asked or narrower, not wider"
            )));
        }
        let empty = matches!((ruling.scope.from, ruling.scope.until), (Some(from), Some(until)) if from >= until);
        if ruling.verdict == Verdict::Approved && (empty || ruling.scope.uses == Some(0)) {
            return Err(sense(format!(
                "request `{id}` cannot be approved for no use at all or for an empty window; deny it"
            )));
        }
        if ruling.decided_by.name.is_empty() || ruling.reason.is_empty() {
            return Err(sense(format!(
                "the decision on request `{id}` must name the official and the reason"
            )));
        }
        self.ruling = Some(ruling);
        Ok(())
    }

    /// Records the withdrawal.
    ///
    /// # Errors
    /// When it is of another text, or it was denied or withdrawn before.
    pub fn withdraw(&mut self, withdrawal: Withdrawal) -> Result<(), DocumentError> {
        let id = &self.request.id;
        if withdrawal.request != *id || withdrawal.request_digest != self.request_digest {
            return Err(sense(format!(
                "this withdrawal is of another text than that of request `{id}`"
            )));
        }
        let denied = self.ruling.as_ref().is_some_and(|ruling| ruling.verdict == Verdict::Denied);
        if self.withdrawal.is_some() || denied {
            return Err(sense(format!("request `{id}` is withdrawn or denied already")));
        }
        self.withdrawal = Some(withdrawal);
        Ok(())
    }

    /// The scope in force: as approved, else as asked.
    #[must_use]
    pub fn scope(&self) -> &RequestScope {
        match &self.ruling {
            Some(ruling) if ruling.verdict == Verdict::Approved => &ruling.scope,
            _ => &self.request.scope,
        }
    }

    /// How it stands after `used` answers, at `now`.
    #[must_use]
    pub fn state(&self, used: u32, now: Timestamp) -> RequestState {
        if self.withdrawal.is_some() {
            return RequestState::Withdrawn;
        }
        let scope = self.scope();
        let ended = scope.valid_until.is_some_and(|end| now >= end);
        match self.ruling.as_ref().map(|ruling| ruling.verdict) {
            Some(Verdict::Denied) => RequestState::Denied,
            _ if ended => RequestState::Expired,
            None => RequestState::Submitted,
            Some(Verdict::Approved) if scope.uses.is_some_and(|uses| used >= uses) => {
                RequestState::UsedUp
            }
            Some(Verdict::Approved) => RequestState::Approved,
        }
    }
}
