//! Photographs beside an answer: which ones leave, and which ones came.
//!
//! They leave only under a scope that opens them, which takes an authority that does and a query
//! that asks for them. What is missing or altered at the owner is named in the signed header and
//! never left out silently. Nothing that was not promised there is read by the requester.

use std::collections::HashSet;

use schemas::answer::{Answer, IMAGES_BYTES, MOST_PHOTOGRAPHS, PAGE_BYTES, Photograph, Withheld};
use schemas::digest::Digest;
use schemas::frame::FrameKind;
use schemas::read::Read;

use super::verify::Unproven;
use peer::link::{Channel, LinkError};
use store::photographs::{Flaw, ImageStoreError, Images, Kept, Underway};

/// Photographs that leave with an answer.
pub(super) struct OutgoingPhotos {
    /// What the header says of them.
    pub(super) described: Vec<Photograph>,
    /// How many more its reads have.
    pub(super) beyond: u32,
    /// Their bytes in pieces, as they follow the pages.
    pub(super) pieces: Vec<Vec<u8>>,
    /// Keeps them from being destroyed until the answer is appended.
    pub(super) kept: Option<Kept>,
    /// Bounds the memory of all answers with photographs.
    pub(super) underway: Option<Underway>,
}

impl OutgoingPhotos {
    /// None.
    pub(super) fn none() -> Self {
        Self { described: Vec::new(), beyond: 0, pieces: Vec::new(), kept: None, underway: None }
    }

    /// The photographs of `reads`, each once, as far as one answer carries them.
    pub(super) async fn of(images: &Images, reads: &[Read]) -> Result<Self, ImageStoreError> {
        let mut outgoing = Self::none();
        if reads.iter().all(|read| read.images.is_empty()) {
            return Ok(outgoing);
        }
        outgoing.underway = Some(images.underway().await);
        outgoing.kept = Some(images.keep(Vec::new()).await?);
        let mut seen = HashSet::new();
        let mut bytes = 0u64;
        for image in reads.iter().flat_map(|read| &read.images) {
            if !seen.insert(image.digest) {
                continue;
            }
            let with = bytes.saturating_add(u64::from(image.bytes));
            if outgoing.beyond > 0
                || outgoing.described.len() == MOST_PHOTOGRAPHS
                || with > IMAGES_BYTES
            {
                outgoing.beyond = outgoing.beyond.saturating_add(1);
                continue;
            }
            let withheld = match images.fetch(image.digest).await? {
                Ok(photograph) => {
                    outgoing.pieces.extend(pieces(&photograph));
                    bytes = with;
                    None
                }
                Err(Flaw::Missing) => Some(Withheld::Missing),
                Err(Flaw::Altered) => Some(Withheld::Altered),
            };
            outgoing.described.push(Photograph {
                digest: image.digest,
                bytes: image.bytes,
                media: image.media,
                withheld,
            });
        }
        Ok(outgoing)
    }

    /// The photographs that an answer promised before; `None` when one of them is there no longer.
    pub(super) async fn again(
        images: &Images,
        answer: &Answer,
    ) -> Result<Option<Self>, ImageStoreError> {
        let mut outgoing = Self::none();
        if answer.images.is_empty() {
            return Ok(Some(outgoing));
        }
        outgoing.underway = Some(images.underway().await);
        for promised in answer.photographs_sent() {
            match images.fetch(promised.digest).await? {
                Ok(photograph) => outgoing.pieces.extend(pieces(&photograph)),
                Err(_) => return Ok(None),
            }
        }
        Ok(Some(outgoing))
    }
}

/// A photograph in pieces as large as a page, so that no frame is larger for its sake.
fn pieces(photograph: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    photograph.chunks(PAGE_BYTES).map(<[u8]>::to_vec)
}

/// Receives the photographs that a verified header promises: their number and lengths are within
/// the bounds, and a piece that is longer than what is left of its photograph ends the exchange.
pub(super) async fn receive<C: Channel>(
    channel: &mut C,
    answer: &Answer,
) -> Result<Result<Vec<Vec<u8>>, Unproven>, LinkError> {
    let mut photographs = Vec::new();
    for promised in answer.photographs_sent() {
        let length = promised.bytes as usize;
        let mut photograph = Vec::new();
        while photograph.len() < length {
            let piece = channel.recv().await?;
            if piece.kind != FrameKind::Image || piece.body.is_empty() {
                return Err(LinkError::Protocol("expected a piece of a photograph".into()));
            }
            if photograph.len().saturating_add(piece.body.len()) > length {
                return Ok(Err(Unproven::Content(format!(
                    "photograph `{}` is longer than it promises",
                    promised.digest
                ))));
            }
            photograph.extend(piece.body);
        }
        if Digest::of(&photograph) != promised.digest {
            return Ok(Err(Unproven::Content(format!(
                "photograph `{}` is not the one it promises",
                promised.digest
            ))));
        }
        photographs.push(photograph);
    }
    Ok(Ok(photographs))
}
