//! A provider of single sign-on that says whatever a test wants, over real TLS: honest unless told otherwise.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use ::sign_in::provider::{Settings, TwoFactors};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use schemas::digest::Digest;
use schemas::time::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// By what it knows the dispatch system.
pub const CAD_CLIENT: &str = "cad-of-the-county";
/// By what it knows the node.
pub const CLIENT: &str = "accord-node";
/// What both know.
pub const SECRET: &str = "a secret & of both";

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// By the key that the provider shows.
    Rightly,
    /// Not at all: `alg` is `none`.
    Nothing,
    /// By a secret that everybody knows: the provider's public key.
    ByPublicKey,
    /// By another key under the id of the provider's.
    ByAnother,
    /// By a key that the provider shows nowhere.
    ByUnknown,
    /// Rightly, and then changed.
    ThenChanged,
}

struct SigningKey {
    id: String,
    pair: KeyPair,
}

impl SigningKey {
    fn new(id: &str) -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        Self { id: id.to_owned(), pair }
    }

    fn public(&self) -> Value {
        let raw = self.pair.public_key_raw();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": part(&raw[1..33]), "y": part(&raw[33..65]),
        })
    }

    fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.id.clone());
        let key = EncodingKey::from_ec_der(&self.pair.serialize_der());
        jsonwebtoken::encode(&header, claims, &key).expect("a token")
    }
}

struct Grant {
    challenge: String,
    token: String,
}

struct Inner {
    key: SigningKey,
    grants: HashMap<String, Grant>,
    asked: HashMap<String, usize>,
    metadata: Value,
    away: bool,
    given: usize,
}

/// The provider.
pub struct Provider {
    /// Its issuer.
    pub issuer: String,
    inner: Arc<Mutex<Inner>>,
    dir: TempDir,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a browser brings back from it.
pub struct Back {
    /// The code.
    pub code: String,
    /// The state.
    pub state: String,
}

fn parameter(address: &str, name: &str) -> String {
    let query = address.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(one, _)| one == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

impl Provider {
    /// One that listens on this machine.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn start() -> Self {
        let dir = TempDir::new().expect("a directory");
        let pair = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
        let certificate = params.self_signed(&pair).expect("a certificate");
        std::fs::write(dir.path().join("authority.pem"), certificate.pem()).expect("a file");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pair.serialize_der()));
        let config = ServerConfig::builder_with_provider(host::cipher_suites::aes_256_gcm())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a server");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("https://localhost:{}", listener.local_addr().expect("it").port());
        let inner = Inner {
            key: SigningKey::new("first"),
            grants: HashMap::new(),
            asked: HashMap::new(),
            metadata: json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize?tenant=county"),
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/keys"),
                "code_challenge_methods_supported": ["S256"],
            }),
            away: false,
            given: 0,
        };
        let inner = Arc::new(Mutex::new(inner));
        let serving = inner.clone();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, inner) = (acceptor.clone(), serving.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let answer = |request| answer(inner.clone(), request);
                    let served = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service_fn(answer));
                    drop(served.await);
                });
            }
        });
        Self { issuer, inner, dir, task }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no test panics with it")
    }

    /// The authority of its certificate.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.dir.path().join("authority.pem")
    }

    /// What an agency says of it.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            name: "county".into(),
            label: "Los Robles County".into(),
            issuer: self.issuer.clone(),
            client: CLIENT.into(),
            authority: Some(self.authority()),
            two_factors: TwoFactors {
                amr: vec![vec!["mfa".into()], vec!["pwd".into(), "otp".into()]],
                acr: vec!["urn:two".into()],
            },
            hours: 12,
            groups: None,
            programs: BTreeMap::new(),
        }
    }

    /// Whether it answers from now on.
    pub fn goes_away(&self, away: bool) {
        self.inner().away = away;
    }

    /// What it says of itself from now on.
    pub fn says(&self, key: &str, value: Value) {
        self.inner().metadata[key] = value;
    }

    /// Signs by another key from now on.
    pub fn rotates(&self, id: &str) {
        self.inner().key = SigningKey::new(id);
    }

    /// How often something was asked of it: `keys`, `token` or `metadata`.
    #[must_use]
    pub fn asked(&self, what: &str) -> usize {
        self.inner().asked.get(what).copied().unwrap_or(0)
    }

    /// What a browser that was sent to `address` brings back, once `subject` has signed in there at `now` by two
    /// factors.
    #[must_use]
    pub fn vouches(&self, address: &str, subject: &str, now: Timestamp) -> Back {
        self.vouches_with(address, subject, now, Signed::Rightly, |_| ())
    }

    /// The ID token that the dispatch system gets for `subject`, who has signed in there at `now` by two factors;
    /// with other claims, and signed otherwise.
    #[must_use]
    pub fn token_for_cad(
        &self,
        subject: &str,
        now: Timestamp,
        signed: Signed,
        change: impl FnOnce(&mut Value),
    ) -> String {
        let mut claims = self.claims(subject, CAD_CLIENT, now);
        claims["nonce"] = json!("of the dispatch system");
        change(&mut claims);
        token(&self.inner().key, &claims, signed)
    }

    fn claims(&self, subject: &str, client: &str, now: Timestamp) -> Value {
        let seconds = now.millis() / 1_000;
        json!({
            "iss": self.issuer, "sub": subject, "aud": client,
            "iat": seconds, "exp": seconds + 300, "auth_time": seconds as f64 + 0.25,
            "amr": ["pwd", "otp"], "groups": [],
        })
    }

    /// The same with other claims, and signed otherwise.
    ///
    /// # Panics
    /// When the address is not one of this provider.
    pub fn vouches_with(
        &self,
        address: &str,
        subject: &str,
        now: Timestamp,
        signed: Signed,
        change: impl FnOnce(&mut Value),
    ) -> Back {
        let expected = format!("{}/authorize?tenant=county&", self.issuer);
        assert!(address.starts_with(&expected), "{address}");
        assert_eq!(parameter(address, "code_challenge_method"), "S256");
        assert_eq!(parameter(address, "client_id"), CLIENT);
        let mut claims = self.claims(subject, CLIENT, now);
        claims["nonce"] = json!(parameter(address, "nonce"));
        change(&mut claims);
        let mut inner = self.inner();
        inner.given += 1;
        let code = format!("code-{}", inner.given);
        let token = token(&inner.key, &claims, signed);
        let challenge = parameter(address, "code_challenge");
        inner.grants.insert(code.clone(), Grant { challenge, token });
        Back { code, state: parameter(address, "state") }
    }
}

