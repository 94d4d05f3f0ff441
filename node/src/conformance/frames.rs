//! Frames and conversations.

use schemas::card::Card;
use schemas::envelope::Envelope;
use schemas::frame::{FrameKind, HEAD};
use schemas::time::Timestamp;

use super::{Kit, Probe, Seen, failed_as, wire};
use peer::probe::{Next, Raw};

/// Shows a card; the other side's, checked.
pub(super) async fn card(
    probe: &Probe,
    mut raw: Raw,
    mine: &Envelope,
    now: Timestamp,
) -> Result<Card, String> {
    raw.send(&wire(FrameKind::Card, mine.as_bytes())?).await;
    let frame = match raw.next().await {
        Next::Frame(frame) if frame.kind == FrameKind::Card => frame,
        other => return Err(format!("{other} in place of a card")),
    };
    let envelope = Envelope::parse(&frame.body).map_err(|e| e.to_string())?;
    let card = Card::open(&envelope).map_err(|e| e.to_string())?;
    // While it goes over to another key, its handshake may prove the one before.
    if card.node_key != probe.node && !card.still_counts(&probe.node, now) {
        return Err("its card names another node key than its handshake proved".into());
    }
    Ok(card)
}

fn head(length: usize, kind: u8, beside: usize) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes();
    [&number(length)[..], &[kind], &number(beside)].concat()
}

/// A head alone: the substream must end although nothing follows.
async fn refused_by_head(kit: &Kit, head: &[u8]) -> Seen {
    let mut raw = kit.probe.open().await?;
    raw.send(head).await;
    match raw.next().await {
        Next::Ended(_) => Ok("the substream ended".into()),
        // A word before the end is as good.
        Next::Frame(frame) if frame.kind == FrameKind::Failed && raw.ends().await => {
            Ok("Failed, and the substream ended".into())
        }
        Next::Frame(frame) => Err(format!("answered by a frame of kind {:?}", frame.kind)),
        Next::Nothing => Err("the rest of the frame is waited for".into()),
    }
}

pub(super) async fn unknown_kind(kit: &Kit) -> Seen {
    refused_by_head(kit, &head(HEAD, 99, 0)).await
}

pub(super) async fn too_long(kit: &Kit) -> Seen {
    let body = FrameKind::Query.largest_body().saturating_add(1);
    refused_by_head(kit, &head(HEAD.saturating_add(body), FrameKind::Query as u8, 0)).await?;
    refused_by_head(kit, &head(usize::MAX, FrameKind::Page as u8, 0)).await
}

pub(super) async fn inconsistent(kit: &Kit) -> Seen {
    refused_by_head(kit, &head(HEAD, FrameKind::Query as u8, 900)).await?;
    refused_by_head(kit, &head(0, FrameKind::Query as u8, 0)).await
}

pub(super) async fn opens_nothing(kit: &Kit) -> Seen {
    let (mut raw, next) = kit.says(FrameKind::ReceiptAck, &[]).await?;
    failed_as(&mut raw, next, "unverifiable", true).await?;
    // An answer that nobody asked for is no more welcome.
    let (mut raw, next) = kit.says(FrameKind::Answer, kit.my_card.as_bytes()).await?;
    failed_as(&mut raw, next, "unverifiable", true).await
}

pub(super) async fn used_again(kit: &Kit) -> Seen {
    let mut raw = kit.probe.open().await?;
    for round in 1..=3 {
        raw.send(&wire(FrameKind::Card, kit.my_card.as_bytes())?).await;
        match raw.next().await {
            Next::Frame(frame) if frame.kind == FrameKind::Card => {}
            other => return Err(format!("{other} in conversation {round}")),
        }
    }
    Ok("three conversations on one substream".into())
}

pub(super) async fn half_a_frame(kit: &Kit) -> Seen {
    let mut half = kit.probe.open().await?;
    half.send(&[0, 0, 1]).await;
    let beside = kit.probe.open().await?;
    card(&kit.probe, beside, &kit.my_card, kit.clock.now())
        .await
        .map_err(|why| format!("beside half a frame: {why}"))?;
    Ok("another substream was served meanwhile".into())
}
