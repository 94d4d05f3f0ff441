//! The certificate by which a connection proves a libp2p key: made for one's own, checked for a
//! peer's, as the libp2p TLS specification says.
//!
//! The certificate has a key of its own and is signed with it. An extension holds the libp2p key and
//! that key's signature over the certificate's key, so whoever completes a handshake with the
//! certificate speaks for the libp2p key.

use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer, UnixTime};
use x509_parser::asn1_rs::{FromDer as _, OctetString, Sequence, SerializeResult, ToDer as _};
use x509_parser::certificate::{Validity, X509Certificate};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_SIG_ECDSA_WITH_SHA256,
    OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ED25519, Oid,
};
use x509_parser::time::ASN1Time;

/// The extension that holds the libp2p key.
const EXTENSION: [u64; 9] = [1, 3, 6, 1, 4, 1, 53594, 1, 1];
/// What the libp2p key signs, followed by the certificate's public key in DER.
const SIGNED: &[u8] = b"libp2p-tls-handshake:";

/// Why a certificate of one's own could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum MakeError {
    /// The certificate's own key, or its signature.
    #[error(transparent)]
    Certificate(#[from] rcgen::Error),
    /// The libp2p key does not sign.
    #[error(transparent)]
    Identity(#[from] libp2p::identity::SigningError),
    /// The extension.
    #[error(transparent)]
    Extension(#[from] x509_parser::asn1_rs::SerializeError),
}

/// Why a certificate proves no libp2p key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unproven {
    /// No certificate, or more bytes than one.
    #[error("it is no X.509 certificate")]
    Malformed,
    /// More than one certificate, or none.
    #[error("exactly one is expected")]
    Count,
    /// It is not valid yet, or no longer.
    #[error("it is not valid at this time")]
    Time,
    /// An extension that must be understood is not.
    #[error("it has a critical extension that is not known here")]
    Critical,
    /// The libp2p extension is missing, there twice, or not what it must hold.
    #[error("it holds no libp2p key, or no single one")]
    Extension,
    /// Its key or its signature is of a kind that is not taken.
    #[error("its key is neither ECDSA on P-256 or P-384 nor Ed25519")]
    Algorithm,
    /// It is not signed with its own key.
    #[error("it is not signed with its own key")]
    SelfSignature,
    /// The libp2p key has not signed the certificate's key.
    #[error("the libp2p key has not signed its key")]
    HostSignature,
}

/// What a checked certificate proves.
#[derive(Debug)]
pub(super) struct Proof<'a> {
    peer: PeerId,
    key: &'a [u8],
    validity: Validity,
}

/// A certificate that proves `identity`, and its private key. Both are new in every call.
///
/// # Errors
/// When a key or the certificate cannot be made.
pub(super) fn make(
    identity: &Keypair,
) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), MakeError> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    // Who it is stands in the extension; a name would only be something to tell nodes apart by.
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions.push(extension(identity, &key)?);
    let certificate = params.self_signed(&key)?;
    Ok((certificate.into(), key.into()))
}

/// The extension that binds `identity` to the certificate's key.
fn extension(identity: &Keypair, key: &KeyPair) -> Result<CustomExtension, MakeError> {
    let signature = identity.sign(&signed(&rcgen::PublicKeyData::subject_public_key_info(key)))?;
    let content = signed_key(&identity.public().encode_protobuf(), &signature)?;
    let mut extension = CustomExtension::from_oid_content(&EXTENSION, content);
    extension.set_criticality(true);
    Ok(extension)
}

/// What the libp2p key signs: the prefix and the certificate's public key in DER.
fn signed(key: &[u8]) -> Vec<u8> {
    [SIGNED, key].concat()
}

/// `SignedKey ::= SEQUENCE { publicKey OCTET STRING, signature OCTET STRING }`
fn signed_key(public_key: &[u8], signature: &[u8]) -> SerializeResult<Vec<u8>> {
    let parts =
        [OctetString::new(public_key).to_der_vec()?, OctetString::new(signature).to_der_vec()?];
    Sequence::new(parts.concat().into()).to_der_vec()
}

