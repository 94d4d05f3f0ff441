//! The way there and back: what a browser carries to a provider, what it keeps meanwhile, and what becomes of
//! the answer.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use form_urlencoded::{Serializer, byte_serialize};
use host::https::Posted;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use schemas::digest::Digest;
use schemas::time::{MINUTE_MS, Timestamp};
use serde::{Deserialize, Serialize};

use super::client::{Provider, SKEW_MS};
use super::error::SignOnError;
use super::id_token::{For, verified};
use super::word::Word;
use crate::sealing::SealingKey;
use crate::{Secret, Token};

/// How long somebody may take there, in milliseconds.
const LONGEST_MS: i64 = 10 * MINUTE_MS;
/// Longest code, in bytes.
const LONGEST_CODE: usize = 4_096;

/// What somebody is to prove who she is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To sign in, once she has acknowledged the notice with this digest.
    SignIn(Digest),
    /// To sign in as before; now, and not by what the provider remembers.
    SignInAnew(Digest),
    /// That the session of this token goes on.
    Again(Secret),
    /// To sign in that way from now on, by a one-time enrolment.
    Enrol(Secret),
    /// To sign in that way too, in the session of this token.
    Bind(Secret),
}

impl Purpose {
    /// Whether the provider must not go by what it remembers.
    const fn anew(&self) -> bool {
        !matches!(self, Self::SignIn(_))
    }
}

/// What the browser keeps, sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    state: String,
    nonce: String,
    verifier: Secret,
    began: Timestamp,
    purpose: Purpose,
}

/// A request that a browser carries.
#[derive(Debug)]
pub struct Began {
    /// Where it goes.
    pub address: String,
    /// What it keeps meanwhile.
    pub kept: String,
}

/// What it brings back.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The code, if the provider gave one.
    pub code: &'a str,
    /// Which request it answers.
    pub state: &'a str,
    /// Who it says it is (RFC 9207), if it does.
    pub issuer: &'a str,
    /// Why it gave no code.
    pub error: &'a str,
}

/// What came of a request.
#[derive(Debug)]
pub struct Returned {
    /// What it was for.
    pub purpose: Purpose,
    /// What the provider says, if anything that holds.
    pub word: Result<Word, SignOnError>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

fn about(name: &str, source: &str) -> String {
    format!("single sign-on by {name}, {source}")
}

/// A code of an error, of those that stand in a text for people.
fn code(said: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    said.chars().filter(plain).take(40).collect()
}

impl Provider {
    /// Begins what a browser at `source` carries there.
    ///
    /// # Errors
    /// When the provider cannot be asked.
    pub async fn begin(
        &self,
        key: &SealingKey,
        source: &str,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Began, SignOnError> {
        let known = self.metadata.known(&self.https, now).await?;
        let random = || Ok::<_, SignOnError>(Token::new()?.expose().to_owned());
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let challenge = URL_SAFE_NO_PAD.encode(Digest::of(verifier.as_bytes()).as_bytes());
        let mut query = Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client)
            .append_pair("redirect_uri", &self.back)
            .append_pair("scope", &self.scope())
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if purpose.anew() {
            // Not by an age of nothing, which some providers ask for again and again.
            query.append_pair("prompt", "login");
        }
        let seconds = u64::from(self.settings.hours).saturating_mul(3_600);
        query.append_pair("max_age", &seconds.to_string());
        let classes = self.settings.two_factors.acr.join(" ");
        if !classes.is_empty() {
            query.append_pair("acr_values", &classes);
        }
        let joined = if known.authorization.contains('?') { '&' } else { '?' };
        let address = format!("{}{joined}{}", known.authorization, query.finish());
        let kept = Kept { state, nonce, verifier: verifier.into(), began: now, purpose };
        let kept = serde_json::to_vec(&kept).ok();
        let kept = kept.and_then(|kept| key.seal(&about(&self.settings.name, source), &kept));
        Ok(Began { address, kept: kept.ok_or(SignOnError::Busy)? })
    }

