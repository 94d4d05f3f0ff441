//! Handshakes: with the stock upgrade, with other ciphers, and with certificates that prove nothing.

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::identity::Keypair;
use rustls::CipherSuite;
use rustls::pki_types::PrivateKeyDer;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

use super::*;

type Pipe = Compat<tokio::io::DuplexStream>;

fn pipe() -> (Pipe, Pipe) {
    let (a, b) = tokio::io::duplex(65_536);
    (a.compat(), b.compat())
}

/// A handshake between two upgrades, with a word in each direction; who each saw.
async fn shake<I, O, S, T>(inbound: I, outbound: O) -> Result<(PeerId, PeerId), String>
where
    I: InboundConnectionUpgrade<Pipe, Output = (PeerId, S)> + UpgradeInfo<Info = &'static str>,
    O: OutboundConnectionUpgrade<Pipe, Output = (PeerId, T)> + UpgradeInfo<Info = &'static str>,
    I::Error: std::fmt::Display,
    O::Error: std::fmt::Display,
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let (a, b) = pipe();
    let name = "/tls/1.0.0";
    let (a, b) =
        futures::join!(inbound.upgrade_inbound(a, name), outbound.upgrade_outbound(b, name));
    let (dialler, mut a) = a.map_err(|e| e.to_string())?;
    let (listener, mut b) = b.map_err(|e| e.to_string())?;
    let mut heard = [0; 5];
    b.write_all(b"plate").await.map_err(|e| e.to_string())?;
    b.flush().await.map_err(|e| e.to_string())?;
    a.read_exact(&mut heard).await.map_err(|e| e.to_string())?;
    assert_eq!(&heard, b"plate");
    Ok((dialler, listener))
}

#[tokio::test]
async fn both_sides_prove_their_keys_also_to_the_stock_upgrade() {
    let (one, other) = (Keypair::generate_ed25519(), Keypair::generate_ed25519());
    let ids = (other.public().to_peer_id(), one.public().to_peer_id());
    let ours = |key: &Keypair| Tls::new(key, Offer::Aes).unwrap();
    let stock = |key: &Keypair| libp2p_tls::Config::new(key).unwrap();
    assert_eq!(shake(ours(&one), ours(&other)).await.unwrap(), ids);
    assert_eq!(shake(ours(&one), stock(&other)).await.unwrap(), ids);
    assert_eq!(shake(stock(&one), ours(&other)).await.unwrap(), ids);
}

#[tokio::test]
async fn nothing_but_aes_256_is_negotiated() {
    let (one, other) = (Keypair::generate_ed25519(), Keypair::generate_ed25519());
    let (server, client) =
        (Tls::new(&one, Offer::Aes).unwrap(), Tls::new(&other, Offer::Aes).unwrap());
    let (a, b) = pipe();
    let nobody = ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into());
    let (a, _b) = futures::join!(
        TlsAcceptor::from(server.0.load().server.clone()).accept(a),
        TlsConnector::from(client.0.load().client.clone()).connect(nobody.clone(), b)
    );
    let suite = a.unwrap().get_ref().1.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(suite, CipherSuite::TLS13_AES_256_GCM_SHA384);

    // A peer that speaks only ChaCha20 is not spoken to.
    let provider = CryptoProvider {
        cipher_suites: vec![cipher_suite::TLS13_CHACHA20_POLY1305_SHA256],
        ..default_provider()
    };
    let other_only = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Libp2pProof))
        .with_no_client_auth();
    let (a, b) = pipe();
    let (a, b) = futures::join!(
        TlsAcceptor::from(server.0.load().server.clone()).accept(a),
        TlsConnector::from(Arc::new(other_only)).connect(nobody, b)
    );
    assert!(a.is_err() && b.is_err());
}

/// A chain that `key` is to speak for, shown by either side of a handshake to a good other; what the
/// good one says.
async fn shown(chain: &[CertificateDer<'static>], key: &PrivateKeyDer<'static>) -> [String; 2] {
    let key = CertifiedKey::new(chain.to_vec(), sign::any_ecdsa_type(key).unwrap());
    let resolver = Arc::new(SingleCertAndKey::from(key));
    let good = Tls::new(&Keypair::generate_ed25519(), Offer::Aes).unwrap();
    let good = good.0.load();
    let (mut server, mut client) =
        (ServerConfig::clone(&good.server), ClientConfig::clone(&good.client));
    server.cert_resolver = resolver.clone();
    client.client_auth_cert_resolver = resolver;
    let nobody = || ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into());
    let (a, b) = pipe();
    let (by_server, _) = futures::join!(
        TlsAcceptor::from(good.server.clone()).accept(a),
        TlsConnector::from(Arc::new(client)).connect(nobody(), b)
    );
    let (a, b) = pipe();
    let (_, by_client) = futures::join!(
        TlsAcceptor::from(Arc::new(server)).accept(a),
        TlsConnector::from(good.client.clone()).connect(nobody(), b)
    );
    let said = |ended: Option<std::io::Error>| ended.map_or("taken".into(), |e| e.to_string());
    [said(by_server.err()), said(by_client.err())]
}

#[tokio::test]
async fn a_certificate_is_taken_from_whoever_has_its_key_alone_and_by_itself() {
    let identity = Keypair::generate_ed25519();
    let (good, key) = certificate::make(&identity).unwrap();
    let (more, another) = certificate::make(&identity).unwrap();
    let made = rcgen::KeyPair::generate().unwrap();
    let plain = rcgen::CertificateParams::default().self_signed(&made).unwrap().into();
    let plain_key = PrivateKeyDer::from(made);
    assert_eq!(shown(std::slice::from_ref(&good), &key).await, ["taken", "taken"]);
    for (what, chain, key, why) in [
        ("another's certificate", vec![good.clone()], &another, "BadSignature"),
        ("two certificates", vec![good, more], &key, "exactly one is expected"),
        ("one without a libp2p key", vec![plain], &plain_key, "it holds no libp2p key"),
    ] {
        for said in shown(&chain, key).await {
            assert!(said.contains(why), "{what}: {said}");
        }
    }
}

#[test]
fn dates_count_on_either_side() {
    let (shown, _) = certificate::make(&Keypair::generate_ed25519()).unwrap();
    let at = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let (now, before) = (at(1_780_000_000), at(100_000_000));
    let nobody = ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into());
    assert!(Libp2pProof.verify_server_cert(&shown, &[], &nobody, &[], now).is_ok());
    assert!(Libp2pProof.verify_client_cert(&shown, &[], now).is_ok());
    let server = Libp2pProof.verify_server_cert(&shown, &[], &nobody, &[], before).unwrap_err();
    let client = Libp2pProof.verify_client_cert(&shown, &[], before).unwrap_err();
    for said in [server, client] {
        assert!(said.to_string().contains("not valid at this time"), "{said}");
    }
}

#[test]
fn a_key_exchange_that_lasts_is_preferred() {
    let tls = Tls::new(&Keypair::generate_ed25519(), Offer::Aes).unwrap();
    let proving = tls.0.load();
    for provider in [proving.server.crypto_provider(), proving.client.crypto_provider()] {
        let first = provider.kx_groups[0].name();
        assert_eq!(first, rustls::NamedGroup::X25519MLKEM768);
    }
}
