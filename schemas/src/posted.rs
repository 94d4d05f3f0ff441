//! Posted policies: each agency tells its peers by which text it decides (Civil Code 1798.90.51(b)). It
//! is what the agency says of itself: nobody but the agency decides by it.

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::digest::Digest;
use crate::time::Timestamp;

/// Longest text of a policy, as [`size`] counts it: what fits the envelope in which it is sent to peers.
pub const LARGEST_TEXT: usize = 40_960;

/// The size of a policy's text: its bytes, those that JSON writes as two counted twice.
#[must_use]
pub fn size(text: &str) -> usize {
    let twice = |byte: &u8| matches!(byte, b'"' | b'\\' | b'\n' | b'\t' | b'\r');
    text.len() + text.bytes().filter(|byte| twice(byte)).count()
}

/// The policy that an agency has in force, as its node signs it for peers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PostedPolicy {
    /// Whose it is.
    pub agency: AgencyId,
    /// The how manieth it is that this agency's node has put into force, from 1.
    pub version: u32,
    /// Since when it is in force.
    pub since: Timestamp,
    /// Its exact text, TOML; at most [`LARGEST_TEXT`] by [`size`].
    pub text: String,
}

impl PostedPolicy {
    /// H(its exact text), by which answers and refusals name it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}
