//! How the texts of an entry stand in the database: in fewer bytes, and back to exactly those that were
//! hashed and signed.
//!
//! Two steps, each undone exactly. First digits become the bytes that they stand for (`digits`): most
//! of an envelope is base64, most of a header hexadecimal. Then LZ4 leaves out what came before, in the
//! same entry or in the words that every entry has (`words`): a body repeats what its envelopes say.
//! Nothing is written that does not read back as it was, and nothing is read that would become longer
//! than anything that is written.

mod digits;
mod words;

use schemas::entry::SALT;

use super::StoreError;
use words::WORDS;

/// Longest text that is packed: larger than an entry with its envelopes, and than the pages of an answer.
const LONGEST: usize = 64 << 20;

/// Salt, body and envelopes of an entry, until they are destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Salt of the body's digest.
    pub salt: Vec<u8>,
    /// The body's exact JSON.
    pub body: String,
    /// The exact envelopes beside it, one a line.
    pub envelopes: Option<String>,
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(format!("a packed text {what}"))
}

/// How a text is packed: the first byte of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As it is.
    Plain = 0,
    /// LZ4 alone.
    Shorter = 1,
    /// Digits as bytes, then LZ4.
    Digits = 2,
}

/// Packs any bytes.
///
/// # Errors
/// When they are longer than anything that is stored.
pub fn pack(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    if bytes.len() > LONGEST {
        return Err(corrupt("would be longer than any"));
    }
    let as_bytes = digits::to_bytes(bytes);
    let (form, middle) = match &as_bytes {
        Some(as_bytes) => (Form::Digits, as_bytes.as_slice()),
        None => (Form::Shorter, bytes),
    };
    let block = lz4_flex::block::compress_with_dict(middle, WORDS);
    let mut packed = vec![form as u8];
    put_number(&mut packed, middle.len());
    packed.extend(block);
    let holds = packed.len() <= bytes.len() && unpack(&packed).is_ok_and(|back| back == bytes);
    if !holds {
        packed.clear();
        packed.push(Form::Plain as u8);
        packed.extend(bytes);
    }
    Ok(packed)
}

/// What was packed.
///
/// # Errors
/// When it is not what [`pack`] gives.
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let (form, rest) = packed.split_first().ok_or_else(|| corrupt("that is empty"))?;
    if *form == Form::Plain as u8 {
        return Ok(rest.to_vec());
    }
    let (length, block) = number(rest).ok_or_else(|| corrupt("without its length"))?;
    // LZ4 makes of one byte at most 255.
    if length > LONGEST || length > block.len().saturating_mul(255) {
        return Err(corrupt("that says it is longer than it can be"));
    }
    let mut middle = vec![0; length];
    let filled = lz4_flex::block::decompress_into_with_dict(block, &mut middle, WORDS);
    if filled.ok() != Some(length) {
        return Err(corrupt("that does not unpack"));
    }
    match *form {
        form if form == Form::Shorter as u8 => Ok(middle),
        form if form == Form::Digits as u8 => {
            digits::from_bytes(&middle).ok_or_else(|| corrupt("whose digits do not read back"))
        }
        _ => Err(corrupt("of an unknown form")),
    }
}

/// What was packed, as text.
///
/// # Errors
/// When it is not what [`pack`] gives for a text.
pub fn unpack_text(packed: &[u8]) -> Result<String, StoreError> {
    String::from_utf8(unpack(packed)?).map_err(|_| corrupt("that is no text"))
}

impl Record {
    /// Packs what stands beside the header of an entry.
    ///
    /// # Errors
    /// When it is longer than anything that is stored.
    pub fn pack(
        salt: &[u8; SALT],
        body: &str,
        envelopes: Option<&str>,
    ) -> Result<Vec<u8>, StoreError> {
        // The envelopes first: the body says again what they say, and their length tells the two
        // apart. One more than it, so that none and an empty one differ.
        let first = envelopes.map_or(0, |text| text.len().saturating_add(1));
        let mut packed = salt.to_vec();
        put_number(&mut packed, first);
        packed.extend(pack(&[envelopes.unwrap_or_default(), body].concat().into_bytes())?);
        Ok(packed)
    }

    /// What stands beside the header of an entry.
    ///
    /// # Errors
    /// When it is not what [`Record::pack`] gives.
    pub fn unpack(packed: &[u8]) -> Result<Self, StoreError> {
        let (salt, rest) =
            packed.split_at_checked(SALT).ok_or_else(|| corrupt("without its salt"))?;
        let (first, rest) = number(rest).ok_or_else(|| corrupt("without its length"))?;
        let mut text = unpack_text(rest)?;
        let Some(length) = first.checked_sub(1) else {
            return Ok(Self { salt: salt.to_vec(), body: text, envelopes: None });
        };
        if !text.is_char_boundary(length) {
            return Err(corrupt("whose envelopes are longer than it"));
        }
        let body = text.split_off(length);
        Ok(Self { salt: salt.to_vec(), body, envelopes: Some(text) })
    }
}

/// Writes a number, seven bits a byte, the lowest first.
fn put_number(to: &mut Vec<u8>, number: usize) {
    let mut left = number;
    while left >= 0x80 {
        to.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    to.push((left & 0x7f) as u8);
}

/// A number in its shortest form, and what stands after it.
fn number(from: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0usize;
    for (nth, byte) in from.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7f) << (7 * nth);
        if byte & 0x80 == 0 {
            let shortest = *byte != 0 || nth == 0;
            return shortest.then(|| from.get(nth + 1..).map(|rest| (number, rest))).flatten();
        }
    }
    None
}

#[cfg(test)]
#[path = "packed/tests.rs"]
mod tests;
