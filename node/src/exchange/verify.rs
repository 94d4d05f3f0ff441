//! What came back, checked before anybody sees it. Pure.

use std::collections::HashSet;

use schemas::agency::AgencyId;
use schemas::answer::Answer;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, EnvelopeError, Kind};
use schemas::image::MOST_IMAGES;
use schemas::key::PublicKey;
use schemas::query::Query;
use schemas::read::Read;
use schemas::refusal::{LARGEST_REASONS, Refusal};

/// Why what came back proves nothing. Nobody is shown it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The envelope does not hold.
    #[error("its {0}")]
    Envelope(#[from] EnvelopeError),
    /// It is bound to another query, owner or requester.
    #[error("it is bound to another {0}")]
    Binding(&'static str),
    /// It releases what it may not.
    #[error("{0}")]
    Content(String),
}

/// Checks an answer's header against the query.
///
/// # Errors
/// When the signature, a binding or a bound does not hold.
pub fn answer(
    envelope: &Envelope,
    owner_key: &PublicKey,
    query: &Query,
    query_digest: Digest,
) -> Result<Answer, Unproven> {
    let answer: Answer = envelope.verified_json(Kind::Answer, owner_key)?;
    bound(query, query_digest, &answer.query_id, answer.query_digest, &answer.from, &answer.to)?;
    let fits = answer.fits(&query.into());
    fits.map_err(|what| Unproven::Content(what.to_owned()))?;
    Ok(answer)
}

/// Checks a refusal against the query.
///
/// # Errors
/// When the signature or a binding does not hold, or it names no reason.
pub fn refusal(
    envelope: &Envelope,
    owner_key: &PublicKey,
    query: &Query,
    query_digest: Digest,
) -> Result<Refusal, Unproven> {
    let refusal: Refusal = envelope.verified_json(Kind::Refusal, owner_key)?;
    bound(
        query,
        query_digest,
        &refusal.query_id,
        refusal.query_digest,
        &refusal.from,
        &refusal.to,
    )?;
    if refusal.reasons.is_empty() {
        return Err(Unproven::Content("it names no reason".into()));
    }
    if !refusal.is_bounded() {
        let why = format!("its reasons have more than {LARGEST_REASONS} bytes");
        return Err(Unproven::Content(why));
    }
    Ok(refusal)
}

fn bound(
    query: &Query,
    query_digest: Digest,
    id: &schemas::query::QueryId,
    digest: Digest,
    from: &AgencyId,
    to: &AgencyId,
) -> Result<(), Unproven> {
    if *id != query.id || digest != query_digest {
        return Err(Unproven::Binding("query"));
    }
    if *from != query.to {
        return Err(Unproven::Binding("owner"));
    }
    if *to != query.from {
        return Err(Unproven::Binding("requester"));
    }
    Ok(())
}

/// Checks the pages against the header and the query, and reads them.
///
/// # Errors
/// When a digest, a count or a read is not what was promised or asked for.
pub fn pages(answer: &Answer, pages: &[Vec<u8>], query: &Query) -> Result<Vec<Read>, Unproven> {
    let content = |what: String| Unproven::Content(what);
    if pages.len() != answer.pages.len() {
        return Err(content("pages are missing".into()));
    }
    let mut reads = Vec::new();
    for (n, (promised, bytes)) in answer.pages.iter().zip(pages).enumerate() {
        if Digest::of(bytes) != promised.digest || bytes.len() != promised.bytes as usize {
            return Err(content(format!("page {n} is not the one it promises")));
        }
        let before = reads.len();
        for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            let read: Read = serde_json::from_slice(line)
                .map_err(|e| content(format!("page {n} holds what is no read: {e}")))?;
            let opened = query.images && answer.released.images;
            if read.images.len() > MOST_IMAGES || !(opened || read.images.is_empty()) {
                return Err(content(format!(
                    "page {n} holds a read with photographs that were not asked for"
                )));
            }
            if !query.elements.fits(&read) {
                return Err(content(format!("page {n} holds a read that was not asked for")));
            }
            if !(answer.released.from..answer.released.until).contains(&read.at) {
                return Err(content(format!(
                    "page {n} holds a read outside the period that it says it releases"
                )));
            }
            reads.push(read);
        }
        if reads.len().abs_diff(before) != promised.reads as usize {
            return Err(content(format!("page {n} holds another number of reads than it says")));
        }
    }
    let named: HashSet<_> =
        reads.iter().flat_map(|read| &read.images).map(|image| image.digest).collect();
    if answer.images.iter().any(|image| !named.contains(&image.digest)) {
        return Err(content("it holds a photograph of none of its reads".into()));
    }
    Ok(reads)
}
