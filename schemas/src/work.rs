//! What the present thread has done that costs, counted where it is done: so a test holds what an
//! exchange costs to numbers that no machine changes.
//!
//! Each thread counts for itself, without a lock, so a test that runs one agency on one thread tells the
//! work of two sides apart.

use std::cell::Cell;
use std::ops::Sub;

/// Work of one thread since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Signatures made.
    pub signed: u64,
    /// Signatures verified, or found not to hold.
    pub verified: u64,
    /// Blocks of 64 bytes that SHA-256 compressed for digests and trees; those inside signatures are not
    /// counted.
    pub compressed: u64,
    /// Frames written for the wire.
    pub frames: u64,
    /// Their bytes.
    pub frame_bytes: u64,
}

thread_local! {
    static WORK: Cell<Work> = const {
        Cell::new(Work { signed: 0, verified: 0, compressed: 0, frames: 0, frame_bytes: 0 })
    };
}

impl Work {
    /// What the present thread has done so far.
    #[must_use]
    pub fn of_this_thread() -> Self {
        WORK.get()
    }

    fn count(more: impl FnOnce(&mut Self)) {
        let mut work = WORK.get();
        more(&mut work);
        WORK.set(work);
    }

    pub(crate) fn signs() {
        Self::count(|work| work.signed = work.signed.wrapping_add(1));
    }

    pub(crate) fn verifies() {
        Self::count(|work| work.verified = work.verified.wrapping_add(1));
    }

    /// A message of so many bytes is hashed: it is padded with nine bytes and more, up to whole blocks.
    pub(crate) fn hashes(bytes: usize) {
        let blocks = (bytes as u64).wrapping_add(9).div_ceil(64);
        Self::count(|work| work.compressed = work.compressed.wrapping_add(blocks));
    }

    pub(crate) fn frames(bytes: usize) {
        Self::count(|work| {
            work.frames = work.frames.wrapping_add(1);
            work.frame_bytes = work.frame_bytes.wrapping_add(bytes as u64);
        });
    }
}

impl Sub for Work {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            signed: self.signed.wrapping_sub(before.signed),
            verified: self.verified.wrapping_sub(before.verified),
            compressed: self.compressed.wrapping_sub(before.compressed),
            frames: self.frames.wrapping_sub(before.frames),
            frame_bytes: self.frame_bytes.wrapping_sub(before.frame_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::envelope::{Envelope, Kind};
    use crate::frame::{Frame, FrameKind};
    use crate::key::SecretKey;

    #[test]
    fn a_thread_counts_what_it_does_and_nothing_of_another() {
        let before = Work::of_this_thread();
        std::thread::spawn(|| Digest::of(b"of another thread")).join().unwrap();
        assert_eq!(Work::of_this_thread() - before, Work::default());

        let key = SecretKey::from_seed(&[7; 32]);
        let envelope = Envelope::sign(Kind::Receipt, b"{}".to_vec(), &key).unwrap();
        envelope.verified(Kind::Receipt, &key.public()).unwrap();
        let frame = Frame::new(FrameKind::Receipt, envelope.as_bytes().to_vec());
        let written = frame.to_bytes().unwrap();
        let work = Work::of_this_thread() - before;
        assert_eq!((work.signed, work.verified), (1, 1));
        assert_eq!((work.frames, work.frame_bytes), (1, written.len() as u64));
    }

    #[test]
    fn a_digest_costs_the_blocks_of_its_padded_message() {
        for (bytes, blocks) in [(0, 1), (55, 1), (56, 2), (119, 2), (120, 3)] {
            let before = Work::of_this_thread();
            let _digest = Digest::of(&vec![0; bytes]);
            assert_eq!((Work::of_this_thread() - before).compressed, blocks, "{bytes} bytes");
        }
    }
}
