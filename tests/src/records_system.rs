//! A records system: it takes batches of records over HTTP at an address of this machine, and refuses them when
//! told to.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::wait::eventually;

/// A batch as it came.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The header `Accord-Timestamp`.
    pub seconds: String,
    /// The header `Accord-Signature`.
    pub signature: String,
    /// The header `Accord-Records`.
    pub numbers: String,
    /// The header `Content-Type`.
    pub media_type: String,
    /// Its body.
    pub body: String,
}

#[derive(Debug, Default)]
struct Inside {
    taken: Vec<Batch>,
    refused: Vec<Batch>,
    refuses: bool,
}

/// A records system that runs.
#[derive(Debug)]
pub struct RecordsSystem {
    /// Where it listens.
    pub address: SocketAddr,
    inside: Arc<Mutex<Inside>>,
    serving: AbortHandle,
}

impl Drop for RecordsSystem {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl RecordsSystem {
    /// One that takes what comes.
    ///
    /// # Panics
    /// When there is no address for it.
    pub async fn start() -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// As [`Self::start`], at this address, where another was before.
    ///
    /// # Panics
    /// When it cannot be had.
    pub async fn at(address: SocketAddr) -> Self {
        let listener =
            eventually("the address is free", async || TcpListener::bind(address).await.ok()).await;
        let address = listener.local_addr().expect("an address");
        let inside = Arc::<Mutex<Inside>>::default();
        let serving = tokio::spawn(serve(listener, inside.clone())).abort_handle();
        Self { address, inside, serving }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It stops: the batches that it took, and no other is taken from here on.
    #[must_use]
    pub fn stops(self) -> Vec<Batch> {
        let mut inside = self.inside();
        inside.refuses = true;
        std::mem::take(&mut inside.taken)
    }

    /// From now on it refuses what comes, or takes it.
    pub fn refuses(&self, refuses: bool) {
        self.inside().refuses = refuses;
    }

    /// The batches that it took, in order.
    #[must_use]
    pub fn taken(&self) -> Vec<Batch> {
        self.inside().taken.clone()
    }

    /// The batches that it refused.
    #[must_use]
    pub fn refused(&self) -> Vec<Batch> {
        self.inside().refused.clone()
    }
}

async fn serve(listener: TcpListener, inside: Arc<Mutex<Inside>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let inside = inside.clone();
        let service = service_fn(move |request| answer(inside.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    inside: Arc<Mutex<Inside>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (seconds, signature) = (header("accord-timestamp"), header("accord-signature"));
    let (numbers, media_type) = (header("accord-records"), header("content-type"));
    let body = request.into_body().collect().await;
    let body = body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned());
    let batch = Batch { seconds, signature, numbers, media_type, body: body.unwrap_or_default() };
    // Whether it is taken, and that it is, in one step: nothing is taken behind a stop.
    let mut inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
    let refuses = inside.refuses;
    if refuses {
        inside.refused.push(batch);
    } else {
        inside.taken.push(batch);
    }
    drop(inside);
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() =
        if refuses { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT };
    Ok(response)
}
