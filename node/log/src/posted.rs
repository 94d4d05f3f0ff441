//! One's own policy as a peer is sent it: the text in force of the registry, and no other.
//!
//! ```
//! # use audit_log::{append::AuditLog, release::Released};
//! # use schemas::{agency::AgencyId, key::SecretKey};
//! fn posted(log: &AuditLog, own: &AgencyId, key: &SecretKey) -> Option<Released> {
//!     log.posted_policy(own, key).ok()?.map(|posted| posted.into_frame())
//! }
//! ```
//! ```compile_fail,E0599
//! # use audit_log::{append::AuditLog, release::Released};
//! # use schemas::posted::PostedPolicy;
//! fn posted(any: &PostedPolicy) -> Released {
//!     Released::posted_policy(any)
//! }
//! ```

use schemas::agency::AgencyId;
use schemas::envelope::{Envelope, EnvelopeError, Kind};
use schemas::frame::{Frame, FrameKind};
use schemas::key::SecretKey;
use schemas::posted::PostedPolicy;

use crate::append::AuditLog;
use crate::release::Released;

/// This agency's policy in force, signed. Its entry, `policy.adopted`, is durable. Only the log makes
/// one.
#[derive(Debug)]
pub struct OwnPolicy {
    posted: PostedPolicy,
    frame: Released,
}

impl OwnPolicy {
    /// What it says.
    #[must_use]
    pub const fn posted(&self) -> &PostedPolicy {
        &self.posted
    }

    /// The frame that sends it.
    #[must_use]
    pub fn into_frame(self) -> Released {
        self.frame
    }
}

impl AuditLog {
    /// The policy in force, signed with this agency's message key; `None` as long as there is none.
    ///
    /// # Errors
    /// When it fits no envelope.
    pub fn posted_policy(
        &self,
        own: &AgencyId,
        message_key: &SecretKey,
    ) -> Result<Option<OwnPolicy>, EnvelopeError> {
        let Some(adopted) = self.registry.state().adopted.clone() else { return Ok(None) };
        let posted = PostedPolicy {
            agency: own.clone(),
            version: adopted.version,
            since: adopted.since,
            text: adopted.text.clone(),
        };
        let envelope = Envelope::sign_json(Kind::Policy, &posted, message_key)?;
        let body = envelope.as_bytes().to_vec();
        let frame = Released::durable(Frame::new(FrameKind::Document, body));
        Ok(Some(OwnPolicy { posted, frame }))
    }
}
