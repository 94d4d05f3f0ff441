//! Against a real S3 server on loopback, over TLS, that checks signatures and keeps its objects in files.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::super::contract::{holds, photograph};
use super::super::{Flaw, Images};
use super::*;

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "a-secret-that-no-message-shows";

/// A server whose bucket `alpr` is empty, until it is dropped.
struct Server {
    dir: TempDir,
    endpoint: String,
    served: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Server {
    async fn start() -> Self {
        let dir = TempDir::new().unwrap();
        fs::create_dir_all(dir.path().join("objects/alpr")).unwrap();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".into()]).unwrap();
        fs::write(dir.path().join("authority.pem"), made.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let tls = ServerConfig::builder_with_provider(cipher_suites::aes_256_gcm())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(tls));
        let files = s3s_fs::FileSystem::new(dir.path().join("objects")).unwrap();
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("https://{}", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, service) = (tls.clone(), service.clone());
                tokio::spawn(async move {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let stream = TokioIo::new(stream);
                    drop(http1::Builder::new().serve_connection(stream, service).await);
                });
            }
        });
        Self { dir, endpoint, served }
    }

    fn authority(&self) -> PathBuf {
        self.dir.path().join("authority.pem")
    }

    fn bucket(&self) -> Bucket {
        Bucket {
            url: "s3://alpr/port/photographs".into(),
            endpoint: Some(self.endpoint.clone()),
            region: "us-gov-west-1".into(),
            authority: Some(self.authority()),
        }
    }

    fn open(&self, secret: &str) -> S3 {
        let environment: HashMap<_, _> = [
            ("AWS_ACCESS_KEY_ID", KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
        ]
        .into();
        S3::open_as(&self.bucket(), &|name| environment.get(name).cloned()).unwrap()
    }

    /// The file that holds a photograph.
    fn file(&self, digest: Digest) -> PathBuf {
        let [first, rest @ ..] = digest.as_bytes();
        let below = format!("objects/alpr/port/photographs/{}/{}", hex(&[*first]), hex(rest));
        self.dir.path().join(below)
    }
}

#[tokio::test]
async fn a_bucket_holds_to_the_contract() {
    let server = Server::start().await;
    holds(&server.open(SECRET)).await;
}

#[tokio::test]
async fn what_is_missing_or_altered_in_a_bucket_is_noticed() {
    let server = Server::start().await;
    let images = Images::new(Arc::new(server.open(SECRET)));
    let some: Vec<_> = (0..3).map(photograph).collect();
    drop(images.keep(some.clone()).await.unwrap());
    let [whole, altered, missing] = [0, 1, 2].map(|n| photograph(n).0);
    fs::write(server.file(altered), b"another one").unwrap();
    fs::remove_file(server.file(missing)).unwrap();
    assert_eq!(images.fetch(whole).await.unwrap(), Ok(photograph(0).1));
    assert_eq!(images.fetch(altered).await.unwrap(), Err(Flaw::Altered));
    assert_eq!(images.fetch(missing).await.unwrap(), Err(Flaw::Missing));
    assert_eq!(images.known_flaws().len(), 2);
    // What is put down again is whole again.
    drop(images.keep(some).await.unwrap());
    assert_eq!(images.fetch(altered).await.unwrap(), Ok(photograph(1).1));
    assert!(images.known_flaws().is_empty());
    // More than any photograph is not read into memory.
    fs::write(server.file(whole), vec![0; IMAGE_BYTES + 1]).unwrap();
    assert_eq!(images.fetch(whole).await.unwrap(), Err(Flaw::Altered));
}

#[tokio::test]
async fn nothing_is_kept_with_credentials_that_the_store_does_not_take_and_none_are_shown() {
    let server = Server::start().await;
    let error = server.open("another-secret").put(vec![photograph(1)]).await.unwrap_err().0;
    assert!(error.contains("SignatureDoesNotMatch"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    assert_eq!(server.open(SECRET).get(photograph(1).0).await.unwrap(), None);
}

#[tokio::test]
async fn a_store_with_a_certificate_of_nobody_who_is_trusted_gets_nothing() {
    let server = Server::start().await;
    let strangers = Server::start().await;
    let bucket = Bucket { authority: Some(strangers.authority()), ..server.bucket() };
    let images = S3::open_as(&bucket, &|name| Some(name.to_owned())).unwrap();
    let error = images.put(vec![photograph(1)]).await.unwrap_err().0;
    assert!(error.contains("certificate"), "{error}");
    assert!(!server.file(photograph(1).0).exists());
}

#[test]
fn an_authority_that_is_none_is_told_with_its_file() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("ca.pem");
    let bucket = Bucket {
        url: "s3://alpr".into(),
        endpoint: None,
        region: "us-gov-west-1".into(),
        authority: Some(file.clone()),
    };
    let told = |why: &str| {
        let error = S3::open(&bucket).unwrap_err().0;
        let named = format!("photographs.authority = \"{}\"", file.display());
        assert!(error.contains(&named) && error.contains(why), "{error}");
    };
    told("");
    fs::write(&file, "no certificate").unwrap();
    told("holds no certificate");
}
