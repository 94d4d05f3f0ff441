//! One-time codes by the clock (RFC 6238): six digits, a step of 30 seconds, a secret of 160 bits.
//! CJISSECPOL, IA-5(1)(d): at least six digits, at most two minutes, 112 bits, accepted once.

use schemas::time::Timestamp;
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::token::{NoRandomness, random};

const STEP_SECONDS: u64 = 30;
/// Steps before and after the present one that are taken: clocks differ.
const SKEW: u16 = 1;
/// Bytes of a secret.
const SECRET: usize = 20;

/// The secret that an application and the node share.
#[derive(Clone)]
pub struct CodeSecret(Zeroizing<[u8; SECRET]>);

impl std::fmt::Debug for CodeSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeSecret(…)")
    }
}

fn seconds(at: Timestamp) -> u64 {
    at.millis().max(0).unsigned_abs() / 1_000
}

impl CodeSecret {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new() -> Result<Self, NoRandomness> {
        Ok(Self(random()?))
    }

    /// From its bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// From the letters that people copy into an application.
    #[must_use]
    pub fn from_letters(letters: &str) -> Option<Self> {
        let letters: Zeroizing<String> =
            Zeroizing::new(letters.chars().filter(|c| *c != ' ').take(64).collect());
        let secret = Secret::try_from_base32(letters.to_ascii_uppercase()).ok()?;
        Self::from_bytes(secret.as_bytes())
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The letters that people copy into an application.
    #[must_use]
    pub fn letters(&self) -> Zeroizing<String> {
        Zeroizing::new(Secret::new(Box::from(self.bytes())).to_base32())
    }

    /// The address that an application takes as a picture: `otpauth://totp/…`.
    #[must_use]
    pub fn address(&self, agency: &str, user: &str) -> Zeroizing<String> {
        let user = user.replace('@', "%40");
        Zeroizing::new(format!(
            "otpauth://totp/Accord%20{agency}:{user}?secret={}&issuer=Accord%20{agency}",
            self.letters().as_str()
        ))
    }

    fn totp(&self) -> Totp {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(SKEW)
            .with_step_duration(STEP_SECONDS)
            .with_secret(Secret::new(Box::from(self.bytes())))
            .build_noncompliant()
    }

    /// The code of a step, counted from 1970.
    #[must_use]
    pub fn code(&self, step: u64) -> String {
        self.totp().generate(step.saturating_mul(STEP_SECONDS)).to_string()
    }

    /// The step that `at` is in.
    #[must_use]
    pub fn step_at(at: Timestamp) -> u64 {
        seconds(at) / STEP_SECONDS
    }

    /// The step whose code `typed` is, if it is taken at `now`: of a step after `last`, so that no
    /// code is taken twice, nor one that was overtaken.
    #[must_use]
    pub fn taken(&self, typed: &str, last: Option<u64>, now: Timestamp) -> Option<u64> {
        let typed: String = typed.chars().filter(|c| *c != ' ').take(8).collect();
        let step = self.totp().check(&typed, seconds(now))?;
        last.is_none_or(|last| step > last).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B: the last six of its eight digits.
        let secret = CodeSecret::from_bytes(b"12345678901234567890").unwrap();
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
        {
            assert_eq!(secret.code(CodeSecret::step_at(at(seconds))), code);
        }
        assert_eq!(secret.letters().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let again = CodeSecret::from_letters("gezd gnbv gy3t qojq gezd gnbv gy3t qojq").unwrap();
        assert_eq!(again.bytes(), secret.bytes());
    }

    #[test]
    fn a_code_is_taken_once_within_a_step_of_its_time() {
        let secret = CodeSecret::new().unwrap();
        let now = at(1_700_000_000);
        let step = CodeSecret::step_at(now);
        let code = |step| secret.code(step);
        assert_eq!(secret.taken(&code(step), None, now), Some(step));
        assert_eq!(secret.taken(&code(step), Some(step), now), None, "the same again");
        assert_eq!(secret.taken(&code(step + 1), Some(step), now), Some(step + 1));
        assert_eq!(secret.taken(&code(step), Some(step + 1), now), None, "an earlier one");
        assert_eq!(secret.taken(&code(step - 2), None, now), None);
        assert_eq!(secret.taken(&code(step + 2), None, now), None);
        for bad in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(secret.taken(bad, None, now), None, "{bad}");
        }
    }
}
