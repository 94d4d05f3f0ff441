//! Connections that others open and whose handshake is under way: each has a place, which it loses to others
//! when it says nothing.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::compat::Compat;

use crate::admission::{Admission, AdmissionCounts, Places, Seat, Watch};
use crate::serve::Accept;

/// The places of handshakes.
pub(super) struct Pending {
    accept: Arc<dyn Accept>,
    admission: Arc<Admission>,
    /// By where each comes from.
    seats: Mutex<HashMap<SocketAddr, Seat>>,
}

impl Pending {
    pub(super) fn new(accept: Arc<dyn Accept>, places: Places) -> Arc<Self> {
        let admission = Admission::new(places);
        Arc::new(Self { accept, admission, seats: Mutex::default() })
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<SocketAddr, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a connection from there may begin its handshake; what tells that it lost its place.
    pub(super) fn admit(&self, from: SocketAddr) -> Option<Watch> {
        let seat = self.admission.admit(from.ip(), self.accept.knows(from.ip()))?;
        let watch = seat.watch();
        self.seats().insert(from, seat);
        Some(watch)
    }

    /// A handshake has ended; `proven` if with a key that is admitted.
    pub(super) fn settled(&self, from: SocketAddr, proven: bool) {
        drop(self.seats().remove(&from));
        if proven {
            self.admission.knows(from.ip());
        }
    }

    pub(super) fn counts(&self) -> AdmissionCounts {
        self.admission.counts()
    }
}

/// A TCP connection that may lose its place.
pub(super) struct Stream {
    inner: Compat<TcpStream>,
    /// One that this node opened has none to lose.
    watch: Option<Watch>,
}

impl Stream {
    pub(super) fn new(inner: Compat<TcpStream>, watch: Option<Watch>) -> Self {
        Self { inner, watch }
    }

    #[cfg(test)]
    pub(super) fn get_ref(&self) -> &TcpStream {
        self.inner.get_ref()
    }

    fn lost(&self, cx: &Context<'_>) -> io::Result<()> {
        match &self.watch {
            Some(watch) if watch.poll_ended(cx).is_ready() => {
                Err(io::Error::new(io::ErrorKind::ConnectionAborted, "idle for too long"))
            }
            _ => Ok(()),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.lost(cx)?;
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}
