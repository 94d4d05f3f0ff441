//! Secrets that are made here: of sessions, and of one-time enrolments.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemas::digest::Digest;
use zeroize::Zeroizing;

/// The system gives no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

/// Random bytes of the operating system.
///
/// # Errors
/// When it gives none.
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// The secret of a session: 256 random bits (CJISSECPOL, IA-5 o(1) asks for 64). It is not printed
/// by accident.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new() -> Result<Self, NoRandomness> {
        let bytes = random::<32>()?;
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))))
    }

    /// One that somebody shows.
    #[must_use]
    pub fn shown(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// Its text, for who is given it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its text, once it is shown to who is given it and kept nowhere.
    #[must_use]
    pub fn into_text(self) -> Zeroizing<String> {
        self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

/// Letters and digits that are not taken for one another (Crockford's).
pub(crate) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// `N` characters of [`ALPHABET`], five random bits each, in groups of `group`.
pub(crate) fn characters<const N: usize>(group: usize) -> Result<Zeroizing<String>, NoRandomness> {
    let bytes = random::<N>()?;
    let mut text = Zeroizing::new(String::with_capacity(N * 2));
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place.is_multiple_of(group) {
            text.push('-');
        }
        let letter = ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'0');
        text.push(char::from(letter));
    }
    Ok(text)
}

/// What somebody typed, as it was printed: small letters, hyphens and spaces do not matter, and what
/// is easily taken for another character is that one.
pub(crate) fn as_printed(typed: &str) -> Zeroizing<String> {
    let letter = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let typed = typed.chars().filter(|c| !matches!(c, '-' | ' ')).take(64);
    Zeroizing::new(typed.map(letter).collect())
}

/// A new code for a one-time enrolment: 120 random bits.
///
/// # Errors
/// When the system gives no random numbers.
pub fn enrolment_code() -> Result<Zeroizing<String>, NoRandomness> {
    characters::<24>(6)
}

/// A new code that a terminal shows: 40 random bits, for ten minutes.
///
/// # Errors
/// When the system gives no random numbers.
pub fn terminal_code() -> Result<Zeroizing<String>, NoRandomness> {
    characters::<8>(4)
}

/// A terminal's code as it was shown, however it was typed.
#[must_use]
pub fn terminal_code_as_printed(typed: &str) -> Zeroizing<String> {
    as_printed(typed)
}

/// What is kept of an enrolment's code, however it was typed.
#[must_use]
pub fn enrolment_digest(typed: &str) -> Digest {
    Digest::of(as_printed(typed).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        let code = enrolment_code().unwrap();
        assert_eq!(code.len(), 27);
        let typed = code.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(enrolment_digest(&code), enrolment_digest(&typed));
        assert_ne!(enrolment_digest(&code), enrolment_digest(&enrolment_code().unwrap()));
    }

    #[test]
    fn a_token_is_long_and_does_not_print() {
        let token = Token::new().unwrap();
        assert_eq!(token.expose().len(), 43);
        assert!(!format!("{token:?}").contains(token.expose()));
        assert_eq!(Token::shown(token.expose()).digest(), token.digest());
    }
}
