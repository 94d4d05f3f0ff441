//! What TLS of this program's HTTPS, both as server and as client, is spoken with: AES-GCM with keys of
//! 256 bits and nothing else (CJIS SC-13).

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider};

/// The provider of TLS 1.3 and 1.2 whose cipher suites all are AES-256-GCM.
#[must_use]
pub fn aes_256_gcm() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        ],
        ..default_provider()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_shorter_than_256_bits() {
        for suite in &aes_256_gcm().cipher_suites {
            let name = format!("{:?}", suite.suite());
            assert!(name.contains("AES_256_GCM"), "{name}");
        }
    }
}
