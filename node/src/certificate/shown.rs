//! A certificate that a client shows: by which key it is known, and when it is good.
//!
//! Known it is by its public key and not by its bytes: the key is what a handshake proves, and a certificate that
//! its issuer renews for the same key goes on without anybody doing anything here. Who issued it says nothing.
//! Its dates hold all the same.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::ParsedCertificate;
use schemas::digest::Digest;
use schemas::time::Timestamp;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::instant;

/// A certificate that a client shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownCertificate {
    /// SHA-256 of its public key (SubjectPublicKeyInfo).
    pub key: Digest,
    /// From when it is good.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
}

/// Why a certificate cannot be known here.
#[derive(Debug, thiserror::Error)]
pub enum NotKnowable {
    /// It is none.
    #[error(
        "it holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`): {0}; of one in DER `openssl x509 -inform der` makes it"
    )]
    NoPem(String),
    /// It holds what stays with its owner.
    #[error(
        "it holds a private key, which stays where the certificate is shown from: give the file of the certificate alone"
    )]
    PrivateKey,
    /// It cannot be read, or TLS takes none like it.
    #[error("its certificate cannot be read as one of X.509, version 3: {0}; have another issued")]
    Unreadable(String),
    /// It is not good now.
    #[error(
        "its certificate is good from {from} until {until}, and it is {now}: have a new one issued"
    )]
    Dates {
        /// From when.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
        /// Now.
        now: Timestamp,
    },
}

impl ShownCertificate {
    /// What a certificate says.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, NotKnowable> {
        let unreadable = |e: &dyn std::fmt::Display| NotKnowable::Unreadable(e.to_string());
        // As TLS reads it: what is known here can be shown.
        let parsed = ParsedCertificate::try_from(certificate).map_err(|e| unreadable(&e))?;
        let key = Digest::of(&parsed.subject_public_key_info());
        let (_, read) = X509Certificate::from_der(certificate).map_err(|e| unreadable(&e))?;
        let validity = read.validity();
        let (not_before, not_after) = (instant(validity.not_before), instant(validity.not_after));
        Ok(Self { key, not_before, not_after })
    }

    /// The first certificate of a text in PEM, if it is good at `now`.
    ///
    /// # Errors
    /// When there is none, it is good no longer, or a private key stands beside it.
    pub fn of_pem(text: &str, now: Timestamp) -> Result<Self, NotKnowable> {
        if text.contains("PRIVATE KEY-----") {
            return Err(NotKnowable::PrivateKey);
        }
        let certificate = CertificateDer::from_pem_slice(text.as_bytes())
            .map_err(|e| NotKnowable::NoPem(e.to_string()))?;
        let shown = Self::of(&certificate)?;
        if shown.is_good(now) {
            return Ok(shown);
        }
        Err(NotKnowable::Dates { from: shown.not_before, until: shown.not_after, now })
    }

    /// Whether it is good at `now`.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.not_before <= now && now < self.not_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    fn certificate(key: &KeyPair, names: &[String]) -> String {
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        params.self_signed(key).unwrap().pem()
    }

    fn day(text: &str) -> Timestamp {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn a_certificate_is_known_by_its_key_as_long_as_it_is_good() {
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let of = |pem: &str| ShownCertificate::of_pem(pem, day("2026-06-01"));
        let one = of(&certificate(&key, &["mdt-12.example".into()])).unwrap();
        let renewed = of(&certificate(&key, &["renamed.example".into()])).unwrap();
        assert_eq!(one.key, renewed.key, "another certificate for the same key");
        assert_ne!(one.key, of(&certificate(&other, &["mdt-12.example".into()])).unwrap().key);
        assert!(one.is_good(day("2026-01-01")) && !one.is_good(day("2025-12-31")));
        assert!(!one.is_good(day("2027-01-01")));
    }

    #[test]
    fn what_is_no_certificate_is_said_to_be_none() {
        let key = KeyPair::generate().unwrap();
        let good = certificate(&key, &["mdt-12.example".into()]);
        let said =
            |text: &str, at: &str| ShownCertificate::of_pem(text, day(at)).unwrap_err().to_string();
        assert!(said("", "2026-06-01").contains("holds no certificate in PEM"));
        let both = format!("{good}{}", key.serialize_pem());
        assert!(said(&both, "2026-06-01").contains("private key"));
        assert!(said(&good, "2027-06-01").contains("good from 2026-01-01T00:00:00"));
        let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(said(odd, "2026-06-01").contains("cannot be read"));
    }
}
