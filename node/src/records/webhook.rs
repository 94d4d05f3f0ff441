//! Pushing records to the records system of the agency: a batch after the other, each until it is taken.
//!
//! A batch is taken once its receiver answers with a status of 2xx; then where the next one begins is made
//! durable. Until then it is sent again, with longer and longer pauses and for as long as it takes. Between
//! the receiver's word and that place being durable the node may stop, and the batch then comes again: its
//! receiver knows records by their numbers.

use std::path::PathBuf;
use std::time::Duration;

use ::sign_in::Token;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use host::authorities::authorities;
use host::home::{Home, HomeError, read_text, replace_private, write_private};
use host::https::{Https, Posted, callable_or_here};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Uri};
use schemas::digest::hex;
use schemas::time::SECOND_MS;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::feed::Feed;
use super::record::Page;
use crate::config::Records as Settings;
use crate::permission::ActError;
use audit_log::clock::Clock;

/// The file of the home that says which record was taken last.
pub const CURSOR: &str = "records-pushed";
/// The file among the keys of the home with the secret by which batches are signed.
pub const SECRET: &str = "records";

/// Records of one batch.
const AT_ONCE: usize = 200;
/// How long a receiver may take for a batch.
const LONGEST: Duration = Duration::from_secs(30);
/// The first pause after a batch was not taken; doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(300);

const TIMESTAMP: HeaderName = HeaderName::from_static("accord-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("accord-signature");
const NUMBERS: HeaderName = HeaderName::from_static("accord-records");

/// A batch could not be handed over; it is sent again.
#[derive(Debug, thiserror::Error)]
pub enum NotPushed {
    /// The log or its database does not answer.
    #[error(transparent)]
    Records(#[from] ActError),
    /// Where the next batch begins could not be made durable.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The receiver does not take it.
    #[error(
        "records {first} to {last} were not taken by `{to}` ({why}), {attempts} times by now; they are sent again"
    )]
    NotTaken {
        /// The number of its first record.
        first: u64,
        /// The number of its last.
        last: u64,
        /// The receiver's host.
        to: String,
        /// What it said, or why nothing came.
        why: String,
        /// How often it was tried.
        attempts: u32,
    },
}

/// By what a receiver knows that a batch is this node's, and of now.
pub struct Signature(Key);

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signature(…)")
    }
}

impl Signature {
    /// Made with this secret.
    #[must_use]
    pub fn with(secret: &str) -> Self {
        Self(Key::new(HMAC_SHA256, secret.as_bytes()))
    }

    /// The value of the header `Accord-Signature`: HMAC-SHA-256 over the seconds of `Accord-Timestamp`, a full
    /// stop and the body, in hexadecimal digits.
    #[must_use]
    pub fn of(&self, seconds: i64, body: &str) -> String {
        let tag = sign(&self.0, format!("{seconds}.{body}").as_bytes());
        format!("v1={}", hex(tag.as_ref()))
    }
}

/// A batch that was not taken yet.
struct Pending {
    page: Page,
    attempts: u32,
    again: Instant,
}

/// Pushes records.
pub struct Webhook {
    feed: Feed,
    clock: Clock,
    https: Https,
    to: Uri,
    signature: Signature,
    cursor: PathBuf,
    /// The place behind which the next batch begins.
    after: Option<u64>,
    pending: Option<Pending>,
}

impl Webhook {
    /// To where `settings` say, from the place on that the home knows. The secret is made if there is none.
    ///
    /// # Errors
    /// When something of it cannot be read.
    pub fn of(
        home: &Home,
        settings: &Settings,
        feed: Feed,
        clock: Clock,
    ) -> Result<Self, HomeError> {
        let unfit = |error: String| HomeError::Content { path: home.config(), error };
        let to = callable_or_here(settings.address.as_str());
        let to = to.ok_or_else(|| unfit("records.address cannot be called".into()))?;
        let roots = authorities(settings.authority.as_deref())
            .map_err(|why| unfit(format!("records.authority {why}")))?;
        let https = Https::trusting(roots, LONGEST).map_err(|e| unfit(e.to_string()))?;
        let cursor = home.dir().join(CURSOR);
        let after = match cursor.exists() {
            true => Some(number(&cursor)?),
            false => None,
        };
        let signature = Signature::with(&secret(home)?);
        Ok(Self { feed, clock, https, to, signature, cursor, after, pending: None })
    }

