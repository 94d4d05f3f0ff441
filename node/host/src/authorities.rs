//! The certificate authorities by which servers that this node calls are known.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Those of a PEM file alone, or those that the machine trusts.
///
/// # Errors
/// When the file cannot be read, or holds none; the sentence says so without naming the file.
pub fn authorities(file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            for certificate in CertificateDer::pem_file_iter(file).map_err(|e| e.to_string())? {
                let certificate = certificate.map_err(|e| e.to_string())?;
                roots.add(certificate).map_err(|e| e.to_string())?;
            }
            if roots.is_empty() {
                return Err("holds no certificate; expected PEM".into());
            }
        }
        None => {
            // One that cannot be read is one less to trust.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}
