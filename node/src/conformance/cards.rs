//! Cards that claim more than their keys prove, or more than a card has room for.

use schemas::card::{Card, Revocation};
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::possession::Possession;

use super::{Kit, Seen, failed_as, parsed};

/// The next version of the card, changed, with proofs of its keys.
fn next(kit: &Kit, change: impl FnOnce(&mut Card)) -> Result<Card, String> {
    let version = kit.me.version.saturating_add(1);
    let mut card = Card { version, at: kit.clock.now(), ..kit.me.clone() };
    change(&mut card);
    card.possession = card.prove(&kit.proving).map_err(|e| e.to_string())?;
    Ok(card)
}

/// Shows it as it is, signed with the agency key; it must be refused.
async fn refused(kit: &Kit, card: &Card) -> Seen {
    let signed =
        Envelope::sign_json(Kind::Card, card, &kit.agency_key).map_err(|e| e.to_string())?;
    let (mut raw, next) = kit.says(FrameKind::Card, signed.as_bytes()).await?;
    failed_as(&mut raw, next, "unverifiable", true).await
}

pub(super) async fn of_another_version(kit: &Kit) -> Seen {
    let card = next(kit, |_| {})?;
    refused(kit, &Card { possession: kit.me.possession, ..card }).await
}

pub(super) async fn of_another_agency(kit: &Kit) -> Seen {
    let card = next(kit, |_| {})?;
    let possession = Possession { node: kit.them.possession.node, ..card.possession };
    let version = kit.them.version.max(card.version);
    refused(kit, &Card { node_key: kit.them.node_key, version, possession, ..card }).await
}

pub(super) async fn of_another_use(kit: &Kit) -> Seen {
    let card = next(kit, |_| {})?;
    let possession = Possession { log: card.possession.cosigner, ..card.possession };
    refused(kit, &Card { possession, ..card }).await
}

pub(super) async fn ending_late(kit: &Kit) -> Seen {
    let ends = kit.clock.now().plus_days(3_650);
    let card = next(kit, |card| {
        card.revocations = vec![Revocation { key: kit.them.node_key, at: ends }];
    })?;
    refused(kit, &card).await
}

pub(super) async fn unreachable(kit: &Kit) -> Seen {
    let nowhere = parsed("/dns4/node.example/tcp/7420")?;
    let card = next(kit, |card| card.addresses = vec![nowhere])?;
    refused(kit, &card).await
}
