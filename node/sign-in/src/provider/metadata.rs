//! What a provider says of itself, and the keys that it signs with now: kept for an hour, and the keys asked
//! for again when one is shown that is not among them, once a minute at most. Whoever shows tokens of made-up
//! keys makes a node call its provider no more often than that.

use host::https::{Https, callable};
use hyper::{StatusCode, Uri};
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use schemas::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;

use super::error::SignOnError;

/// How long what it says of itself is believed, in milliseconds. A key that it withdraws verifies nothing
/// after that.
const KEPT_MS: u64 = HOUR_MS.unsigned_abs();
/// How often its keys are asked for because of one that is not known, in milliseconds.
const ROTATED_MS: u64 = MINUTE_MS.unsigned_abs();
/// How long one that does not answer is not asked again, in milliseconds.
const PAUSE_MS: u64 = 5 * SECOND_MS.unsigned_abs();
/// Most keys that are looked at.
const MOST_KEYS: usize = 64;

/// The metadata of a provider (OpenID Connect Discovery 1.0, 3), as far as a node needs it.
#[derive(Deserialize)]
struct Written {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct WrittenKeys {
    keys: Vec<Value>,
}

/// What is known of a provider.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) authorization: String,
    pub(super) token: Uri,
    /// Whether its client shows the secret in the form, and not as HTTP's own header.
    pub(super) secret_in_form: bool,
    /// Whether it says in its answer who it is (RFC 9207).
    pub(super) names_itself: bool,
    keys_at: Uri,
    keys: Vec<Jwk>,
    asked: Timestamp,
    keys_asked: Timestamp,
}

#[derive(Default)]
struct Memory {
    known: Option<Known>,
    failed: Option<(Timestamp, String)>,
}

/// The metadata and keys of one provider.
pub(super) struct Metadata {
    issuer: String,
    label: String,
    memory: Mutex<Memory>,
}

impl Metadata {
    pub(super) fn of(issuer: &str, label: &str) -> Self {
        Self { issuer: issuer.to_owned(), label: label.to_owned(), memory: Mutex::default() }
    }

    fn unreachable(&self, why: impl Into<String>) -> SignOnError {
        SignOnError::Unreachable { label: self.label.clone(), why: why.into() }
    }

    async fn read<T: DeserializeOwned>(&self, https: &Https, at: &Uri) -> Result<T, String> {
        match https.call(at, None).await? {
            (StatusCode::OK, body) => serde_json::from_slice(&body)
                .map_err(|e| format!("`{at}` is not as it must be: {e}")),
            (status, _) => Err(format!("`{at}` answers {status}")),
        }
    }

    async fn keys(&self, https: &Https, at: &Uri) -> Result<Vec<Jwk>, String> {
        let WrittenKeys { keys } = self.read(https, at).await?;
        // One that cannot be read verifies nothing.
        let read =
            keys.into_iter().take(MOST_KEYS).filter_map(|key| serde_json::from_value(key).ok());
        Ok(read.collect())
    }

    async fn ask(&self, https: &Https, now: Timestamp) -> Result<Known, String> {
        let at = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let at: Uri = at.parse().map_err(|_| format!("`{at}` is no address"))?;
        let written: Written = self.read(https, &at).await?;
        if written.issuer != self.issuer {
            let said: String = written.issuer.chars().take(200).collect();
            return Err(format!(
                "it says that it is `{said}`, and not `{}` as accord.toml does",
                self.issuer
            ));
        }
        let address = |what: &str, address: &str| {
            callable(address).ok_or_else(|| format!("its {what} is no https address"))
        };
        let methods = written.code_challenge_methods_supported;
        if methods.is_some_and(|methods| !methods.iter().any(|one| one == "S256")) {
            return Err("it takes no S256 challenge of a code (PKCE)".into());
        }
        let ways = written.token_endpoint_auth_methods_supported.unwrap_or_default();
        let has = |way: &str| ways.iter().any(|one| one == way);
        address("authorization_endpoint", &written.authorization_endpoint)?;
        let keys_at = address("jwks_uri", &written.jwks_uri)?;
        Ok(Known {
            authorization: written.authorization_endpoint.clone(),
            token: address("token_endpoint", &written.token_endpoint)?,
            secret_in_form: has("client_secret_post") && !has("client_secret_basic"),
            names_itself: written.authorization_response_iss_parameter_supported,
            keys: self.keys(https, &keys_at).await?,
            keys_at,
            asked: now,
            keys_asked: now,
        })
    }

    /// What is known of the provider; it is asked where that is too old.
    pub(super) async fn known(&self, https: &Https, now: Timestamp) -> Result<Known, SignOnError> {
        let mut memory = self.memory.lock().await;
        if let Some(known) = memory.known.as_ref().filter(|one| one.asked.distance(now) < KEPT_MS) {
            return Ok(known.clone());
        }
        if let Some((_, why)) = memory.failed.as_ref().filter(|(at, _)| at.distance(now) < PAUSE_MS)
        {
            return Err(self.unreachable(why.as_str()));
        }
        match self.ask(https, now).await {
            Ok(known) => {
                *memory = Memory { known: Some(known.clone()), failed: None };
                Ok(known)
            }
            Err(why) => {
                *memory = Memory { known: None, failed: Some((now, why.clone())) };
                Err(self.unreachable(why))
            }
        }
    }

    /// The key by which a token of this kind is verified; none where the provider has no such key.
    pub(super) async fn key(
        &self,
        https: &Https,
        (kid, algorithm): (Option<&str>, Algorithm),
        now: Timestamp,
    ) -> Result<Option<DecodingKey>, SignOnError> {
        let known = self.known(https, now).await?;
        if let Some(key) = chosen(&known.keys, kid, algorithm) {
            return Ok(Some(key));
        }
        let mut memory = self.memory.lock().await;
        let Some(known) = memory.known.as_mut() else { return Ok(None) };
        if known.keys_asked.distance(now) >= ROTATED_MS {
            known.keys_asked = now;
            match self.keys(https, &known.keys_at).await {
                Ok(keys) => known.keys = keys,
                Err(why) => return Err(self.unreachable(why)),
            }
        }
        Ok(chosen(&known.keys, kid, algorithm))
    }
}

/// The one key that is meant: of this id, or the only one where none is told, for this algorithm and no
/// other.
fn chosen(keys: &[Jwk], kid: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
    let fits = |key: &Jwk| {
        let common = &key.common;
        let verifies =
            !matches!(&common.public_key_use, Some(other) if *other != PublicKeyUse::Signature);
        let meant = common.key_algorithm.is_none_or(|one| one == KeyAlgorithm::from(algorithm));
        verifies && meant && kid.is_none_or(|kid| common.key_id.as_deref() == Some(kid))
    };
    let keys =
        keys.iter().filter(|key| fits(key)).filter_map(|key| DecodingKey::from_jwk(key).ok());
    let of_family = |key: &DecodingKey| {
        key.family() != AlgorithmFamily::Hmac && key.family().algorithms().contains(&algorithm)
    };
    let mut keys = keys.filter(of_family);
    let first = keys.next()?;
    keys.next().is_none().then_some(first)
}
