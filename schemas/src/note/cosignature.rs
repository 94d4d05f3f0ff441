//! Cosignatures of type 04: who saw a checkpoint says when (C2SP tlog-cosignature, "Ed25519").
//!
//! The signature does not cover the cosigner's name, so one key serves one cosigner.

use crate::key::PublicKey;
use crate::time::Timestamp;

/// What is signed.
pub(super) fn message(text: &str, seconds: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

/// The time of a cosignature over a checkpoint's text, if it holds. One dated past the year 9999
/// does not.
pub(super) fn verify(key: &PublicKey, text: &str, signature: &[u8]) -> Option<Timestamp> {
    let (seconds, signature) = signature.split_first_chunk::<8>()?;
    let seconds = u64::from_be_bytes(*seconds);
    let at = i64::try_from(seconds).ok()?.checked_mul(1_000).and_then(Timestamp::from_millis)?;
    key.verifies(&message(text, seconds), signature.try_into().ok()?).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    #[test]
    fn a_time_that_cannot_be_told_does_not_verify() {
        let key = SecretKey::from_seed(&[2; 32]);
        let signed_at = |seconds: u64| {
            let signature = key.sign(&message("text\n", seconds));
            let line = [&seconds.to_be_bytes()[..], &signature].concat();
            verify(&key.public(), "text\n", &line)
        };
        let last = u64::try_from(Timestamp::MAX.millis() / 1_000).unwrap();
        assert_eq!(signed_at(0), Timestamp::from_millis(0));
        assert_eq!(signed_at(last), Some(Timestamp::MAX));
        for seconds in [last + 1, i64::MAX as u64 / 1_000 + 1, i64::MAX as u64, u64::MAX] {
            assert_eq!(signed_at(seconds), None, "{seconds}");
        }
    }
}
