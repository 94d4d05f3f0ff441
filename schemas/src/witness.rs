//! What a witness demands of a checkpoint before it cosigns (C2SP tlog-witness, `add-checkpoint`).
//!
//! A witness remembers, for each log, the one checkpoint that it cosigned last. This module only
//! judges. Its caller replaces what is stored with the checkpoint, in one atomic step and only if
//! it is still [`Advance::replaces`], durably, and cosigns after that: two requests that were
//! judged at once must not take the log back, and no crash may lose what was cosigned.

use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::digest::Digest;
use crate::key::PublicKey;
use crate::merkle::{LONGEST_PROOF, empty, verify_consistency};
use crate::note::{Cosigner, SignatureLine, Vkey};
use crate::purpose::codes;
use crate::time::Timestamp;

codes! {
    /// Why a witness does not cosign.
    WitnessCode, "witness code" {
        /// A log that is not known here.
        UnknownOrigin = "unknown_origin",
        /// The log's signature is missing or does not hold.
        Signature = "signature",
        /// The request's old size is above the checkpoint's.
        OldSizeAbove = "old_size_above",
        /// The request's old size is not the one stored; the refusal says which is.
        OldSizeNotStored = "old_size_not_stored",
        /// Same size as stored, another root: the log has forked.
        RootDiffers = "root_differs",
        /// A tree without leaves whose root is not the empty tree's.
        EmptyRoot = "empty_root",
        /// A proof from size 0, where nothing is to be proved.
        ProofNotEmpty = "proof_not_empty",
        /// More than 63 hashes.
        ProofTooLong = "proof_too_long",
        /// The tree does not start with the one stored, or the proof does not show it.
        Proof = "proof",
    }
}

/// A witness's refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[error("the witness refused: {code}")]
pub struct WitnessRefusal {
    /// Why.
    pub code: WitnessCode,
    /// With [`WitnessCode::OldSizeNotStored`]: the size stored, in leaves; 0 if the witness never
    /// cosigned this log. The log asks again with a proof from there.
    pub stored_size: Option<u64>,
}

impl From<WitnessCode> for WitnessRefusal {
    fn from(code: WitnessCode) -> Self {
        Self { code, stored_size: None }
    }
}

/// What a log asks a witness, in the body of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WitnessRequest {
    /// The size that the proof starts from: what the witness cosigned last, as the log knows it.
    pub old_size: u64,
    /// The consistency proof, at most 63 hashes.
    pub proof: Vec<Digest>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// What a witness replies, in the body of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WitnessReply {
    /// The cosignature's line, for the checkpoint that was shown.
    Cosigned(String),
    /// A refusal.
    Refused {
        /// Why.
        refusal: WitnessRefusal,
        /// The signed checkpoint of this log that the witness holds, verbatim, if it holds one: what
        /// the log itself signed.
        held: Option<String>,
    },
}

/// Most sizes of one [`ConsistencyRequest`].
pub const MOST_SIZES: usize = 32;

/// Asks a log to prove that its trees of some sizes each start with the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsistencyRequest {
    /// From 2 to [`MOST_SIZES`] sizes in entries, each larger than the one before.
    pub sizes: Vec<u64>,
}

impl ConsistencyRequest {
    /// Whether a log of `size` entries can prove it.
    #[must_use]
    pub fn within(&self, size: u64) -> bool {
        (2..=MOST_SIZES).contains(&self.sizes.len())
            && self.sizes.is_sorted_by(|one, next| one < next)
            && self.sizes.last().is_some_and(|last| *last <= size)
    }
}

/// The proofs that were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsistencyReply {
    /// From each size to the next, the hashes as in RFC 9162 §2.1.4.1, at most 63. No proof at all
    /// where the log cannot prove it.
    pub proofs: Vec<Vec<Digest>>,
}

/// Most heads of one [`HeadsShown`].
pub const MOST_HEADS: usize = 128;

/// Signed heads of others' logs, as the sender keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HeadsShown {
    /// At most [`MOST_HEADS`], each verbatim, at most one of a log.
    pub heads: Vec<String>,
}

/// What stands beside a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Greeting {
    /// The largest signed head of the receiver's log that the sender holds, verbatim: a log that
    /// does not lead to it was put back, and learns so before anything is exchanged.
    pub held: Option<String>,
    /// The agency key by which the sender knows the receiver: who has exchanged it learns whose people
    /// have confirmed the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_by: Option<PublicKey>,
    /// H(text) of the receiver's policy that the sender holds, so that the receiver sends the one in
    /// force where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Digest>,
}

/// A checkpoint that may be stored and, once it is, cosigned. Only [`judge`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    replaces: Option<(u64, Digest)>,
    signed: SignedCheckpoint,
}

impl Advance {
    /// Size in leaves and root that were stored when this was judged; `None` if nothing was.
    #[must_use]
    pub const fn replaces(&self) -> Option<(u64, Digest)> {
        self.replaces
    }

    /// What to store in its place. Of the same size and root when only the time moves on.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        self.signed.unverified()
    }

    /// The same as the log signed it: what to store, verbatim.
    #[must_use]
    pub const fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// The cosignature. The checkpoint **must be durable** before this is called.
    #[must_use]
    pub fn cosign(&self, cosigner: &Cosigner, at: Timestamp) -> SignatureLine {
        cosigner.line(self.signed.text(), at)
    }
}

/// Judges a request to cosign.
///
/// `log` is the key that is known for the checkpoint's origin, if any; `stored` the size in leaves
/// and root of what was cosigned last for this origin, if anything was; `old_size` the size in
/// leaves that `proof` starts from.
///
/// # Errors
/// A refusal, checked in the order of the specification, but for one: a fork is told before
/// whatever is wrong with the proof.
pub fn judge(
    log: Option<&Vkey>,
    stored: Option<(u64, Digest)>,
    old_size: u64,
    proof: &[Digest],
    signed: &SignedCheckpoint,
) -> Result<Advance, WitnessRefusal> {
    let log = log.ok_or(WitnessCode::UnknownOrigin)?;
    let checkpoint = signed.verified(log).map_err(|_| WitnessCode::Signature)?;
    let (size, root) = (checkpoint.size, &checkpoint.root);
    if old_size > size {
        return Err(WitnessCode::OldSizeAbove.into());
    }
    let (stored_size, stored_root) = stored.unwrap_or_else(|| (0, empty()));
    if old_size != stored_size {
        let code = WitnessCode::OldSizeNotStored;
        return Err(WitnessRefusal { code, stored_size: Some(stored_size) });
    }
    if size == 0 && *root != empty() {
        return Err(WitnessCode::EmptyRoot.into());
    }
    if size == stored_size && *root != stored_root {
        return Err(WitnessCode::RootDiffers.into());
    }
    if old_size == 0 && !proof.is_empty() {
        return Err(WitnessCode::ProofNotEmpty.into());
    }
    if proof.len() > LONGEST_PROOF {
        return Err(WitnessCode::ProofTooLong.into());
    }
    verify_consistency(old_size, &stored_root, size, root, proof)
        .map_err(|_| WitnessCode::Proof)?;
    Ok(Advance { replaces: stored, signed: signed.clone() })
}
