//! Frames: what stands on a substream between two nodes.
//!
//! `u32 length ‖ u8 kind ‖ u32 length of beside ‖ beside ‖ body`, integers big-endian; the first
//! length counts everything after itself. *Beside* is JSON that is not signed (log position and
//! proof); *body* is an envelope's exact bytes, a page, or empty. A receiver refuses a frame by its
//! kind and announced length before it reads the rest.

use crate::answer::PAGE_BYTES;
use crate::card;
use crate::envelope;
use crate::work::Work;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameKind {
    /// Requester to owner: a query's envelope. Opens an exchange.
    Query = 1,
    /// Owner to requester: an answer's envelope; its pages follow in order.
    Answer = 2,
    /// Owner to requester: a refusal's envelope. Ends the exchange.
    Refusal = 3,
    /// Owner to requester: one page of an answer.
    Page = 4,
    /// Requester to owner: a receipt's envelope. Opens an exchange when resent.
    Receipt = 5,
    /// Owner to requester: the receipt is durable. Empty body. Ends the exchange.
    ReceiptAck = 6,
    /// Either way: the sender's card. Opens an exchange; answered by a card.
    Card = 7,
    /// Either way: a signed document. Opens an exchange.
    Document = 8,
    /// Answer to [`FrameKind::Document`]: it is durable. Empty body.
    DocumentAck = 9,
    /// Unsigned word that a frame could not be served; the body is a code and a sentence. It
    /// proves nothing and releases nothing; the sender of the frame may try again.
    Failed = 10,
    /// Asks for a statement of the exchanges between the two, and, as the reply, is the statement.
    /// Opens an exchange.
    Statement = 11,
    /// Asks the receiver to cosign the sender's signed head: a request as JSON. Opens an exchange.
    Witness = 12,
    /// The reply to [`FrameKind::Witness`]: a cosignature, or a refusal, as JSON.
    Witnessed = 13,
    /// Asks the receiver to prove that some sizes of its log lead one to the next, and, as the reply,
    /// holds the proofs; both as JSON. Opens an exchange.
    Consistency = 14,
    /// Owner to requester: a piece of a photograph, at most as large as a page. After the pages, in
    /// the order of the header.
    Image = 15,
    /// After a statement: asks to be shown what stands at some places of its tree, and, as the
    /// reply, one place each; both as JSON. One that names no place ends the exchange.
    Narrow = 16,
    /// Asks the receiver where entries of its log about the sender stand, and, as the reply, holds the
    /// proofs of those that stand there; both as JSON. Opens an exchange.
    Standing = 17,
    /// Shows the receiver the signed heads that the sender keeps of the logs of others with whom both
    /// are parties of an agreement, and, as the reply, those that the receiver keeps of the same logs;
    /// both as JSON. Opens an exchange.
    Heads = 18,
}

impl FrameKind {
    /// The kind of a byte.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Query,
            2 => Self::Answer,
            3 => Self::Refusal,
            4 => Self::Page,
            5 => Self::Receipt,
            6 => Self::ReceiptAck,
            7 => Self::Card,
            8 => Self::Document,
            9 => Self::DocumentAck,
            10 => Self::Failed,
            11 => Self::Statement,
            12 => Self::Witness,
            13 => Self::Witnessed,
            14 => Self::Consistency,
            15 => Self::Image,
            16 => Self::Narrow,
            17 => Self::Standing,
            18 => Self::Heads,
            _ => return None,
        })
    }

    /// Largest body of a frame of this kind, in bytes.
    #[must_use]
    pub const fn largest_body(self) -> usize {
        match self {
            Self::Query | Self::Receipt => 32_768,
            Self::Answer | Self::Refusal | Self::Document | Self::Statement => envelope::LARGEST,
            Self::Card => card::LARGEST,
            Self::Page
            | Self::Image
            | Self::Narrow
            | Self::Consistency
            | Self::Standing
            | Self::Heads => PAGE_BYTES,
            Self::ReceiptAck | Self::DocumentAck => 0,
            Self::Failed => 1_024,
            Self::Witness | Self::Witnessed => 32_768,
        }
    }
}

