//! Events of what gives authority: agreements and written requests.

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::authority::AuthorityId;
use crate::digest::Digest;
use crate::purpose::{Purpose, codes};
use crate::text::Text;
use crate::time::Timestamp;

/// One proposed an agreement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgreementProposed {
    /// Its id.
    pub agreement: AuthorityId,
    /// Its version.
    pub version: u32,
    /// Its parties.
    pub parties: Vec<AgencyId>,
}

/// A peer's proposal arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgreementReceived {
    /// Its id.
    pub agreement: AuthorityId,
    /// Its version.
    pub version: u32,
}

/// A peer's proposal was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgreementRefused {
    /// Its id, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AuthorityId>,
    /// Its version, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// H(its text).
    pub text: Digest,
    /// Why, as its proposer is told.
    pub why: Text,
}

/// One adhered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgreementSigned {
    /// Its id.
    pub agreement: AuthorityId,
    /// Its version.
    pub version: u32,
    /// Who signed, by full name.
    pub signatory: Text,
    /// With what title.
    pub title: Text,
    /// With which parties reads are shared.
    pub shares_with: Vec<AgencyId>,
}

/// A peer's adherence arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgreementAdhered {
    /// Its id.
    pub agreement: AuthorityId,
    /// Its version.
    pub version: u32,
    /// Who signed, by full name.
    pub signatory: Text,
}

/// A party suspended or resumed its side, or withdrew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AgreementNoticed {
    /// Its id.
    pub agreement: AuthorityId,
    /// Its version.
    pub version: u32,
    /// Why.
    pub reason: Text,
}

/// One submitted a written request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestSubmitted {
    /// Its id.
    pub request: AuthorityId,
    /// The person requesting.
    pub requested_by: Text,
    /// The intended purpose.
    pub purpose: Purpose,
    /// Case number.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub case: Text,
}

/// A peer's written request arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestReceived {
    /// Its id.
    pub request: AuthorityId,
    /// The person requesting.
    pub requested_by: Text,
}

/// A written request was approved or denied, here or by the owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestDecided {
    /// Its id.
    pub request: AuthorityId,
    /// Who decided, by full name.
    pub decided_by: Text,
    /// By what title.
    pub title: Text,
    /// Why.
    pub reason: Text,
}

/// A written request was withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestWithdrawn {
    /// Its id.
    pub request: AuthorityId,
}

/// An outside body's request was filed for records release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestRecorded {
    /// Its id.
    pub request: AuthorityId,
    /// Who asks.
    pub from_body: Text,
    /// Case or docket number.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub case: Text,
    /// Where the policy sends it.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub records_release: Text,
    /// By when it is to be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
}

codes! {
    /// How an outside body's request was answered, by whoever releases records.
    RecordsOutcome, "outcome of a records request" {
        /// Records were released.
        Released = "released",
        /// They were not.
        Denied = "denied",
        /// There are none.
        NoneHeld = "none_held",
        /// Who asked took it back.
        Withdrawn = "withdrawn",
    }
}

/// An outside body's request was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestClosed {
    /// Its id.
    pub request: AuthorityId,
    /// How.
    pub outcome: RecordsOutcome,
    /// In words: what was released, or why not.
    pub reason: Text,
}
