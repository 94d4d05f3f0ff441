//! What a certificate must be, case by case, each one way off from a good one.

use std::time::Duration;

use rcgen::{Issuer, PublicKeyData as _, SignatureAlgorithm};

use super::*;

fn key_of(algorithm: &'static SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).unwrap()
}

fn p256() -> KeyPair {
    key_of(&rcgen::PKCS_ECDSA_P256_SHA256)
}

/// What may be off: the certificate's own key and its extensions.
struct Draft {
    identity: Keypair,
    key: KeyPair,
    params: CertificateParams,
}

impl Draft {
    /// As [`make`] makes it, with another kind of key.
    fn with(key: KeyPair) -> Self {
        let identity = Keypair::generate_ed25519();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.custom_extensions.push(extension(&identity, &key).unwrap());
        Self { identity, key, params }
    }

    fn new() -> Self {
        Self::with(p256())
    }

    /// With this in place of what the extension holds.
    fn holding(mut self, content: Vec<u8>) -> Self {
        self.params.custom_extensions =
            vec![CustomExtension::from_oid_content(&EXTENSION, content)];
        self
    }

    /// With an extension more.
    fn and(mut self, oid: &[u64], critical: bool) -> Self {
        let mut more = CustomExtension::from_oid_content(oid, vec![5, 0]);
        more.set_criticality(critical);
        self.params.custom_extensions.push(more);
        self
    }

    fn signature_over(&self, what: &[u8]) -> Vec<u8> {
        self.identity.sign(what).unwrap()
    }

    fn public_key(&self) -> Vec<u8> {
        self.identity.public().encode_protobuf()
    }

    fn signed(self) -> CertificateDer<'static> {
        self.params.self_signed(&self.key).unwrap().into()
    }
}

/// The key and the signature that the extension of a draft is to hold.
type Content<'a> = &'a dyn Fn(&Draft) -> (Vec<u8>, Vec<u8>);

/// Where `part` stands in `whole` for the last time.
fn last(whole: &[u8], part: &[u8]) -> usize {
    whole.windows(part.len()).rposition(|window| window == part).unwrap()
}

#[test]
fn a_certificate_that_is_made_proves_its_identity_and_has_a_key_of_its_own() {
    let identity = Keypair::generate_ed25519();
    let (one, _) = make(&identity).unwrap();
    let (other, _) = make(&identity).unwrap();
    let (first, second) = (check(&one).unwrap(), check(&other).unwrap());
    assert_eq!(first.peer(), identity.public().to_peer_id());
    assert_eq!(second.peer(), identity.public().to_peer_id());
    assert_ne!(first.key().as_ref(), second.key().as_ref());
    assert!(first.is_valid_at(UnixTime::now()));
}

#[test]
fn the_stock_implementation_takes_what_is_made_and_its_own_are_taken() {
    let identity = Keypair::generate_ed25519();
    let (ours, _) = make(&identity).unwrap();
    let read = libp2p_tls::certificate::parse(&ours).unwrap();
    assert_eq!(read.peer_id(), identity.public().to_peer_id());
    let (stock, _) = libp2p_tls::certificate::generate(&identity).unwrap();
    let proof = check(&stock).unwrap();
    assert_eq!(proof.peer(), identity.public().to_peer_id());
    assert!(proof.is_valid_at(UnixTime::now()));
}

#[test]
fn good_ones_are_taken() {
    let mut plain = Draft::new();
    plain.params.custom_extensions[0].set_criticality(false);
    for (what, draft) in [
        ("P-256", Draft::new()),
        ("P-384", Draft::with(key_of(&rcgen::PKCS_ECDSA_P384_SHA384))),
        ("Ed25519", Draft::with(key_of(&rcgen::PKCS_ED25519))),
        ("an extension that need not be understood", Draft::new().and(&[1, 2, 3, 4], false)),
        ("a libp2p extension that is not critical", plain),
    ] {
        let peer = draft.identity.public().to_peer_id();
        assert_eq!(check(&draft.signed()).map(|proof| proof.peer()), Ok(peer), "{what}");
    }
}

#[test]
fn malformed_ones_are_refused() {
    let good = Draft::new().signed();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut der = good.to_vec();
        change(&mut der);
        CertificateDer::from(der)
    };
    let ecdsa_sha256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    for (what, certificate) in [
        ("nothing", CertificateDer::from(Vec::new())),
        ("text", CertificateDer::from(b"certificate".to_vec())),
        ("cut short", with(&|der| der.truncate(der.len() - 1))),
        ("bytes after it", with(&|der| der.push(0))),
        ("twice", with(&|der| der.extend_from_within(..))),
        // The outer name of the algorithm becomes that of ECDSA with SHA-384.
        (
            "two names for its signature",
            with(&|der| {
                let at = last(der, &ecdsa_sha256);
                der[at + 7] = 3;
            }),
        ),
    ] {
        assert_eq!(check(&certificate).err(), Some(Unproven::Malformed), "{what}");
    }
}

