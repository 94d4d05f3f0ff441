//! Digits of a text as the bytes that they stand for: hexadecimal in half of its length, base64 in three
//! quarters, and once more what base64 holds. Undone exactly, or not done at all.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemas::digest::hex;

use super::{number, put_number};

/// What stands before bytes that were digits. A text in which one of these stands is left as it is.
const HEX: u8 = 1;
/// Sixteen groups of four hexadecimal digits: a fingerprint.
const GROUPS: u8 = 2;
/// Base64 of a text, which is packed in its turn.
const TEXT: u8 = 3;
/// Base64 of other bytes.
const BYTES: u8 = 4;

/// Fewer digits than this are left as they are.
const FEWEST_HEX: usize = 16;
const FEWEST_BASE64: usize = 40;
/// A fingerprint as it is written.
const FINGERPRINT: usize = 79;
/// How often base64 is looked into.
const DEEPEST: u8 = 2;

fn is_mark(byte: &u8) -> bool {
    (HEX..=BYTES).contains(byte)
}

fn is_hex(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// A text with its digits as bytes; `None` where it could not be read back.
pub(super) fn to_bytes(text: &[u8]) -> Option<Vec<u8>> {
    if text.iter().any(is_mark) {
        return None;
    }
    let mut packed = Vec::with_capacity(text.len());
    put(text, &mut packed, DEEPEST);
    Some(packed)
}

fn put(text: &[u8], to: &mut Vec<u8>, deep: u8) {
    let mut left = text;
    while !left.is_empty() {
        let plain = left.iter().take_while(|byte| !is_base64(byte) && **byte != b'\\').count();
        let length = match left.get(plain) {
            // A line feed inside JSON: what follows its letter may be digits.
            Some(b'\\') => plain.saturating_add(2).min(left.len()),
            _ => plain,
        };
        let (before, after) = left.split_at_checked(length).unwrap_or((left, &[]));
        to.extend_from_slice(before);
        left = after;
        if left.first().is_some_and(is_base64) {
            let length = digits(left, run(left), to, deep);
            left = left.get(length..).unwrap_or_default();
        }
    }
}

/// How far the digits of base64 go, with what fills their end.
fn run(text: &[u8]) -> usize {
    let digits = text.iter().take_while(|byte| is_base64(byte)).count();
    let filled = text.iter().skip(digits).take(2).take_while(|byte| **byte == b'=').count();
    digits.saturating_add(filled)
}

/// Puts down the first `run` bytes of a text, or a fingerprint that begins there; how many those were.
fn digits(text: &[u8], run: usize, to: &mut Vec<u8>, deep: u8) -> usize {
    if run == 4
        && let Some(bytes) = text.get(..FINGERPRINT).and_then(fingerprint)
    {
        to.push(GROUPS);
        to.extend(bytes);
        return FINGERPRINT;
    }
    let Some(digits) = text.get(..run) else { return text.len() };
    if run >= FEWEST_HEX && run.is_multiple_of(2) && digits.iter().all(is_hex) {
        to.push(HEX);
        put_number(to, run / 2);
        to.extend(digits.chunks_exact(2).map(pair));
    } else if run >= FEWEST_BASE64
        && let Ok(bytes) = BASE64.decode(digits)
    {
        // The decoder takes the one form that is written of these bytes, and no other.
        if deep > 0 && !bytes.iter().any(is_mark) && std::str::from_utf8(&bytes).is_ok() {
            let mut packed = Vec::with_capacity(bytes.len());
            put(&bytes, &mut packed, deep.saturating_sub(1));
            to.push(TEXT);
            put_number(to, packed.len());
            to.extend(packed);
        } else {
            to.push(BYTES);
            put_number(to, bytes.len());
            to.extend(bytes);
        }
    } else {
        to.extend_from_slice(digits);
    }
    run
}

fn pair(digits: &[u8]) -> u8 {
    let value = |digit: &u8| match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit.wrapping_sub(b'a').wrapping_add(10),
    };
    digits.iter().fold(0, |byte, digit| (byte << 4) | value(digit))
}

/// The bytes of a fingerprint, if it is one.
fn fingerprint(text: &[u8]) -> Option<Vec<u8>> {
    let groups: Vec<&[u8]> = text.split(|byte| *byte == b'-').collect();
    let fits = groups.len() == 16
        && groups.iter().all(|group| group.len() == 4 && group.iter().all(is_hex));
    fits.then(|| groups.concat().chunks_exact(2).map(pair).collect())
}

/// The text that [`to_bytes`] was given.
pub(super) fn from_bytes(packed: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(packed.len().saturating_mul(2));
    get(packed, &mut text, DEEPEST)?;
    Some(text)
}

fn get(packed: &[u8], to: &mut Vec<u8>, deep: u8) -> Option<()> {
    let mut left = packed;
    while let Some((byte, rest)) = left.split_first() {
        if !is_mark(byte) {
            let plain = left.iter().take_while(|byte| !is_mark(byte)).count();
            let (plain, rest) = left.split_at_checked(plain)?;
            to.extend(plain);
            left = rest;
            continue;
        }
        if *byte == GROUPS {
            let (bytes, rest) = rest.split_at_checked(32)?;
            for (nth, pair) in bytes.chunks_exact(2).enumerate() {
                if nth > 0 {
                    to.push(b'-');
                }
                to.extend(hex(pair).into_bytes());
            }
            left = rest;
            continue;
        }
        let (length, rest) = number(rest)?;
        let (bytes, rest) = rest.split_at_checked(length)?;
        match *byte {
            HEX => to.extend(hex(bytes).into_bytes()),
            TEXT => {
                let mut text = Vec::with_capacity(bytes.len());
                get(bytes, &mut text, deep.checked_sub(1)?)?;
                to.extend(BASE64.encode(text).into_bytes());
            }
            _ => to.extend(BASE64.encode(bytes).into_bytes()),
        }
        left = rest;
    }
    Some(())
}
