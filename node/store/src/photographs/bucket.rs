//! Photographs in an S3-compatible store, under the names that they have in a directory: `ab/cdef…`
//! after the prefix.
//!
//! What such a store has acknowledged is durable there. What is destroyed is gone only where the
//! bucket keeps no versions, which is for who runs it to see to.

use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::{HttpClient, HttpConnector};
use object_store::path::Path;
use object_store::{ClientOptions, Error, ObjectStore as _, ObjectStoreExt as _, RetryConfig};
use rustls::{ClientConfig, RootCertStore};
use schemas::digest::{Digest, hex};
use schemas::image::IMAGE_BYTES;

use super::place::Bucket;
use super::{ImageStore, ImageStoreError};
use host::authorities::authorities;
use host::cipher_suites;

/// Photographs put down at once.
const AT_ONCE: usize = 8;
/// Time for a connection.
const CONNECTING: Duration = Duration::from_secs(5);
/// Time for one request, and for all the tries of one.
const ASKING: Duration = Duration::from_secs(30);
/// How often what the store does not serve is tried again.
const TRIES: usize = 3;

/// Where the credentials come from: the environment and nothing else of it, so that nothing there
/// changes which store is spoken to, or how.
const CREDENTIALS: [(&str, AmazonS3ConfigKey); 8] = [
    ("AWS_ACCESS_KEY_ID", AmazonS3ConfigKey::AccessKeyId),
    ("AWS_SECRET_ACCESS_KEY", AmazonS3ConfigKey::SecretAccessKey),
    ("AWS_SESSION_TOKEN", AmazonS3ConfigKey::Token),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", AmazonS3ConfigKey::WebIdentityTokenFile),
    ("AWS_ROLE_ARN", AmazonS3ConfigKey::RoleArn),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", AmazonS3ConfigKey::ContainerCredentialsRelativeUri),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", AmazonS3ConfigKey::ContainerCredentialsFullUri),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", AmazonS3ConfigKey::ContainerAuthorizationTokenFile),
];

/// A bucket of photographs.
#[derive(Debug)]
pub struct S3 {
    store: AmazonS3,
    prefix: String,
}

/// Speaks HTTP over our own choice of ciphers and authorities.
#[derive(Debug)]
struct Connector(reqwest::Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

fn failed(error: &dyn std::error::Error) -> ImageStoreError {
    // What a library wraps says why; the outermost alone often does not.
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !said.contains(&more) {
            said = format!("{said}: {more}");
        }
        source = error.source();
    }
    ImageStoreError(format!("S3-compatible store: {said}"))
}

/// The authorities whose certificates are taken.
fn roots(bucket: &Bucket) -> Result<RootCertStore, ImageStoreError> {
    authorities(bucket.authority.as_deref()).map_err(|why| {
        let file = bucket.authority.as_deref().unwrap_or(std::path::Path::new("")).display();
        ImageStoreError(format!("photographs.authority = \"{file}\": {why}"))
    })
}

fn client(bucket: &Bucket) -> Result<reqwest::Client, ImageStoreError> {
    let tls = ClientConfig::builder_with_provider(cipher_suites::aes_256_gcm())
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(&e))?
        .with_root_certificates(roots(bucket)?)
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // A store that sends elsewhere is not the one that was configured.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECTING)
        .timeout(ASKING);
    client.build().map_err(|e| failed(&e))
}

impl S3 {
    /// The photographs in `bucket`. The store is not asked for anything yet: a node whose store is
    /// away starts, and says so when a photograph is asked for.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn open(bucket: &Bucket) -> Result<Self, ImageStoreError> {
        let environment = |name: &str| std::env::var(name).ok();
        Self::open_as(bucket, &environment)
    }

    fn open_as(
        bucket: &Bucket,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ImageStoreError> {
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket.bucket())
            .with_region(&bucket.region)
            .with_allow_http(bucket.on_loopback())
            .with_retry(RetryConfig {
                max_retries: TRIES,
                retry_timeout: ASKING,
                ..RetryConfig::default()
            })
            .with_http_connector(Connector(client(bucket)?));
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        for (name, key) in CREDENTIALS {
            if let Some(value) = environment(name) {
                builder = builder.with_config(key, value);
            }
        }
        let store = builder.build().map_err(|e| failed(&e))?;
        Ok(Self { store, prefix: bucket.prefix().to_owned() })
    }

    /// What the names of photographs whose first byte is this one begin with.
    fn folder(&self, first: u8) -> Path {
        [self.prefix.as_str(), &hex(&[first])]
            .into_iter()
            .filter(|part| !part.is_empty())
            .fold(Path::default(), |path, parts| {
                parts.split('/').fold(path, |path, part| path.join(part))
            })
    }

    fn path(&self, digest: Digest) -> Path {
        let [first, rest @ ..] = digest.as_bytes();
        self.folder(*first).join(hex(rest))
    }
}

#[async_trait]
impl ImageStore for S3 {
    async fn put(&self, photographs: Vec<(Digest, Vec<u8>)>) -> Result<(), ImageStoreError> {
        futures::stream::iter(photographs)
            .map(|(digest, bytes)| async move {
                // Its digest is signed with the request: the store takes it whole or not at all.
                let put = self.store.put(&self.path(digest), bytes.into()).await;
                put.map(drop).map_err(|e| failed(&e))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, ImageStoreError> {
        let found = match self.store.get(&self.path(digest)).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            found => found.map_err(|e| failed(&e))?,
        };
        let mut bytes = Vec::new();
        let mut coming = found.into_stream();
        while let Some(chunk) = coming.try_next().await.map_err(|e| failed(&e))? {
            if bytes.len().saturating_add(chunk.len()) > IMAGE_BYTES {
                // Whatever it is, it is no photograph of ours: not worth the memory.
                return Ok(Some(Vec::new()));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes))
    }

    async fn destroy(&self, digest: Digest) -> Result<(), ImageStoreError> {
        match self.store.delete(&self.path(digest)).await {
            Err(Error::NotFound { .. }) => Ok(()),
            done => done.map_err(|e| failed(&e)),
        }
    }

    async fn kept(&self, first: u8) -> Result<Vec<Digest>, ImageStoreError> {
        let folder = self.folder(first);
        let mut listed = self.store.list(Some(&folder));
        let mut kept = Vec::new();
        while let Some(object) = listed.try_next().await.map_err(|e| failed(&e))? {
            // What is not named like a photograph is none of ours.
            let rest = object.location.filename();
            let digest: Option<Digest> =
                rest.and_then(|rest| format!("{first:02x}{rest}").parse().ok());
            kept.extend(digest);
        }
        Ok(kept)
    }
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
