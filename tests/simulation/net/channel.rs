//! The ends of conversations: what becomes of frames between being sent and being heard.

use std::sync::Arc;

use audit_log::release::Released;
use peer::link::{Channel, LinkError};
use schemas::frame::{Frame, FrameKind, LARGEST_BESIDE};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Net, SILENCE};
use crate::alive::Alive;
use crate::bugs::Bug;

/// One end of a conversation.
pub(crate) struct SimChannel {
    pub(super) net: Arc<Net>,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) alive: Alive,
    pub(super) out: mpsc::UnboundedSender<(Instant, Frame)>,
    pub(super) inn: mpsc::UnboundedReceiver<(Instant, Frame)>,
    pub(super) cut: watch::Receiver<u64>,
    /// When the last frame that was sent arrives: none overtakes another.
    pub(super) last: Instant,
}

impl SimChannel {
    /// Puts a frame on its way.
    pub(crate) fn put(&mut self, frame: Frame) -> Result<(), LinkError> {
        let way = self.net.way(self.from, self.to);
        if way.closed || self.net.dice.happens(way.lost) {
            return Ok(());
        }
        self.last = self.last.max(Instant::now() + self.net.delay(self.from, self.to));
        let lost = || LinkError::Lost("closed by the peer".into());
        self.out.send((self.last, frame)).map_err(|_| lost())
    }

    /// Has what opens a conversation come once more, by itself.
    fn put_twice(&self, frame: &Frame) {
        let Some(mut near) = self.net.open_raw(self.from, self.to) else { return };
        drop(near.put(frame.clone()));
        tokio::spawn(async move {
            sleep(SILENCE).await;
            drop(near);
        });
    }

    fn fits(frame: &Frame) -> bool {
        frame.body.len() <= frame.kind.largest_body() && frame.beside.len() <= LARGEST_BESIDE
    }
}

impl Channel for SimChannel {
    async fn send_all(&mut self, frames: &[Released]) -> Result<(), LinkError> {
        self.alive.goes_on().await;
        if self.net.dice.happens(200) {
            tokio::task::yield_now().await;
            self.alive.goes_on().await;
        }
        if self.cut.has_changed().unwrap_or(true) {
            return Err(LinkError::Lost("the connection ended".into()));
        }
        for frame in frames {
            let frame = frame.frame().clone();
            self.net.truth.leaves(self.from, &frame);
            if let Some(bug) = self.net.bug
                && !bug.lets_pass(&self.net.dice, &frame)
            {
                continue;
            }
            let Some(frame) = self.net.liar.sends(self.from, self.to, frame) else { continue };
            let twice = self.net.way(self.from, self.to).twice;
            if self.net.dice.happens(twice) {
                self.put_twice(&frame);
            }
            self.put(frame)?;
        }
        Ok(())
    }

    async fn recv(&mut self) -> Result<Frame, LinkError> {
        self.alive.goes_on().await;
        let ended = || LinkError::Lost("the connection ended".into());
        let came = tokio::select! {
            biased;
            _ = self.cut.changed() => return Err(ended()),
            came = self.inn.recv() => came,
            () = sleep(SILENCE) => return Err(LinkError::Silent),
        };
        let (at, frame) = came.ok_or_else(|| LinkError::Lost("closed by the peer".into()))?;
        tokio::select! {
            biased;
            _ = self.cut.changed() => return Err(ended()),
            () = sleep_until(at) => {}
        }
        self.alive.goes_on().await;
        if !Self::fits(&frame) {
            return Err(LinkError::Protocol("a frame larger than its kind allows".into()));
        }
        let mut frame = self.net.liar.hears(self.from, frame);
        if self.net.bug == Some(Bug::ProofsUnread) && frame.kind != FrameKind::Card {
            frame.beside.clear();
        }
        Ok(frame)
    }

    fn finish(self) {}
}
