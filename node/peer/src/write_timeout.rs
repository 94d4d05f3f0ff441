//! A connection ends when its other side takes nothing for a while.
//!
//! A peer that no longer reads would otherwise keep what was written to it, and the connection, for
//! as long as it likes: closing in order waits for it, too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{AsyncRead, AsyncWrite};
use tokio::time::Sleep;

/// How long not one byte may be taken while some wait.
const LONGEST: Duration = Duration::from_secs(60);

/// A stream whose writes fail once they have stalled for too long.
#[derive(Debug)]
pub struct WriteTimeout<S> {
    stream: S,
    longest: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S: Unpin> WriteTimeout<S> {
    /// One whose writes may stall as long as those to a peer.
    pub(super) fn new(stream: S) -> Self {
        Self::within(stream, LONGEST)
    }

    /// One whose writes may stall for as long as `longest`.
    pub fn within(stream: S, longest: Duration) -> Self {
        Self { stream, longest, stalled: None }
    }

    fn write<T>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let this = self.get_mut();
        let written = write(Pin::new(&mut this.stream), cx);
        if written.is_ready() {
            this.stalled = None;
            return written;
        }
        let longest = this.longest;
        let stalled = this.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(longest)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(cx, AsyncWrite::poll_flush)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(cx, AsyncWrite::poll_close)
    }
}

#[cfg(test)]
mod tests {
    use futures::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_util::compat::TokioAsyncReadCompatExt as _;

    use super::*;

    #[tokio::test]
    async fn a_write_that_stalls_fails_and_one_that_is_only_slow_does_not() {
        let (near, mut far) = tokio::io::duplex(64);
        let longest = Duration::from_secs(2);
        let mut near = WriteTimeout { longest, ..WriteTimeout::new(near.compat()) };
        let mut read = [0; 64];
        let slow = async {
            for _ in 0..10 {
                tokio::time::sleep(longest / 8).await;
                tokio::io::AsyncReadExt::read_exact(&mut far, &mut read).await.unwrap();
            }
        };
        let (written, ()) = futures::join!(near.write_all(&[7; 640]), slow);
        written.unwrap();

        near.write_all(&[7; 64]).await.unwrap();
        assert_eq!(near.write_all(&[7]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        // What it has sent before still comes.
        tokio::io::AsyncWriteExt::write_all(&mut far, b"word").await.unwrap();
        let mut word = [0; 4];
        near.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"word");
    }
}
