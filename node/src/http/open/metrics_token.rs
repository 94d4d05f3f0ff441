//! The token that opens `/metrics` to monitoring over the network.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
            let mut bytes = Zeroizing::new([0; 32]);
            getrandom::fill(bytes.as_mut_slice())
                .map_err(|e| HomeError::Content { path: path.clone(), error: e.to_string() })?;
            let token = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
            write_private(&path, token.as_bytes())?;
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
