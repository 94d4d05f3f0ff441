//! The token that opens `/metrics` to monitoring over the network.

use ::sign_in::Token;
use schemas::digest::Digest;
use zeroize::Zeroizing;

use host::home::{Home, HomeError, read_text, write_private};

/// The file, beside the certificate, that holds the token for `/metrics` on the HTTPS port.
pub(super) const METRICS_TOKEN: &str = "metrics-token";

/// The digest of the token that opens `/metrics` over the network.
#[derive(Debug)]
pub struct MetricsToken(Digest);

impl MetricsToken {
    /// The token in `home`; it is made if there is none.
    ///
    /// # Errors
    /// When it can neither be read nor made.
    pub fn of(home: &Home) -> Result<Self, HomeError> {
        let path = home.tls(METRICS_TOKEN);
        if !path.exists() {
            let token = Token::new()
                .map_err(|e| HomeError::Content { path: path.clone(), error: e.to_string() })?;
            write_private(&path, token.expose().as_bytes())?;
        }
        let token = Zeroizing::new(read_text(&path)?);
        Ok(Self(Digest::of(token.trim().as_bytes())))
    }

    /// Whether `token` is the one for the metrics.
    #[must_use]
    pub(super) fn admits(&self, token: &str) -> bool {
        // Digests are compared: how long that takes tells nothing of the token.
        self.0 == Digest::of(token.as_bytes())
    }
}
