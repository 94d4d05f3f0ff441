//! Hundreds of owners without nodes: each answers what it was told to, under an agreement of its own. What a
//! requester's pages show of that many is the same, and one process holds them.

use agreements::agreement::Agreement;
use schemas::answer::DecidedBy;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind};
use schemas::query::Query;
use schemas::refusal::{Reason, Refusal, RefusalCode};
use schemas::text::Text;

use crate::agency::Agency;
use crate::federation::{add_card, signed_by_both};
use crate::fixtures::{agreement, reads};
use crate::forged_answer::{ForgedAnswer, basis_of};
use crate::identity::Identity;
use crate::raw_peer::RawPeer;

/// What an owner says to every query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// So many reads of the plate that is asked for; none is an answer too.
    Reads(usize),
    /// No, for a reason.
    No,
    /// Nothing.
    Nothing,
}

/// Makes `count` owners that give `asking` authority; what the n-th says is told by `says`.
///
/// # Panics
/// When they cannot be made known.
pub async fn owners(asking: &Agency, count: usize, says: impl Fn(usize) -> Says) -> Vec<RawPeer> {
    let mut owners = Vec::with_capacity(count);
    for n in 0..count {
        let mut peer = RawPeer::start(&format!("owner-{n:03}-ca-pd"), asking.now().minus_days(1));
        add_card(asking, &peer.identity).await;
        let text = agreement(&[asking.id(), peer.id()], asking.now());
        signed_by_both(asking, &peer.identity, &text).await;
        serve(&mut peer, text, says(n));
        owners.push(peer);
    }
    owners
}

fn serve(peer: &mut RawPeer, text: Agreement, says: Says) {
    let identity = peer.identity.clone();
    let card = identity.card_envelope().as_bytes().to_vec();
    peer.answer(move |frame| match frame.kind {
        FrameKind::Card => Some(vec![Frame::new(FrameKind::Card, card.clone())]),
        FrameKind::Document => Some(vec![Frame::new(FrameKind::DocumentAck, Vec::new())]),
        FrameKind::Receipt => Some(vec![Frame::new(FrameKind::ReceiptAck, Vec::new())]),
        FrameKind::Query => {
            let envelope = Envelope::parse(&frame.body).expect("a query");
            let query: Query =
                serde_json::from_slice(envelope.unverified_payload()).expect("a query");
            said(&identity, &text, &query, envelope.digest(), says)
        }
        _ => None,
    });
}

fn said(
    identity: &Identity,
    text: &Agreement,
    query: &Query,
    digest: Digest,
    says: Says,
) -> Option<Vec<Frame>> {
    match says {
        Says::Nothing => None,
        Says::Reads(count) => {
            let plate = query.elements.plate.as_ref().expect("a plate").to_string();
            let found = reads(&identity.id, &plate, count, query.at);
            let mut answer = ForgedAnswer::honest(identity, query, digest, found);
            answer.answer.basis = basis_of(text);
            if count == 0 {
                let signed = identity.sign(Kind::Answer, &answer.answer);
                return Some(vec![Frame::new(FrameKind::Answer, signed.as_bytes().to_vec())]);
            }
            Some(answer.frames())
        }
        Says::No => {
            let refusal = Refusal {
                query_id: query.id,
                query_digest: digest,
                from: identity.id.clone(),
                to: query.from.clone(),
                at: query.at,
                decided_by: Some(DecidedBy { policy: Digest::of(b"a policy"), rules: 1 }),
                closest: Some(basis_of(text)),
                reasons: vec![Reason {
                    code: RefusalCode::Quota,
                    message: "the agreement allows fewer queries a day".into(),
                    citations: Vec::new(),
                }],
                advice: Text::default(),
            };
            let signed = identity.sign(Kind::Refusal, &refusal);
            Some(vec![Frame::new(FrameKind::Refusal, signed.as_bytes().to_vec())])
        }
    }
}