fn token(key: &SigningKey, claims: &Value, signed: Signed) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    match signed {
        Signed::Rightly => key.sign(claims),
        Signed::Nothing => {
            format!("{}.{}.", part(&json!({ "alg": "none", "kid": key.id })), part(claims))
        }
        Signed::ByPublicKey => {
            let mut header = Header::new(Algorithm::HS256);
            header.kid = Some(key.id.clone());
            let secret = EncodingKey::from_secret(key.pair.public_key_raw()).expect("a key");
            jsonwebtoken::encode(&header, claims, &secret).expect("a token")
        }
        Signed::ByAnother => SigningKey::new(&key.id).sign(claims),
        Signed::ByUnknown => SigningKey::new("nowhere").sign(claims),
        Signed::ThenChanged => {
            let token = key.sign(claims);
            let parts: Vec<&str> = token.split('.').collect();
            let mut other = claims.clone();
            other["sub"] = json!("somebody-else");
            format!("{}.{}.{}", parts[0], part(&other), parts[2])
        }
    }
}

async fn answer(
    inner: Arc<Mutex<Inner>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get("authorization").cloned();
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let (status, value) = {
        let mut inner = inner.lock().expect("no test panics with it");
        let what = match path.as_str() {
            "/keys" => "keys",
            "/token" => "token",
            _ => "metadata",
        };
        *inner.asked.entry(what.to_owned()).or_default() += 1;
        if inner.away {
            (503, json!({}))
        } else if what == "keys" {
            (200, json!({ "keys": [{ "kty": "future" }, inner.key.public()] }))
        } else if what == "token" {
            exchange(
                &mut inner,
                &body,
                authorization.as_ref().and_then(|value| value.to_str().ok()),
            )
        } else {
            (200, inner.metadata.clone())
        }
    };
    let response = Response::builder().status(status).header("content-type", "application/json");
    Ok(response.body(Full::new(Bytes::from(value.to_string()))).expect("a response"))
}

fn exchange(inner: &mut Inner, body: &[u8], authorization: Option<&str>) -> (u16, Value) {
    let fields: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let shown = format!("{}:{}", part(CLIENT), part(SECRET));
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(shown));
    if authorization != Some(basic.as_str()) {
        return (401, json!({ "error": "invalid_client" }));
    }
    // Each code counts once.
    let Some(grant) = inner.grants.remove(&field("code")) else {
        return (400, json!({ "error": "invalid_grant" }));
    };
    let challenge = Digest::of(field("code_verifier").as_bytes());
    if URL_SAFE_NO_PAD.encode(challenge.as_bytes()) != grant.challenge {
        return (400, json!({ "error": "invalid_grant" }));
    }
    (200, json!({ "access_token": "unused", "token_type": "Bearer", "id_token": grant.token }))
}
