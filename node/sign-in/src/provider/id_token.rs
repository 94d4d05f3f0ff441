//! What a provider's ID token has to say, and how it is verified (OpenID Connect Core 1.0, 3.1.3.7): signed by
//! a key of the provider with a public-key algorithm, by this issuer, for this node alone, for this request,
//! now.

use host::https::Https;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use schemas::time::{MINUTE_MS, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::error::SignOnError;
use super::metadata::Metadata;
use super::settings::Settings;
use super::word::Word;

/// What a token may be signed by: no secret that two know, and not nothing.
const SIGNED_BY: [Algorithm; 9] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
];
/// How far the provider's clock may be from this one, in milliseconds.
const SKEW_MS: i64 = MINUTE_MS;
/// How long ago a token may have been made, in milliseconds.
const MADE_MS: i64 = 10 * MINUTE_MS;
/// Longest token, in bytes.
const LONGEST: usize = 64 << 10;
/// Longest name of a person at the provider, in bytes (OpenID Connect Core 1.0, 2).
const LONGEST_SUBJECT: usize = 255;
/// Most ways and groups that are looked at, and the longest of them, in bytes.
const MOST: usize = 1_000;
const LONGEST_WORD: usize = 200;

/// One text or several: providers write both.
#[derive(Default)]
struct Several(Vec<String>);

impl<'de> Deserialize<'de> for Several {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self::from(&Value::deserialize(from)?))
    }
}

impl From<&Value> for Several {
    fn from(value: &Value) -> Self {
        let one = |value: &Value| {
            value.as_str().filter(|text| text.len() <= LONGEST_WORD).map(str::to_owned)
        };
        match value {
            Value::Array(all) => Self(all.iter().take(MOST).filter_map(one).collect()),
            other => Self(one(other).into_iter().collect()),
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Several,
    exp: f64,
    iat: f64,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    nonce: Option<String>,
    /// Some providers write a fraction.
    #[serde(default)]
    auth_time: Option<f64>,
    #[serde(default)]
    amr: Several,
    #[serde(default)]
    acr: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

fn at(seconds: f64) -> Option<Timestamp> {
    // Whole milliseconds of the years that people live in; anything else is no time.
    let millis = seconds * 1_000.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is within the bounds")]
    (millis.is_finite() && millis.abs() < 1e14)
        .then_some(millis as i64)
        .and_then(Timestamp::from_millis)
}

/// For whom a token has to be, and nobody else.
#[derive(Debug, Clone, Copy)]
pub(super) enum For<'a> {
    /// This node, in answer to its request with this nonce.
    Request(&'a str),
    /// A program of the agency, by what the provider knows it. What that asked the provider is its own.
    Program(&'a str),
}

/// What a token of the provider says.
pub(super) async fn verified(
    (settings, metadata, https): (&Settings, &Metadata, &Https),
    token: &str,
    meant: For<'_>,
    now: Timestamp,
) -> Result<Word, SignOnError> {
    let client = match meant {
        For::Request(_) => settings.client.as_str(),
        For::Program(client) => client,
    };
    let wrong =
        |why: &str| SignOnError::Untrusted { label: settings.label.clone(), why: why.into() };
    if token.len() > LONGEST {
        return Err(wrong("its token is too long"));
    }
    let header = decode_header(token).map_err(|_| wrong("its token cannot be read"))?;
    if !SIGNED_BY.contains(&header.alg) {
        return Err(wrong("its token is not signed by a public key"));
    }
    if header.crit.is_some() {
        return Err(wrong("its token takes what this node does not know"));
    }
    let key = metadata.key(https, (header.kid.as_deref(), header.alg), now).await?;
    let key = key.ok_or_else(|| wrong("its token is signed by no key that it shows"))?;
    let mut validation = Validation::new(header.alg);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[client]);
    // By the clock of the node, below.
    validation.validate_exp = false;
    let claims = decode::<Claims>(token, &key, &validation);
    let claims =
        claims.map_err(|error| wrong(&format!("its token does not hold: {error}")))?.claims;
    if claims.aud.0 != [client] || claims.azp.as_ref().is_some_and(|one| one != client) {
        return Err(wrong("its token is for somebody else too"));
    }
    if let For::Request(nonce) = meant
        && claims.nonce.as_deref() != Some(nonce)
    {
        return Err(wrong("its token answers another request"));
    }
    let time = |seconds: f64| at(seconds).ok_or_else(|| wrong("its token names no time"));
    let (ends, made) = (time(claims.exp)?, time(claims.iat)?);
    let begins = claims.nbf.map(time).transpose()?;
    let late = now.plus_millis(SKEW_MS);
    if ends <= now.plus_millis(-SKEW_MS) || made < now.plus_millis(-MADE_MS) {
        return Err(wrong("its token has expired, or one of the clocks is wrong"));
    }
    if made > late || begins.is_some_and(|begins| begins > late) {
        return Err(wrong("its token is of the future: one of the clocks is wrong"));
    }
    if claims.sub.is_empty() || claims.sub.len() > LONGEST_SUBJECT {
        return Err(wrong("its token names nobody"));
    }
    let proved = claims.auth_time.map(time).transpose()?;
    let proved = proved.ok_or_else(|| wrong("it does not say when somebody proved who she is"))?;
    if proved > late {
        return Err(wrong("somebody is to have proved who she is in the future"));
    }
    let groups = settings.groups.as_ref().and_then(|groups| claims.others.get(&groups.claim));
    let acr = claims.acr.filter(|acr| acr.len() <= LONGEST_WORD);
    Ok(Word {
        subject: claims.sub,
        amr: claims.amr.0,
        acr,
        // No later than now, so that nobody is fresh for longer by a clock that goes ahead.
        proved: proved.min(now),
        told: proved,
        groups: groups.map(Several::from).unwrap_or_default().0,
    })
}
