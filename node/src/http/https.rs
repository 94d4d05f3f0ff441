//! The HTTPS listener: TLS 1.2 and 1.3 with AES-256-GCM and nothing else (CJIS SC-13), for readers,
//! field units and monitoring.
//!
//! What anybody can make it hold is bounded: connections in all and from one machine, the time for a
//! handshake, for the head of a request, and in which nothing of an answer is taken. When there is no place left, the oldest connection on which
//! nothing is asked goes. The certificate is read again when its files change, and connections go on
//! meanwhile.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use axum::Router;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use schemas::time::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::compat::{FuturesAsyncReadCompatExt as _, TokioAsyncReadCompatExt as _};
use tokio_util::sync::CancellationToken;

pub use super::client_certificate::Asks;
use super::client_certificate::{AnyCertificate, shown};
use crate::certificate::{self, CERTIFICATE, Certificate, KEY, RENEWED_DAYS};
use audit_log::clock::Clock;
use host::cipher_suites;
use host::home::{Home, HomeError};
use peer::admission::{Admission, Places, Seat};
use peer::write_timeout::WriteTimeout;

/// Connections at once: in all, kept for machines from which a token has been shown, from one machine.
const PLACES: Places = Places { all: 256, known: 64, from_one: 64 };
/// Time for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Time for the head of a request, and between two on one connection.
const HEAD: Duration = Duration::from_secs(30);
/// How long a client may take nothing of what is being told to it.
const READING: Duration = Duration::from_secs(30);
/// Time to finish what is in flight once the node stops.
const FINISHING: Duration = Duration::from_secs(10);

/// The certificate in use.
pub struct Served {
    home: Home,
    current: ArcSwap<Certificate>,
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load().key.clone())
    }
}

