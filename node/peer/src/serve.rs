//! Serving substreams that peers open: one task each, one conversation after another.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use schemas::frame::Frame;
use schemas::key::PublicKey;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::codec;
use super::codec::Substream;
use super::peer_limits::SubstreamPermit;
use crate::link::{Channel, Dialler, Host, LinkError};
use audit_log::release::Released;

/// What the swarm's handlers tell; the host behind it stays generic.
pub(super) trait Accept: Send + Sync + 'static {
    fn stopping(&self) -> bool;
    fn admits(&self, node: &PublicKey) -> bool;
    fn knows(&self, ip: IpAddr) -> bool;
    fn turned_away(&self, node: &PublicKey);
    fn connected(&self, node: &PublicKey, dialler: Dialler);
    fn serve(&self, node: PublicKey, stream: Substream, permit: SubstreamPermit);
}

/// Stops serving.
#[derive(Clone, Default)]
pub(super) struct Stop {
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Stop {
    /// No conversation begins any more; those under way may finish for `limit`.
    pub(super) async fn finish(&self, limit: Duration) {
        self.stopping.cancel();
        self.tasks.close();
        drop(tokio::time::timeout(limit, self.tasks.wait()).await);
    }
}

pub(super) struct Serving<H> {
    host: Arc<H>,
    stop: Stop,
}

impl<H: Host> Serving<H> {
    pub(super) fn new(host: Arc<H>, stop: Stop) -> Self {
        Self { host, stop }
    }
}

impl<H: Host> Accept for Serving<H> {
    fn stopping(&self) -> bool {
        self.stop.stopping.is_cancelled()
    }

    fn admits(&self, node: &PublicKey) -> bool {
        self.host.admits(node)
    }

    fn knows(&self, ip: IpAddr) -> bool {
        self.host.knows(ip)
    }

    fn turned_away(&self, node: &PublicKey) {
        self.host.turned_away(node);
    }

    fn connected(&self, node: &PublicKey, dialler: Dialler) {
        self.host.connected(node, dialler);
    }

    fn serve(&self, node: PublicKey, stream: Substream, permit: SubstreamPermit) {
        let (host, stopping) = (self.host.clone(), self.stop.stopping.clone());
        self.stop.tasks.spawn(async move {
            let connection = stream.connection().clone();
            let mut served = Served { stream };
            loop {
                // Its place is then for substreams of the connection that came after.
                let left = connection.left_idle();
                let opening = tokio::select! {
                    opening = codec::opening(&mut served.stream, &permit, left) => opening,
                    () = stopping.cancelled() => break,
                };
                let Ok((opening, _held)) = opening else { break };
                if host.serve(&node, opening, &mut served).await.is_err() {
                    break;
                }
            }
            drop(permit);
        });
    }
}

/// A conversation that a peer opened.
struct Served {
    stream: Substream,
}

impl Channel for Served {
    async fn send_all(&mut self, frames: &[Released]) -> Result<(), LinkError> {
        codec::write(&mut self.stream, frames).await
    }

    async fn recv(&mut self) -> Result<Frame, LinkError> {
        codec::read(&mut self.stream).await
    }

    fn finish(self) {}
}
