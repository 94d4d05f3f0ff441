//! A plain service: axum over mutual TLS, the same lookup, a durable audit insert at each point.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use store::migrations;
use tempfile::TempDir;
use tests::fixtures;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// As many bytes as an entry of ours holds beside its header.
const AUDIT_BODY: usize = 1_500;

/// A database with the same schema: one connection writes, four read.
struct Database {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Database {
    async fn open(path: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("cache_size", "-65536");
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await
            .expect("a database");
        migrations::sqlite().run(&writer).await.expect("the schema");
        sqlx::query("create table audit (id integer primary key, at integer, body text)")
            .execute(&writer)
            .await
            .expect("a table");
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await
            .expect("a database");
        Self { writer, readers }
    }

    async fn audit(&self) {
        sqlx::query("insert into audit (at, body) values (?1, ?2)")
            .bind(1i64)
            .bind("x".repeat(AUDIT_BODY))
            .execute(&self.writer)
            .await
            .expect("an audit row");
    }

    async fn lookup(&self, (plate, from, until): Question) -> Vec<String> {
        sqlx::query_scalar(
            "select read from reads where plate = ?1 and at >= ?2 and at < ?3
             and (?4 is null or read->>'$.plate_state' is null or read->>'$.plate_state' = ?4)
             order by at, id limit ?5",
        )
        .bind(plate)
        .bind(from)
        .bind(until)
        .bind(None::<String>)
        .bind(101)
        .fetch_all(&self.readers)
        .await
        .expect("a lookup")
    }

    async fn fill(&self) {
        let now = audit_log::clock::Clock::system().now();
        let owner = fixtures::id("owning-ca-pd");
        let mut reads = fixtures::reads(&owner, fixtures::PLATE, 3, now);
        for hundred in 0..crate::READS / 100 {
            reads.extend(fixtures::reads(&owner, &format!("6X{hundred:05}"), 100, now));
        }
        for chunk in reads.chunks(5_000) {
            let rows: Vec<_> = chunk
                .iter()
                .map(|r| {
                    serde_json::json!([
                        r.id,
                        r.plate,
                        r.at.millis(),
                        r.camera,
                        serde_json::to_string(r).expect("json")
                    ])
                })
                .collect();
            sqlx::query(
                "insert into reads (id, plate, at, camera, read, entry)
                 select unhex(value->>0), value->>1, value->>2, value->>3, value->>4, 0
                 from json_each(?1)",
            )
            .bind(serde_json::to_string(&rows).expect("json"))
            .execute(&self.writer)
            .await
            .expect("reads");
        }
    }
}

/// A plate and a window: from, inclusive, until, exclusive.
type Question = (String, i64, i64);

async fn answer(State(server): State<Arc<Database>>, Json(question): Json<Question>) -> String {
    let reads = server.lookup(question).await;
    server.audit().await;
    reads.join("\n")
}

pub(crate) struct Baseline {
    client: Arc<Database>,
    server: Arc<Database>,
    connections: Vec<Arc<Mutex<SendRequest<Full<Bytes>>>>>,
    question: Question,
    _dir: TempDir,
}

impl Baseline {
    pub(crate) async fn set_up(connections: usize) -> Self {
        let dir = TempDir::new().expect("a folder");
        let server = Arc::new(Database::open(&dir.path().join("server.db")).await);
        server.fill().await;
        let client = Arc::new(Database::open(&dir.path().join("client.db")).await);
        let (server_config, client_config) = mutual_tls();
        let address = serve(server.clone(), server_config).await;
        let connector = TlsConnector::from(Arc::new(client_config));
        let mut pool = Vec::with_capacity(connections);
        for _ in 0..connections {
            let tcp = TcpStream::connect(address).await.expect("a connection");
            tcp.set_nodelay(true).expect("nodelay");
            let name = ServerName::try_from("localhost").expect("a name");
            let tls = connector.connect(name, tcp).await.expect("mutual TLS");
            let (sender, connection) = http1::handshake(TokioIo::new(tls)).await.expect("HTTP");
            tokio::spawn(connection);
            pool.push(Arc::new(Mutex::new(sender)));
        }
        let now = audit_log::clock::Clock::system().now();
        let question = (fixtures::PLATE.to_owned(), now.minus_days(7).millis(), now.millis());
        Self { client, server, connections: pool, question, _dir: dir }
    }

    /// The audit row alone.
    pub(crate) fn audit(&self) -> impl Future<Output = ()> + Send + 'static {
        let client = self.client.clone();
        async move { client.audit().await }
    }

    /// The lookup alone.
    pub(crate) fn lookup(&self) -> impl Future<Output = ()> + Send + 'static {
        let (server, question) = (self.server.clone(), self.question.clone());
        async move { assert_eq!(server.lookup(question).await.len(), 3) }
    }

    /// One exchange, until the client has logged and read the answer. A worker has a connection.
    pub(crate) fn exchange(&self, worker: usize) -> impl Future<Output = ()> + Send + 'static {
        let (client, question) = (self.client.clone(), self.question.clone());
        let connection = self.connections[worker].clone();
        async move {
            client.audit().await;
            let question = serde_json::to_vec(&question).expect("json");
            let request = hyper::Request::post("/lookup")
                .header(hyper::header::HOST, "localhost")
                .header(hyper::header::CONTENT_TYPE, "application/json")
                .body(Full::new(Bytes::from(question)))
                .expect("a request");
            let answer = connection.lock().await.send_request(request).await.expect("an answer");
            let body = answer.into_body().collect().await.expect("a body").to_bytes();
            let reads = body
                .split(|b| *b == b'\n')
                .filter(|line| serde_json::from_slice::<schemas::read::Read>(line).is_ok());
            assert_eq!(reads.count(), 3);
            client.audit().await;
        }
    }
}

async fn serve(database: Arc<Database>, config: ServerConfig) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().route("/lookup", post(answer)).with_state(database);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                tcp.set_nodelay(true).expect("nodelay");
                let tls = acceptor.accept(tcp).await.expect("mutual TLS");
                let service = TowerToHyperService::new(router);
                drop(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(tls), service)
                        .await,
                );
            });
        }
    });
    address
}

/// A certificate authority of the run's own, and both sides certified by it.
fn mutual_tls() -> (ServerConfig, ClientConfig) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).expect("a certificate");
    let issuer = Issuer::new(params, key);
    let certified = || -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        (
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
    };
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).expect("a root");
    let roots = Arc::new(roots);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
        roots.clone(),
        provider.clone(),
    )
    .build()
    .expect("a verifier");
    let (chain, key) = certified();
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .expect("a certificate");
    let (chain, key) = certified();
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .expect("a certificate");
    (server, client)
}
