//! The answer of an owner whose node is none of ours: honest as it is made, for a claim to falsify
//! before it is signed and sent.

use agreements::agreement::Agreement;
use schemas::agency::AgencyId;
use schemas::answer::{Answer, Basis, DecidedBy, Page, Released};
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind};
use schemas::key::{PublicKey, SecretKey};
use schemas::query::Query;
use schemas::read::Read;

use crate::fixtures::{agreement, json_lines, words};
use crate::identity::Identity;
use crate::raw_peer::RawPeer;

/// What is signed, and what is sent beside it.
pub struct ForgedAnswer {
    /// The header. Where it promises no pages, it is made to promise the one of `reads`.
    pub answer: Answer,
    /// What stands on its page.
    pub reads: Vec<Read>,
    /// What is sent in place of the page that the header promises.
    pub page: Option<Vec<u8>>,
    /// Photographs, in the pieces in which they are sent.
    pub pieces: Vec<Vec<u8>>,
    /// Signs the header.
    pub key: SecretKey,
    /// The byte of the header's envelope whose lowest bit is turned.
    pub altered_byte: Option<usize>,
}

/// The agreement that an honest answer rests on: the same one whenever it is made.
///
/// # Panics
/// Never.
#[must_use]
pub fn agreement_between(requester: &AgencyId, owner: &AgencyId) -> Agreement {
    let instant = |text: &str| text.parse().expect("an instant");
    let (effective, expires) = (instant("2020-01-01T00:00:00Z"), instant("2999-01-01T00:00:00Z"));
    let id = AuthorityId::new(requester.clone(), "an-agreement".parse().expect("a slug"));
    Agreement { id, effective, expires, ..agreement(&[requester, owner], effective) }
}

/// The first version of an agreement, as an answer names it.
///
/// # Panics
/// When it cannot be written.
#[must_use]
pub fn basis_of(agreement: &Agreement) -> Basis {
    Basis {
        authority: agreement.id.clone(),
        version: agreement.version,
        text: Digest::of(agreement.to_toml().expect("an agreement").as_bytes()),
        decision: None,
    }
}

impl ForgedAnswer {
    /// An honest answer of `identity` with `reads` and no photographs, to a query whose envelope has
    /// `digest`.
    ///
    /// # Panics
    /// For more reads than a number of 32 bits counts.
    #[must_use]
    pub fn honest(identity: &Identity, query: &Query, digest: Digest, reads: Vec<Read>) -> Self {
        let answer = Answer {
            query_id: query.id,
            query_digest: digest,
            from: identity.id.clone(),
            to: query.from.clone(),
            at: query.at,
            decided_by: DecidedBy { policy: Digest::of(b"a policy"), rules: 1 },
            basis: basis_of(&agreement_between(&query.from, &identity.id)),
            released: Released {
                from: query.elements.from,
                until: query.elements.until,
                limit: query.limit,
                images: false,
                cuts: Vec::new(),
            },
            count: u32::try_from(reads.len()).expect("few reads"),
            truncated: false,
            notice: words("verify before acting"),
            pages: Vec::new(),
            images: Vec::new(),
            images_beyond: 0,
        };
        Self {
            answer,
            reads,
            page: None,
            pieces: Vec::new(),
            key: identity.message_key.clone(),
            altered_byte: None,
        }
    }

    /// The frames that are sent.
    ///
    /// # Panics
    /// When the header cannot be signed.
    #[must_use]
    pub fn frames(mut self) -> Vec<Frame> {
        let page = page_of(&self.reads);
        if self.answer.pages.is_empty() {
            let bytes = u32::try_from(page.len()).expect("a small page");
            let reads = u32::try_from(self.reads.len()).expect("few reads");
            self.answer.pages.push(Page { digest: Digest::of(&page), bytes, reads });
        }
        let envelope =
            Envelope::sign_json(Kind::Answer, &self.answer, &self.key).expect("an envelope");
        let mut bytes = envelope.as_bytes().to_vec();
        if let Some(at) = self.altered_byte {
            bytes[at] ^= 1;
        }
        let mut frames = vec![
            Frame::new(FrameKind::Answer, bytes),
            Frame::new(FrameKind::Page, self.page.unwrap_or(page)),
        ];
        frames.extend(self.pieces.into_iter().map(|piece| Frame::new(FrameKind::Image, piece)));
        frames
    }
}

/// The page on which `reads` stand.
#[must_use]
pub fn page_of(reads: &[Read]) -> Vec<u8> {
    json_lines(reads).into_bytes()
}

impl RawPeer {
    /// Answers every query that `requester` signed as `script` says, given the digest of the query's
    /// envelope too; keeps silent on everything else.
    ///
    /// # Panics
    /// When it answers already; a script's task when a query is not signed so.
    pub fn answer_queries(
        &mut self,
        requester: PublicKey,
        script: impl Fn(&Identity, &Query, Digest) -> Vec<Frame> + Send + Sync + 'static,
    ) {
        let identity = self.identity.clone();
        self.answer(move |frame| {
            let envelope = (frame.kind == FrameKind::Query)
                .then(|| Envelope::parse(&frame.body).expect("a query"))?;
            let query: Query =
                envelope.verified_json(Kind::Query, &requester).expect("a signed query");
            Some(script(&identity, &query, envelope.digest()))
        });
    }
}
