//! The same id again, and receipts.

use schemas::answer::Receipt;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::query::Query;
use schemas::refusal::RefusalCode;

use super::{Kit, Said, Seen, failed_as, messages, refused_as, wire};
use peer::probe::{Next, Raw};

fn receipt(kit: &Kit, query: &Query, answer: Digest) -> Result<Envelope, String> {
    let receipt = Receipt {
        query_id: query.id,
        answer_digest: answer,
        from: kit.me.id.clone(),
        to: kit.them.id.clone(),
        at: kit.clock.now(),
    };
    Envelope::sign_json(Kind::Receipt, &receipt, &kit.message_key).map_err(|e| e.to_string())
}

/// Sends the receipt of an answer on its conversation, and waits for its acknowledgement.
pub(super) async fn receipted(
    kit: &Kit,
    raw: &mut Raw,
    query: &Query,
    answer: &Envelope,
) -> Result<(), String> {
    let receipt = receipt(kit, query, answer.digest())?;
    raw.send(&wire(FrameKind::Receipt, receipt.as_bytes())?).await;
    match raw.next().await {
        Next::Frame(frame) if frame.kind == FrameKind::ReceiptAck => Ok(()),
        other => Err(format!("{other} in place of the receipt's acknowledgement")),
    }
}

pub(super) async fn same_query(kit: &Kit) -> Seen {
    let query = messages::query(kit, kit.clock.now())?;
    let signed = kit.signed(&query)?;
    let first = kit.asks_anew(&query, &signed).await?;
    let second = kit.asks_anew(&query, &signed).await?;
    match (first, second) {
        (Said::Served { reply: first, .. }, Said::Served { reply: second, .. }) => {
            if first.as_bytes() == second.as_bytes() {
                Ok("the same bytes".into())
            } else {
                Err("another reply came".into())
            }
        }
        (_, Said::Failed(code)) | (Said::Failed(code), _) => Err(format!("Failed `{code}`")),
    }
}

pub(super) async fn other_bytes(kit: &Kit) -> Seen {
    let query = messages::query(kit, kit.clock.now())?;
    drop(kit.asks_anew(&query, &kit.signed(&query)?).await?);
    let other = Query { limit: query.limit.saturating_add(1), ..query };
    refused_as(&kit.asks_anew(&other, &kit.signed(&other)?).await?, RefusalCode::IdReused)
}

pub(super) async fn receipt_for_nothing(kit: &Kit) -> Seen {
    let query = messages::query(kit, kit.clock.now())?;
    let receipt = receipt(kit, &query, Digest::of(b"no answer"))?;
    let (mut raw, next) = kit.says(FrameKind::Receipt, receipt.as_bytes()).await?;
    failed_as(&mut raw, next, "unverifiable", true).await
}
