//! What an entry keeps of the peer's log: a place in it, proven under a head that the peer signed.

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::checkpoint::Checkpoint;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};
use schemas::entry_proof::EntryProof;
use schemas::event::Event;
use schemas::merkle;
use schemas::standing::Part;

use super::keys::Keys;
use super::signed_by::SignedBy;

/// A proven place of the peer's log that an entry keeps.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Which of those that the entry keeps.
    pub(super) nth: usize,
    /// Who signed the head above it.
    pub(super) by: SignedBy,
    /// The peer's entry.
    pub(super) header: Header,
    /// The leaf that it is.
    pub(super) leaf: Digest,
    /// The head.
    pub(super) head: Checkpoint,
}

/// Whether what an entry keeps of the peer's log is a proven place in it, of an entry about the
/// same exchange with this agency.
pub(super) fn kept(
    header: &Header,
    body: &Body,
    (nth, theirs): (usize, &EntryProof),
    keys: &Keys,
    me: &AgencyId,
) -> Result<Kept, String> {
    let not = |why: String| format!("what it keeps of the peer's log proves nothing: {why}");
    let Some(peer) = &header.peer else { return Err(not("it concerns no peer".into())) };
    let (their, head, key) = keys.entry_proof(peer, theirs).map_err(not)?;
    let query = body.event.access().and_then(|access| access.query_digest);
    let fits = match &body.event {
        Event::PeerProved(_) => Part::of(&their).is_some() && their.query.is_some(),
        Event::ReceiptRecorded(recorded) => {
            their.kind == EntryKind::AnswerReceived
                && their.envelope == Some(recorded.answer_digest)
        }
        Event::AnswerReceived(_) | Event::RefusalReceived(_) => {
            Part::of(&their) == Some(Part::Replied)
        }
        _ => their.kind == EntryKind::QuerySent && their.envelope == query,
    };
    let same = their.query == header.query || matches!(body.event, Event::PeerProved(_));
    if their.peer.as_ref() == Some(me) && same && fits {
        let leaf = merkle::leaf(theirs.header.as_bytes());
        Ok(Kept { nth, by: SignedBy::new(peer.clone(), key), header: their, leaf, head })
    } else {
        Err(not("it is of another exchange".into()))
    }
}