#[test]
fn whoever_holds_no_single_libp2p_key_is_refused() {
    let mut without = Draft::new();
    without.params.custom_extensions.clear();
    let mut twice = Draft::new();
    let same = twice.params.custom_extensions[0].clone();
    twice.params.custom_extensions.push(same);
    let elsewhere = [1, 3, 6, 1, 4, 1, 53594, 1, 2];
    let mut other_oid = Draft::new();
    let content = other_oid.params.custom_extensions[0].content().to_vec();
    other_oid.params.custom_extensions =
        vec![CustomExtension::from_oid_content(&elsewhere, content.clone())];
    let holding = |content: &[u8]| Draft::new().holding(content.to_vec());
    let no_protobuf = signed_key(b"no key", &[0; 64]).unwrap();
    // Key type 3, ECDSA, which no node has; and Ed25519 with a key that is too short.
    let other_kind = signed_key(&[8, 3, 18, 2, 1, 2], &[0; 64]).unwrap();
    let short = signed_key(&[8, 1, 18, 2, 1, 2], &[0; 64]).unwrap();
    let no_signature = Sequence::new(OctetString::new(&content).to_der_vec().unwrap().into());
    for (what, draft) in [
        ("no extension", without),
        ("two", twice),
        ("under another name", other_oid),
        ("an empty one", holding(&[])),
        ("no DER", holding(b"key")),
        ("bytes after it", holding(&[content.as_slice(), &[5, 0]].concat())),
        ("a key without a signature", holding(&no_signature.to_der_vec().unwrap())),
        ("a key that is no protobuf", holding(&no_protobuf)),
        ("a key of another kind", holding(&other_kind)),
        ("a key that is too short", holding(&short)),
    ] {
        assert_eq!(check(&draft.signed()).err(), Some(Unproven::Extension), "{what}");
    }
}

#[test]
fn an_extension_that_must_be_understood_and_is_not_is_refused() {
    let mut authority = Draft::new();
    authority.params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    for (what, draft) in [
        ("an unknown one", Draft::new().and(&[1, 2, 3, 4], true)),
        ("that of an authority", authority),
    ] {
        assert_eq!(check(&draft.signed()).err(), Some(Unproven::Critical), "{what}");
    }
}

#[test]
fn other_kinds_of_keys_are_refused() {
    for (what, algorithm) in [
        ("RSA", &rcgen::PKCS_RSA_SHA256),
        ("P-521", &rcgen::PKCS_ECDSA_P521_SHA512),
        ("P-521 with SHA-256", &rcgen::PKCS_ECDSA_P521_SHA256),
    ] {
        let certificate = Draft::with(key_of(algorithm)).signed();
        assert_eq!(check(&certificate).err(), Some(Unproven::Algorithm), "{what}");
    }
}

#[test]
fn whoever_does_not_sign_with_the_certificates_own_key_is_refused() {
    let issued = Draft::new();
    let issuer = Issuer::new(CertificateParams::default(), p256());
    let issued = CertificateDer::from(issued.params.signed_by(&issued.key, &issuer).unwrap());
    // A byte of what is signed is another one: the month in which it begins to be valid.
    let mut altered = Draft::new().signed().to_vec();
    let at = last(&altered, b"750101000000Z");
    altered[at + 3] = b'2';
    for (what, certificate) in
        [("another's signature", issued), ("altered since", CertificateDer::from(altered))]
    {
        assert_eq!(check(&certificate).err(), Some(Unproven::SelfSignature), "{what}");
    }
}

#[test]
fn whoever_lacks_the_libp2p_keys_signature_over_this_certificate_is_refused() {
    let holding = |content: Content<'_>| {
        let draft = Draft::new();
        let (public_key, signature) = content(&draft);
        draft.holding(signed_key(&public_key, &signature).unwrap())
    };
    let own = |draft: &Draft| signed(&draft.key.subject_public_key_info());
    let stranger = Keypair::generate_ed25519();
    for (what, draft) in [
        (
            "the key of another",
            holding(&|draft| {
                (stranger.public().encode_protobuf(), draft.signature_over(&own(draft)))
            }),
        ),
        (
            "a signature over another certificate's key",
            holding(&|draft| {
                let other = signed(&p256().subject_public_key_info());
                (draft.public_key(), draft.signature_over(&other))
            }),
        ),
        (
            "a signature without the prefix",
            holding(&|draft| {
                let key = draft.key.subject_public_key_info();
                (draft.public_key(), draft.signature_over(&key))
            }),
        ),
        (
            "a signature over the bare key",
            holding(&|draft| {
                let bare = signed(draft.key.der_bytes());
                (draft.public_key(), draft.signature_over(&bare))
            }),
        ),
        ("an empty signature", holding(&|draft| (draft.public_key(), Vec::new()))),
    ] {
        assert_eq!(check(&draft.signed()).err(), Some(Unproven::HostSignature), "{what}");
    }
}

#[test]
fn dates_count() {
    let mut draft = Draft::new();
    draft.params.not_before = rcgen::date_time_ymd(2026, 3, 1);
    draft.params.not_after = rcgen::date_time_ymd(2026, 4, 1);
    let certificate = draft.signed();
    let proof = check(&certificate).unwrap();
    let begins = 1_772_323_200;
    let ends = 1_775_001_600;
    for (seconds, valid) in
        [(begins - 1, false), (begins, true), (ends, true), (ends + 1, false), (u64::MAX, false)]
    {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        assert_eq!(proof.is_valid_at(at), valid, "{seconds}");
    }
}
