//! The certificate of the HTTPS side: made at `init`, renewed before it ends, replaced by an
//! agency's own whenever the files are.

mod issued;
mod shown;

use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, SanType};
use rustls::crypto::aws_lc_rs::sign;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use schemas::digest::Digest;
use schemas::time::{DAY_MS, Timestamp};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{ASN1Time, FromDer as _, X509Certificate};

pub use issued::{NotInstalled, install, request};
pub use shown::{NotKnowable, ShownCertificate};

use host::home::{Home, HomeError, read_text, replace_private};

/// How long a certificate that the node made is good, in days: what browsers accept at most.
const LASTS_DAYS: i64 = 398;
/// How long before its end a certificate is to be renewed, in days.
pub const RENEWED_DAYS: i64 = 30;

/// The file of the certificate, with those that lead to its root.
pub const CERTIFICATE: &str = "cert.pem";
/// The file of its key.
pub const KEY: &str = "key.pem";

/// A certificate with its key.
pub struct Certificate {
    /// What a TLS server shows and signs with.
    pub key: Arc<CertifiedKey>,
    /// When it ends.
    pub not_after: Timestamp,
    /// The names it is for.
    pub names: Vec<String>,
    /// Whether it vouches for itself alone, as one that a node made does.
    pub self_signed: bool,
    /// SHA-256 of its public key (SubjectPublicKeyInfo): what a client that pins it compares. It
    /// stays the same when the certificate is renewed with its key.
    pub pin: Digest,
}

fn unfit(home: &Home, file: &str, error: impl std::fmt::Display) -> HomeError {
    HomeError::Content { path: home.tls(file), error: error.to_string() }
}

/// Makes a key and a certificate of its own for it.
///
/// # Errors
/// When they cannot be made or written.
pub fn create(home: &Home, names: &[String], now: Timestamp) -> Result<(), HomeError> {
    let key = KeyPair::generate().map_err(|e| unfit(home, KEY, e))?;
    let text = zeroize::Zeroizing::new(key.serialize_pem());
    replace_private(&home.tls(KEY), text.as_bytes())?;
    issue(home, &key, names, now)
}

/// Makes a new certificate for the key that is there: who pins the key notices nothing. It is for
/// `names`, or for those of the present one if none are given.
///
/// # Errors
/// When the present one cannot be read or the new one cannot be written.
pub fn renew(home: &Home, names: &[String], now: Timestamp) -> Result<(), HomeError> {
    let key = key_pair(home)?;
    if names.is_empty() {
        issue(home, &key, &load(home)?.names, now)
    } else {
        issue(home, &key, names, now)
    }
}

fn key_pair(home: &Home) -> Result<KeyPair, HomeError> {
    let text = zeroize::Zeroizing::new(read_text(&home.tls(KEY))?);
    KeyPair::from_pem(&text).map_err(|e| unfit(home, KEY, e))
}

fn issue(home: &Home, key: &KeyPair, names: &[String], now: Timestamp) -> Result<(), HomeError> {
    let failed = |e: rcgen::Error| unfit(home, CERTIFICATE, e);
    let mut params = CertificateParams::new(names).map_err(failed)?;
    // A day early, for clients whose clocks are behind.
    let (year, month, day) = ymd(now.plus_millis(-DAY_MS));
    params.not_before = rcgen::date_time_ymd(year, month, day);
    let (year, month, day) = ymd(now.plus_millis(LASTS_DAYS.saturating_mul(DAY_MS)));
    params.not_after = rcgen::date_time_ymd(year, month, day);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if let Some(SanType::DnsName(name)) = params.subject_alt_names.first() {
        let name = name.to_string();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
    }
    let made = params.self_signed(key).map_err(failed)?;
    replace_private(&home.tls(CERTIFICATE), made.pem().as_bytes())
}

/// Year, month and day of an instant, as rcgen takes them.
fn ymd(at: Timestamp) -> (i32, u8, u8) {
    let day = at.day();
    let mut parts = day.split('-');
    let mut next = || parts.next().unwrap_or_default();
    let (year, month, day) = (next(), next(), next());
    (year.parse().unwrap_or(1), month.parse().unwrap_or(1), day.parse().unwrap_or(1))
}

/// Reads certificate and key.
///
/// # Errors
/// When they cannot be read, or do not belong together.
pub fn load(home: &Home) -> Result<Certificate, HomeError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(home.tls(CERTIFICATE))
        .and_then(Iterator::collect)
        .map_err(|e| unfit(home, CERTIFICATE, e))?;
    of_chain(home, chain)
}

/// The first certificate of a chain, with the key of the home.
fn of_chain(home: &Home, chain: Vec<CertificateDer<'static>>) -> Result<Certificate, HomeError> {
    let first = chain.first().ok_or_else(|| unfit(home, CERTIFICATE, "holds no certificate"))?;
    let (_, parsed) = X509Certificate::from_der(first).map_err(|e| unfit(home, CERTIFICATE, e))?;
    let not_after = instant(parsed.validity().not_after);
    let names = parsed.subject_alternative_name().ok().flatten();
    let names = names.map(|names| names.value.general_names.iter().filter_map(named).collect());
    let (self_signed, pin) =
        (parsed.issuer() == parsed.subject(), Digest::of(parsed.public_key().raw));
    let key = PrivateKeyDer::from_pem_file(home.tls(KEY)).map_err(|e| unfit(home, KEY, e))?;
    let key = sign::any_supported_type(&key).map_err(|e| unfit(home, KEY, e))?;
    let key = CertifiedKey::new(chain.clone(), key);
    key.keys_match().map_err(|_| {
        unfit(home, KEY, format!("is not the key of `{}`", home.tls(CERTIFICATE).display()))
    })?;
    Ok(Certificate {
        key: Arc::new(key),
        not_after,
        names: names.unwrap_or_default(),
        self_signed,
        pin,
    })
}

fn instant(at: ASN1Time) -> Timestamp {
    Timestamp::from_millis(at.timestamp().saturating_mul(1_000)).unwrap_or(Timestamp::MAX)
}

fn named(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            let v6 = <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from);
            v4.or(v6).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// Whether a name of a certificate is that of `host`: itself, or with a star in the place of its first
/// part.
fn is(name: &str, host: &str) -> bool {
    let below = name.strip_prefix("*.").zip(host.split_once('.'));
    name.eq_ignore_ascii_case(host)
        || below.is_some_and(|(name, (_, host))| name.eq_ignore_ascii_case(host))
}

impl Certificate {
    /// Whether it is for `host`.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        self.names.iter().any(|name| is(name, host))
    }

    /// Whole days from `now` to its end; negative once it has ended.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> i64 {
        self.not_after.millis().saturating_sub(now.millis()).div_euclid(DAY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_part() {
        for (name, host, fits) in [
            ("alpr.example.org", "alpr.example.org", true),
            ("ALPR.example.org", "alpr.example.org", true),
            ("*.example.org", "alpr.example.org", true),
            ("*.example.org", "a.alpr.example.org", false),
            ("*.example.org", "example.org", false),
            ("*", "localhost", false),
            ("alpr.example.org", "other.example.org", false),
        ] {
            assert_eq!(is(name, host), fits, "{name} for {host}");
        }
    }
}
