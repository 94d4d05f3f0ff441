//! Who is talked to, and how.

use super::{Kit, Offer, Probe, Seen, dial};
use peer::probe::{Next, Raw};
use schemas::frame::FrameKind;
use schemas::key::SecretKey;

/// A connection, and the first substream of the protocol on it.
pub(super) async fn connected(node_key: &SecretKey, address: &str) -> Result<(Probe, Raw), String> {
    let probe = dial(node_key, address, Offer::Aes).await?;
    let raw = probe.open().await.map_err(|why| {
        format!("{why}; the node must have recorded the card of this home's agency")
    })?;
    Ok((probe, raw))
}

/// A handshake that offers ChaCha20-Poly1305 alone.
pub(super) async fn other_suite(kit: &Kit) -> Seen {
    match dial(&kit.node_key, &kit.address, Offer::ChaCha).await {
        Ok(_) => Err("a handshake with ChaCha20-Poly1305 alone succeeded".into()),
        Err(_) => Ok("the handshake failed".into()),
    }
}

/// A connection with a key of nobody.
pub(super) async fn unknown_key(kit: &Kit) -> Seen {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| e.to_string())?;
    // A dialler is done with the handshake before the other side has judged its key.
    let Ok(probe) = dial(&SecretKey::from_seed(&seed), &kit.address, Offer::Aes).await else {
        return Ok("the connection was closed".into());
    };
    let Ok(mut raw) = probe.open().await else { return Ok("the connection was closed".into()) };
    raw.send(&super::wire(FrameKind::Card, kit.my_card.as_bytes())?).await;
    match raw.next().await {
        Next::Ended(_) => Ok("the connection was closed".into()),
        Next::Frame(frame) => Err(format!("it was answered by a frame of kind {:?}", frame.kind)),
        Next::Nothing => Err("the connection is kept open".into()),
    }
}