    fn scope(&self) -> String {
        let groups = self.settings.groups.as_ref().and_then(|groups| groups.scope.as_deref());
        groups.map_or_else(|| "openid".into(), |groups| format!("openid {groups}"))
    }

    /// What came of the request that a browser at `source` kept, and what it was for.
    ///
    /// # Errors
    /// When it kept none, or another.
    pub async fn returned(
        &self,
        key: &SealingKey,
        source: &str,
        kept: &str,
        answer: &Answer<'_>,
        now: Timestamp,
    ) -> Result<Returned, SignOnError> {
        let kept = key.open(&about(&self.settings.name, source), kept);
        let kept = kept.and_then(|kept| serde_json::from_slice::<Kept>(&kept).ok());
        let kept = kept.filter(|kept| {
            let over = kept.began.plus_millis(LONGEST_MS);
            kept.state == answer.state && kept.began <= now && now < over
        });
        let kept = kept.ok_or(SignOnError::NotBegun)?;
        let word = self.word(&kept, answer, now).await;
        Ok(Returned { purpose: kept.purpose, word })
    }

    /// The form that exchanges a code, and by what the node shows that it is the client.
    fn exchange(&self, kept: &Kept, code: &str, secret_in_form: bool) -> Posted {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.back)
            .append_pair("code_verifier", &kept.verifier);
        let mut authorization = None;
        match &self.secret {
            Some(secret) if !secret_in_form => authorization = basic(&self.settings.client, secret),
            Some(secret) => {
                form.append_pair("client_id", &self.settings.client);
                form.append_pair("client_secret", secret);
            }
            None => drop(form.append_pair("client_id", &self.settings.client)),
        }
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, kind);
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        Posted { headers, body: form.finish().into() }
    }

    async fn word(
        &self,
        kept: &Kept,
        answer: &Answer<'_>,
        now: Timestamp,
    ) -> Result<Word, SignOnError> {
        let label = &self.settings.label;
        let _turn = self.turns.try_acquire().map_err(|_| SignOnError::Busy)?;
        let known = self.metadata.known(&self.https, now).await?;
        let silent = answer.issuer.is_empty() && !known.names_itself;
        if !silent && answer.issuer != self.settings.issuer {
            let why = "another provider answers".into();
            return Err(SignOnError::Untrusted { label: label.clone(), why });
        }
        if !answer.error.is_empty() || answer.code.is_empty() || answer.code.len() > LONGEST_CODE {
            return Err(SignOnError::Declined { label: label.clone(), code: code(answer.error) });
        }
        let form = self.exchange(kept, answer.code, known.secret_in_form);
        let unreachable = |why| SignOnError::Unreachable { label: label.clone(), why };
        let (status, body) =
            self.https.call(&known.token, Some(form)).await.map_err(unreachable)?;
        if status != StatusCode::OK {
            let refusal: Option<Refusal> = serde_json::from_slice(&body).ok();
            return Err(match refusal {
                Some(refusal) if status.is_client_error() => {
                    SignOnError::Declined { label: label.clone(), code: code(&refusal.error) }
                }
                _ => unreachable(format!("it answers {status}")),
            });
        }
        let tokens: Tokens = serde_json::from_slice(&body).map_err(|_| SignOnError::Untrusted {
            label: label.clone(),
            why: "it gives no ID token".into(),
        })?;
        let asked = (&self.settings, &self.metadata, &self.https);
        let word = verified(asked, &tokens.id_token, For::Request(&kept.nonce), now).await?;
        // It was to ask her, whatever it remembered.
        let since = kept.began.plus_millis(-SKEW_MS);
        if kept.purpose.anew() && word.told < since {
            return Err(SignOnError::TooLongAgo { label: label.clone() });
        }
        Ok(word)
    }
}

/// The header by which a client shows its secret (RFC 6749, 2.3.1).
fn basic(client: &str, secret: &Secret) -> Option<HeaderValue> {
    let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let shown = format!("{}:{}", part(client), part(secret));
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(shown))).ok()?;
    value.set_sensitive(true);
    Some(value)
}
