//! Having peers cosign the head of this log.

use std::time::Duration;

use super::Node;

/// How long a peer has to cosign.
const LONGEST: Duration = Duration::from_secs(20);

impl Node {
    /// Has every peer that nothing stands against prove what it has shown of its log, and cosign the
    /// head of this one; how many did.
    pub async fn have_cosigned_by_all(&self) -> usize {
        let state = self.context.agency.registry.state();
        let peers = state.peers.values().filter(|peer| {
            peer.blocked.is_none() && state.alarm_about(&peer.card.value.id).is_none()
        });
        let asked = peers.map(async |peer| {
            let dial = self.peers.as_ref();
            let asked = async {
                self.witnessing.prove_observed(dial, peer).await?;
                self.witnessing.have_cosigned(dial, peer).await
            };
            match tokio::time::timeout(LONGEST, asked).await {
                Ok(Ok(_)) => true,
                Ok(Err(error)) => {
                    tracing::debug!(peer.id = %peer.card.value.id, %error, "a head was not cosigned");
                    false
                }
                Err(_) => false,
            }
        });
        futures::future::join_all(asked).await.into_iter().filter(|done| *done).count()
    }
}