impl Served {
    /// The certificate of `home`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(home: &Home) -> Result<Arc<Self>, HomeError> {
        let current = ArcSwap::from_pointee(certificate::load(home)?);
        Ok(Arc::new(Self { home: home.clone(), current }))
    }

    /// The certificate in use.
    #[must_use]
    pub fn certificate(&self) -> Arc<Certificate> {
        self.current.load_full()
    }

    fn written(&self) -> [Option<SystemTime>; 2] {
        [CERTIFICATE, KEY].map(|file| {
            std::fs::metadata(self.home.tls(file)).and_then(|meta| meta.modified()).ok()
        })
    }

    /// Renews a certificate that the node made itself, when its end is near. An agency's own is the
    /// agency's to renew; `doctor` tells of it.
    fn renew(&self, now: Timestamp) -> Result<(), HomeError> {
        let current = self.current.load();
        if current.self_signed && current.days_left(now) <= RENEWED_DAYS {
            certificate::renew(&self.home, &[], now)?;
            tracing::info!("the certificate of the HTTPS side is renewed, for its key");
        }
        Ok(())
    }

    /// How connections are secured with it.
    ///
    /// # Errors
    /// When TLS cannot be configured.
    fn acceptor(self: &Arc<Self>, asks: Asks) -> Result<TlsAcceptor, rustls::Error> {
        let provider = cipher_suites::aes_256_gcm();
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_client_cert_verifier(Arc::new(AnyCertificate { asks, provider }))
            .with_cert_resolver(self.clone());
        // Each connection proves its certificate anew: what resumes one is no key that stays on its device.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Renews the certificate in time, and reads it again when its files change.
pub struct CertificateUpkeep {
    served: Arc<Served>,
    clock: Clock,
    /// When the files were written that are in use.
    read: [Option<SystemTime>; 2],
}

impl CertificateUpkeep {
    /// That of `served`.
    #[must_use]
    pub fn new(served: Arc<Served>, clock: Clock) -> Self {
        let read = served.written();
        Self { served, clock, read }
    }

    /// Looks once whether there is something to do.
    ///
    /// # Errors
    /// When it cannot be renewed, or files that changed cannot be used: of two files only one may be
    /// written yet. The certificate before is served on.
    pub fn renew_and_reload(&mut self) -> Result<(), HomeError> {
        let renewed = self.served.renew(self.clock.now());
        let written = self.served.written();
        if written != self.read {
            let certificate = certificate::load(&self.served.home)?;
            let days_left = certificate.days_left(self.clock.now());
            tracing::info!(days_left, "a new certificate of the HTTPS side is in use");
            self.served.current.store(Arc::new(certificate));
            self.read = written;
        }
        renewed
    }
}

/// An address that is listened at, and how connections to it are secured.
pub type Listener = (TcpListener, TlsAcceptor);

/// Listens at `address` with the certificate of `home`. Clients are asked for one of theirs while `asks` says so.
///
/// # Errors
/// When the address cannot be had or TLS cannot be configured.
pub async fn listen(
    address: SocketAddr,
    served: &Arc<Served>,
    asks: Asks,
) -> Result<Listener, HomeError> {
    let unfit = |error: String| HomeError::Content { path: served.home.config(), error };
    let listener = TcpListener::bind(address)
        .await
        .map_err(|e| unfit(format!("http = \"{address}\" cannot be listened at ({e}): `ss -ltnp` shows who does; end that, or set another `http`")))?;
    let acceptor =
        served.acceptor(asks).map_err(|e| unfit(format!("TLS cannot be set up: {e}")))?;
    Ok((listener, acceptor))
}

/// The places of connections.
#[must_use]
pub fn places() -> Arc<Admission> {
    Admission::new(PLACES)
}

/// Serves until `stop`, finishing what is in flight.
pub async fn serve(
    (listener, acceptor): Listener,
    admission: Arc<Admission>,
    router: Router,
    stop: CancellationToken,
) {
    let graceful = GracefulShutdown::new();
    // Those that outlast the time to finish are cut off with it.
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many open files, most likely: whatever frees one takes a moment.
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(seat) = admission.admit(from.ip(), false) else { continue };
        let (acceptor, watcher) = (acceptor.clone(), graceful.watcher());
        let caller = Caller { admission: admission.clone(), seat: Arc::new(seat), ip: from.ip() };
        let inner = TowerToHyperService::new(router.clone());
        connections.spawn(async move {
            let ended = caller.seat.watch();
            let served = async {
                let Some(tls) = secured(&acceptor, stream).await else { return };
                let certificate = shown(tls.get_ref().1);
                let mut http = http1::Builder::new();
                http.timer(TokioTimer::new()).header_read_timeout(HEAD);
                let service = service_fn(move |mut request| {
                    request.extensions_mut().insert(Remote(caller.ip));
                    if let Some(certificate) = certificate {
                        request.extensions_mut().insert(certificate);
                    }
                    let (caller, asked) = (caller.clone(), inner.call(request));
                    async move { caller.serving(asked).await }
                });
                // A client that goes away, or sends no HTTP, is its own affair.
                let stream = WriteTimeout::within(tls.compat(), READING).compat();
                drop(watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await);
            };
            tokio::select! {
                () = served => {}
                () = ended.ended() => {}
            }
        });
    }
    drop(listener);
    drop(tokio::time::timeout(FINISHING, graceful.shutdown()).await);
}

/// Who is at the other end of a connection.
#[derive(Clone)]
struct Caller {
    admission: Arc<Admission>,
    seat: Arc<Seat>,
    ip: IpAddr,
}

impl Caller {
    /// Serves one request: meanwhile its place is not taken away. A machine from which a token was shown
    /// is known from then on.
    async fn serving(
        self,
        asked: impl Future<Output = Result<Response, Infallible>>,
    ) -> Result<Response, Infallible> {
        self.seat.set_busy(true);
        let response = asked.await;
        self.seat.set_busy(false);
        if response
            .as_ref()
            .is_ok_and(|response| response.extensions().get::<Recognised>().is_some())
        {
            self.admission.knows(self.ip);
        }
        response
    }
}

/// From which machine a request comes.
#[derive(Debug, Clone, Copy)]
pub struct Remote(pub IpAddr);

/// Said beside a response: whoever asked has shown a token that is right.
#[derive(Debug, Clone, Copy)]
struct Recognised;

/// The response to whoever has shown a token that is right.
pub fn recognised(mut response: Response) -> Response {
    response.extensions_mut().insert(Recognised);
    response
}

async fn secured(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    drop(stream.set_nodelay(true));
    tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await.ok()?.ok()
}