    /// Pushes what there is, until nothing is left or a batch is not taken.
    ///
    /// # Errors
    /// Why it was not: it is tried again by a later call, and nothing is passed over.
    pub async fn push(&mut self) -> Result<(), NotPushed> {
        let pushed = self.push_all().await;
        match &pushed {
            Err(error) => self.feed.pushing().failed(self.clock.now(), error.to_string()),
            Ok(()) if self.pending.is_none() => self.feed.pushing().goes_on(),
            Ok(()) => {}
        }
        pushed
    }

    async fn push_all(&mut self) -> Result<(), NotPushed> {
        loop {
            let pending = match self.pending.take() {
                Some(pending) if Instant::now() < pending.again => {
                    self.pending = Some(pending);
                    return Ok(());
                }
                Some(pending) => pending,
                None => {
                    let whom = format!("pushed to {}", self.host());
                    let page = self.feed.page(self.after, AT_ONCE, &whom).await?;
                    if page.records.is_empty() {
                        // Nothing of it concerns anybody: it is not looked at again.
                        self.after = page.next;
                        if page.more {
                            continue;
                        }
                        return Ok(());
                    }
                    Pending { page, attempts: 0, again: Instant::now() }
                }
            };
            self.hand_over(pending).await?;
        }
    }

    async fn hand_over(&mut self, pending: Pending) -> Result<(), NotPushed> {
        let Pending { page, attempts, .. } = pending;
        let ends = page.records.first().map(|one| one.number);
        let ends = ends.zip(page.records.last().map(|one| one.number));
        let (first, last) = ends.unwrap_or_default();
        // Kept before it is tried: who drops this in the middle has lost nothing.
        let attempts = attempts.saturating_add(1);
        let pause = FIRST_PAUSE.saturating_mul(1 << attempts.min(10).saturating_sub(1));
        let again = Instant::now() + pause.min(LAST_PAUSE);
        let next = page.next;
        let posted = self.posted(&page, (first, last));
        self.pending = Some(Pending { page, attempts, again });
        let not_taken = |why: String| {
            let to = self.host();
            NotPushed::NotTaken { first, last, to, why, attempts }
        };
        match self.https.call(&self.to, Some(posted)).await {
            Ok((status, _)) if status.is_success() => {}
            Ok((status, _)) => return Err(not_taken(format!("it answers {status}"))),
            Err(why) => return Err(not_taken(why)),
        }
        self.pending = None;
        self.after = next;
        // A page with records says where the next one begins; an empty file would be no place to begin at.
        if let Some(next) = next {
            replace_private(&self.cursor, format!("{next}\n").as_bytes())?;
        }
        Ok(())
    }

    fn posted(&self, page: &Page, (first, last): (u64, u64)) -> Posted {
        let written = self.feed.mapping().write(page);
        let seconds = self.clock.now().millis().div_euclid(SECOND_MS);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(written.media_type));
        headers.insert(TIMESTAMP, HeaderValue::from(seconds));
        let texts = [
            (SIGNATURE, self.signature.of(seconds, &written.text)),
            (NUMBERS, format!("{first}-{last}")),
        ];
        for (name, text) in texts {
            // Digits and hyphens alone: nothing of it is none.
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
        Posted { headers, body: written.text.into() }
    }

    fn host(&self) -> String {
        self.to.authority().map(ToString::to_string).unwrap_or_default()
    }
}

fn number(path: &std::path::Path) -> Result<u64, HomeError> {
    let text = read_text(path)?;
    text.trim().parse().map_err(|_| HomeError::Content {
        path: path.to_owned(),
        error: "holds no number of a record; write the number of the last one that the records system has, or take the file away to push all of them again".into(),
    })
}

fn secret(home: &Home) -> Result<Zeroizing<String>, HomeError> {
    let path = home.dir().join("keys").join(SECRET);
    if !path.exists() {
        let token = Token::new()
            .map_err(|e| HomeError::Content { path: path.clone(), error: e.to_string() })?;
        write_private(&path, token.expose().as_bytes())?;
    }
    let text = Zeroizing::new(read_text(&path)?);
    Ok(Zeroizing::new(text.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_the_document_says() {
        // python3 -c 'import hmac; print(hmac.new(b"secret", b"1700000000.{}", "sha256").hexdigest())'
        let signature = Signature::with("secret").of(1_700_000_000, "{}");
        assert_eq!(
            signature,
            "v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"
        );
    }
}
