//! How browsers reach the pages: the origin that every form must come from.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::Scheme;
use serde::{Serialize, Serializer};

/// `https://HOST` or `https://HOST:PORT`, as browsers write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    text: String,
    host: String,
}

/// Why a text is no such origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitOrigin {
    /// Not of that form.
    #[error("expected https, a name and perhaps a port, such as `https://alpr.example.org:8443`")]
    Form,
    /// A number in the place of a name.
    #[error("expected a name: browsers take no security key at an address of numbers")]
    Number,
}

impl Origin {
    /// As browsers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of its host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl FromStr for Origin {
    type Err = UnfitOrigin;

    fn from_str(text: &str) -> Result<Self, UnfitOrigin> {
        let uri: Uri = text.parse().map_err(|_| UnfitOrigin::Form)?;
        let authority = uri.authority().ok_or(UnfitOrigin::Form)?;
        let bare = authority.as_str() == text.strip_prefix("https://").unwrap_or_default();
        if uri.scheme() != Some(&Scheme::HTTPS) || !bare || authority.as_str().contains('@') {
            return Err(UnfitOrigin::Form);
        }
        let host = authority.host();
        if host.is_empty() || host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(UnfitOrigin::Form);
        }
        if host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok() {
            return Err(UnfitOrigin::Number);
        }
        let port = authority.port_u16().filter(|port| *port != 443);
        let text = match port {
            Some(port) => format!("https://{host}:{port}"),
            None => format!("https://{host}"),
        };
        Ok(Self { text, host: host.to_owned() })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_https_and_a_name_as_browsers_write_it() {
        for (text, expected) in [
            ("https://alpr.example.org:8443", Ok("https://alpr.example.org:8443")),
            ("https://alpr.example.org:443", Ok("https://alpr.example.org")),
            ("https://localhost:9443", Ok("https://localhost:9443")),
            ("http://alpr.example.org", Err(UnfitOrigin::Form)),
            ("https://alpr.example.org/", Err(UnfitOrigin::Form)),
            ("https://alpr.example.org/a?b", Err(UnfitOrigin::Form)),
            ("https://me@alpr.example.org", Err(UnfitOrigin::Form)),
            ("https://Alpr.example.org", Err(UnfitOrigin::Form)),
            ("alpr.example.org", Err(UnfitOrigin::Form)),
            ("", Err(UnfitOrigin::Form)),
            ("https://10.0.0.7:8443", Err(UnfitOrigin::Number)),
            ("https://[::1]:8443", Err(UnfitOrigin::Number)),
        ] {
            let found = text.parse::<Origin>().map(|origin| origin.to_string());
            assert_eq!(found, expected.map(str::to_owned), "{text}");
        }
    }
}