/// Checks the one certificate that a peer shows, but for its dates.
///
/// # Errors
/// With the first reason why it proves nothing.
pub(super) fn check<'a>(certificate: &'a CertificateDer<'_>) -> Result<Proof<'a>, Unproven> {
    let (after, parsed) =
        X509Certificate::from_der(certificate).map_err(|_| Unproven::Malformed)?;
    // What is signed names the algorithm of the signature too, and must not differ.
    if !after.is_empty() || parsed.signature != parsed.signature_algorithm {
        return Err(Unproven::Malformed);
    }
    let host = host(&parsed)?;
    if !is_taken(&parsed) {
        return Err(Unproven::Algorithm);
    }
    parsed.verify_signature(None).map_err(|_| Unproven::SelfSignature)?;
    let (public_key, signature) = host;
    let key = parsed.tbs_certificate.subject_pki.raw;
    if !public_key.verify(&signed(key), &signature) {
        return Err(Unproven::HostSignature);
    }
    Ok(Proof { peer: public_key.to_peer_id(), key, validity: parsed.validity().clone() })
}

/// The libp2p key that the extension names, and its signature, which is not checked yet.
fn host(certificate: &X509Certificate<'_>) -> Result<(PublicKey, Vec<u8>), Unproven> {
    let oid = Oid::from(&EXTENSION).map_err(|_| Unproven::Extension)?;
    let mut found = None;
    for extension in certificate.extensions() {
        if extension.oid == oid {
            let host = signed_key_of(extension.value).ok_or(Unproven::Extension)?;
            if found.replace(host).is_some() {
                return Err(Unproven::Extension);
            }
        } else if extension.critical {
            return Err(Unproven::Critical);
        }
    }
    found.ok_or(Unproven::Extension)
}

fn signed_key_of(value: &[u8]) -> Option<(PublicKey, Vec<u8>)> {
    let (after, sequence) = Sequence::from_der(value).ok()?;
    let (rest, public_key) = OctetString::from_der(&sequence.content).ok()?;
    let (rest, signature) = OctetString::from_der(rest).ok()?;
    if !after.is_empty() || !rest.is_empty() {
        return None;
    }
    let public_key = PublicKey::try_decode_protobuf(public_key.as_ref()).ok()?;
    Some((public_key, signature.as_ref().to_vec()))
}

/// Whether key and signature are of a kind that is taken: a named curve, with a hash of its own
/// length. RSA, which the specification advises against, is not.
fn is_taken(certificate: &X509Certificate<'_>) -> bool {
    let key = &certificate.public_key().algorithm;
    let signature = &certificate.signature_algorithm.algorithm;
    if key.algorithm == OID_SIG_ED25519 {
        return *signature == OID_SIG_ED25519;
    }
    if key.algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY {
        return false;
    }
    let Some(curve) = key.parameters.as_ref().and_then(|curve| curve.as_oid().ok()) else {
        return false;
    };
    (curve == OID_EC_P256 && *signature == OID_SIG_ECDSA_WITH_SHA256)
        || (curve == OID_NIST_EC_P384 && *signature == OID_SIG_ECDSA_WITH_SHA384)
}

impl Proof<'_> {
    /// The libp2p key, as the id of a peer.
    pub(super) fn peer(&self) -> PeerId {
        self.peer
    }

    /// The certificate's own key, with which the peer signs the handshake.
    pub(super) fn key(&self) -> SubjectPublicKeyInfoDer<'_> {
        SubjectPublicKeyInfoDer::from(self.key)
    }

    /// Whether the certificate is valid at `now`.
    pub(super) fn is_valid_at(&self, now: UnixTime) -> bool {
        let now = i64::try_from(now.as_secs()).ok();
        let now = now.and_then(|seconds| ASN1Time::from_timestamp(seconds).ok());
        now.is_some_and(|now| self.validity.is_valid_at(now))
    }
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