/// Largest *beside* part, in bytes.
pub const LARGEST_BESIDE: usize = 16_384;
/// Bytes before *beside*: kind and the length of beside.
pub const HEAD: usize = 5;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: FrameKind,
    /// Unsigned JSON beside the body; empty or an object.
    pub beside: Vec<u8>,
    /// The body's exact bytes.
    pub body: Vec<u8>,
}

/// Why a frame is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No kind has this byte.
    #[error("frame of unknown kind {0}")]
    Kind(u8),
    /// Announced or given longer than its kind allows.
    #[error("frame of kind {kind:?} announces {length} bytes, more than its kind allows")]
    Length {
        /// The kind.
        kind: FrameKind,
        /// Bytes announced.
        length: usize,
    },
    /// The lengths inside do not add up.
    #[error("frame's lengths do not add up")]
    Inconsistent,
}

/// The checked head of a frame, from which the rest can be read into bounded memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What the frame is.
    pub kind: FrameKind,
    /// Bytes of *beside*.
    pub beside: usize,
    /// Bytes of body.
    pub body: usize,
}

impl Head {
    /// Bytes on the wire before *beside*: the length, the kind, the length of beside.
    pub const WIRE: usize = 4 + HEAD;

    /// Reads a head and refuses it if its lengths exceed what its kind allows.
    ///
    /// # Errors
    /// When the kind is unknown or a length is too large or inconsistent.
    pub fn parse(bytes: &[u8; Self::WIRE]) -> Result<Self, FrameError> {
        let [l0, l1, l2, l3, kind, b0, b1, b2, b3] = *bytes;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        let beside = u32::from_be_bytes([b0, b1, b2, b3]) as usize;
        let kind = FrameKind::from_byte(kind).ok_or(FrameError::Kind(kind))?;
        let rest = length.checked_sub(HEAD).ok_or(FrameError::Inconsistent)?;
        let body = rest.checked_sub(beside).ok_or(FrameError::Inconsistent)?;
        if beside > LARGEST_BESIDE || body > kind.largest_body() {
            return Err(FrameError::Length { kind, length });
        }
        Ok(Self { kind, beside, body })
    }
}

impl Frame {
    /// A frame with nothing beside it.
    #[must_use]
    pub fn new(kind: FrameKind, body: Vec<u8>) -> Self {
        Self { kind, beside: Vec::new(), body }
    }

    /// The bytes on the wire.
    ///
    /// # Errors
    /// When a part is longer than the kind allows.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FrameError> {
        let length = HEAD + self.beside.len() + self.body.len();
        if self.beside.len() > LARGEST_BESIDE || self.body.len() > self.kind.largest_body() {
            return Err(FrameError::Length { kind: self.kind, length });
        }
        let number = |n: usize| u32::try_from(n).map_err(|_| FrameError::Inconsistent);
        Work::frames(4 + length);
        let mut bytes = Vec::with_capacity(4 + length);
        bytes.extend(number(length)?.to_be_bytes());
        bytes.push(self.kind as u8);
        bytes.extend(number(self.beside.len())?.to_be_bytes());
        bytes.extend(&self.beside);
        bytes.extend(&self.body);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn heads_describe_their_frames(kind in 1u8..=18, beside in prop::collection::vec(any::<u8>(), 0..50), body in prop::collection::vec(any::<u8>(), 0..200)) {
            let kind = FrameKind::from_byte(kind).unwrap();
            let body = if kind.largest_body() == 0 { Vec::new() } else { body };
            let frame = Frame { kind, beside, body };
            let bytes = frame.to_bytes().unwrap();
            let head = Head::parse(bytes[..Head::WIRE].try_into().unwrap()).unwrap();
            prop_assert_eq!(head, Head { kind, beside: frame.beside.len(), body: frame.body.len() });
            prop_assert_eq!(bytes.len(), Head::WIRE + head.beside + head.body);
        }

        #[test]
        fn no_head_promises_more_than_its_kind_allows(bytes in any::<[u8; Head::WIRE]>()) {
            if let Ok(head) = Head::parse(&bytes) {
                prop_assert!(head.beside <= LARGEST_BESIDE);
                prop_assert!(head.body <= head.kind.largest_body());
            }
        }
    }
}
