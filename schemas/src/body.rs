//! The body of an audit log entry: who did what, in words and values.

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::digest::Digest;
use crate::event::Event;
use crate::query::{Query, UserName};
use crate::text::Text;
use crate::time::Timestamp;

pub use crate::access::{Access, Outcome};

/// How somebody is recognised who signed.
const SIGNED: &str = "signed envelope";

/// Who did it, and how the node knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// User name at their agency; absent when the node itself acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
    /// Full name.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub full_name: Text,
    /// Their agency.
    pub agency: AgencyId,
    /// How they were recognised: `session …, password and one-time code, socket, uid 1000`,
    /// `signed envelope`, `signed envelope, which says session …, security key`, `signed envelope, which says
    /// named by program cad-1`, `node`.
    pub auth: String,
}

impl Actor {
    /// The person who asks, as the signed query names them.
    #[must_use]
    pub fn requesting(query: &Query) -> Self {
        Self {
            user: Some(query.requester.user.clone()),
            full_name: query.requester.full_name.clone(),
            agency: query.from.clone(),
            auth: match (&query.requester.session, &query.requester.asserted_by) {
                (None, None) => SIGNED.into(),
                (Some(session), None) => {
                    format!("{SIGNED}, which says session {}, {}", session.id, session.way.words())
                }
                (_, Some(program)) => format!("{SIGNED}, which says named by program {program}"),
            },
        }
    }

    /// A peer that acts by what it signed.
    #[must_use]
    pub fn peer(peer: &AgencyId) -> Self {
        Self { user: None, full_name: Text::default(), agency: peer.clone(), auth: SIGNED.into() }
    }
}

/// The body of an entry:
/// `{"at":…,"actor":{…},"registry":…,"change":…,"audit":…,"event":{"kind":…,…}}`.
///
/// `registry` and `change` bind the registry to the log: whoever holds the last entry knows which one
/// changed the registry last, that one names the change before it, and so on to the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// When it was appended; the header's time.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// Index of the last entry before this one that changed the registry; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<u64>,
    /// H(the change of the registry that this entry makes, as its exact JSON); absent where it makes
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Digest>,
    /// Under which audit of theirs the actor looked or acted: index of its `audit.opened`; absent where they
    /// had none open, or did something else than auditing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<u64>,
    /// What it records, of the header's kind.
    pub event: Event,
}
