//! What programs of an agency may be used for, and from where.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a program may be used for: by a person who lets it, or, of `records`, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProgramScope {
    /// Asking peers, one's own reads, and seeing kept answers.
    Ask,
    /// What would be decided, without asking anybody.
    Explain,
    /// Written requests.
    Requests,
    /// Bringing reads in.
    Import,
    /// Reading the log, and reports of it.
    Audit,
    /// Fetching a record of each request for reads, for the records system.
    Records,
    /// Asking for a registered person by her bare name, where the policies admit it.
    Assert,
}

/// Every scope, with its word.
const WORDS: [(ProgramScope, &str); 7] = [
    (ProgramScope::Ask, "ask"),
    (ProgramScope::Explain, "explain"),
    (ProgramScope::Requests, "requests"),
    (ProgramScope::Import, "import"),
    (ProgramScope::Audit, "audit"),
    (ProgramScope::Records, "records"),
    (ProgramScope::Assert, "assert"),
];

/// A word that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no scope of a program; expected ask, explain, requests, import, audit, records or assert"
)]
pub struct UnknownScope(String);

impl ProgramScope {
    /// Its word.
    #[must_use]
    pub fn code(self) -> &'static str {
        WORDS.iter().find(|(scope, _)| *scope == self).map_or("", |(_, word)| word)
    }
}

impl FromStr for ProgramScope {
    type Err = UnknownScope;

    fn from_str(word: &str) -> Result<Self, UnknownScope> {
        let found = WORDS.iter().find(|(_, known)| *known == word);
        found.map(|(scope, _)| *scope).ok_or_else(|| UnknownScope(word.chars().take(40).collect()))
    }
}

impl fmt::Display for ProgramScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Addresses that begin with the same bits, such as `10.1.0.0/16`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct AddressRange {
    first: IpAddr,
    bits: u8,
}

/// A word that names no addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no addresses; expected one such as 10.1.2.3, or their first bits such as 10.1.0.0/16"
)]
pub struct NoAddressRange(String);

impl AddressRange {
    /// Whether `address` is among them. An IPv4 address in IPv6 form counts as what it is.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        let (first, address) = (bits_of(self.first), bits_of(address.to_canonical()));
        first.1 == address.1 && (first.0 ^ address.0).leading_zeros() >= u32::from(self.bits)
    }
}

/// An address from its first bit on, and how many it has.
fn bits_of(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

impl FromStr for AddressRange {
    type Err = NoAddressRange;

    fn from_str(text: &str) -> Result<Self, NoAddressRange> {
        let unfit = || NoAddressRange(text.chars().filter(|c| !c.is_control()).take(60).collect());
        let (first, bits) = match text.split_once('/') {
            Some((first, bits)) => (first, Some(bits.parse::<u8>().map_err(|_| unfit())?)),
            None => (text, None),
        };
        let first: IpAddr = first.parse().map_err(|_| unfit())?;
        let (value, all) = bits_of(first);
        let bits = bits.unwrap_or(all);
        // What stands behind the bits that count would say something that does not.
        let rest = if bits == 0 { value } else { value << bits.min(127) };
        let rest = if bits >= all { 0 } else { rest };
        if bits > all || rest != 0 {
            return Err(unfit());
        }
        Ok(Self { first, bits })
    }
}

impl TryFrom<String> for AddressRange {
    type Error = NoAddressRange;

    fn try_from(text: String) -> Result<Self, NoAddressRange> {
        text.parse()
    }
}

impl From<AddressRange> for String {
    fn from(range: AddressRange) -> Self {
        range.to_string()
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, all) = bits_of(self.first);
        match self.bits == all {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}/{}", self.first, self.bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_begins_like_it_and_is_of_its_family() {
        for (range, inside, outside) in [
            ("10.1.0.0/16", "10.1.255.3", "10.2.0.0"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.2"),
            ("0.0.0.0/0", "255.1.1.1", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "0.0.0.1"),
            ("10.1.0.0/16", "::ffff:10.1.0.9", "::10.1.0.9"),
        ] {
            let range: AddressRange = range.parse().unwrap();
            assert!(range.holds(inside.parse().unwrap()), "{range} {inside}");
            assert!(!range.holds(outside.parse().unwrap()), "{range} {outside}");
            assert_eq!(range.to_string().parse(), Ok(range));
        }
        for bad in ["", "10.1.2.3/33", "10.1.2.3/16", "gate", "10.1.2.3/", "::1/129", "1.2.3.4/-1"]
        {
            assert!(bad.parse::<AddressRange>().is_err(), "{bad}");
        }
    }
}
