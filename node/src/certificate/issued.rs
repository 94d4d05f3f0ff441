//! A certificate of the agency's authority: what it is asked for, and what comes back. The key never
//! leaves the home, and stays the one that clients pin.

use rcgen::CertificateParams;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use schemas::time::Timestamp;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{CERTIFICATE, Certificate, KEY, instant, key_pair, load, of_chain, unfit};
use host::home::{Home, HomeError, replace_private};

/// Why what came back is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotInstalled {
    /// It is none.
    #[error(
        "it holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`): {0}; of a PKCS #7 file `openssl pkcs7 -print_certs` makes one"
    )]
    NoPem(String),
    /// It is for another key.
    #[error(
        "it is not for the key of this home, so another request was signed, or the key was exchanged since: make a request with `accord certificate request`, and have that one signed"
    )]
    OtherKey,
    /// It is signed by itself alone.
    #[error(
        "it vouches for itself alone, so nobody trusts it: the authority sends one that it has signed"
    )]
    SelfSigned,
    /// It is not valid now.
    #[error(
        "it is valid from {from} to {until}, and it is {now}: see the clock, or ask for a new one"
    )]
    Dates {
        /// From when.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// It is not for the name that browsers know this node by.
    #[error(
        "it is for {names}, and pages are reached at `{host}`: ask for one for that name with `accord certificate request --name {host}`"
    )]
    OtherName {
        /// For which it is.
        names: String,
        /// The host of `origin`.
        host: String,
    },
    /// One does not lead to the next.
    #[error(
        "its certificates are not a chain: number {0} is not signed by the one after it; put the node's first, then each with the one that signed it"
    )]
    NoChain(usize),
    /// The home does not take it.
    #[error(transparent)]
    Home(#[from] HomeError),
}

/// A request to an authority, as PEM (PKCS #10), for the key that is there and these names.
///
/// # Errors
/// When the key cannot be read, or a name is none.
pub fn request(home: &Home, names: &[String]) -> Result<String, HomeError> {
    let key = key_pair(home)?;
    let failed = |e: rcgen::Error| unfit(home, CERTIFICATE, e);
    let mut params = CertificateParams::new(names).map_err(failed)?;
    if let Some(name) = names.first() {
        params.distinguished_name.push(rcgen::DnType::CommonName, name.as_str());
    }
    params.serialize_request(&key).and_then(|request| request.pem()).map_err(failed)
}

/// Takes what an authority signed, the node's own certificate first, for pages at `host`.
///
/// # Errors
/// When it does not fit this home; then what was there stays.
pub fn install(
    home: &Home,
    pem: &[u8],
    host: Option<&str>,
    now: Timestamp,
) -> Result<Certificate, NotInstalled> {
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|e| NotInstalled::NoPem(e.to_string()))?;
    let parsed: Result<Vec<X509Certificate<'_>>, _> =
        chain.iter().map(|one| X509Certificate::from_der(one).map(|(_, parsed)| parsed)).collect();
    let parsed = parsed.map_err(|e| NotInstalled::NoPem(e.to_string()))?;
    let first = parsed.first().ok_or_else(|| NotInstalled::NoPem("it is empty".into()))?;
    if first.issuer() == first.subject() {
        return Err(NotInstalled::SelfSigned);
    }
    for (number, (one, by)) in (1..).zip(parsed.iter().zip(parsed.iter().skip(1))) {
        if one.verify_signature(Some(by.public_key())).is_err() {
            return Err(NotInstalled::NoChain(number));
        }
    }
    let (from, until) = (instant(first.validity().not_before), instant(first.validity().not_after));
    if now < from || until <= now {
        return Err(NotInstalled::Dates { from, until, now });
    }
    let certificate = match of_chain(home, chain.clone()) {
        Err(HomeError::Content { path, .. }) if path == home.tls(KEY) => {
            return Err(NotInstalled::OtherKey);
        }
        certificate => certificate?,
    };
    if let Some(host) = host.filter(|host| !certificate.is_for(host)) {
        let (names, host) = (certificate.names.join(", "), host.to_owned());
        return Err(NotInstalled::OtherName { names, host });
    }
    replace_private(&home.tls(CERTIFICATE), pem)?;
    Ok(load(home)?)
}
