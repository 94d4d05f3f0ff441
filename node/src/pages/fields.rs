//! The fields of a form, and of a page's address.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use std::time::Duration;
use zeroize::Zeroizing;

use schemas::digest::Digest;

use super::page::problem_page;
use crate::permission::ActError;
use ::sign_in::Secret;

/// Most fields of a form: a search has one for each agency that is asked.
const MOST: usize = 2_048;

/// How long a form may take to come, once its head has.
const LONGEST: Duration = Duration::from_secs(10);

/// The field that tells whose a form is.
pub(super) const FORM_OF: &str = "form_of";

/// What is of a session, or proves who somebody is, and so no part of what a form asks for.
const NOT_ASKED: [&str; 5] = ["form", FORM_OF, "password", "challenge", "credential"];

/// Fields in their order, as they were sent; a name may stand several times.
#[derive(Default)]
pub(super) struct Fields(Vec<(String, Zeroizing<String>)>);

impl Fields {
    fn of(encoded: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(encoded).take(MOST);
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect())
    }

    /// One field alone.
    pub(super) fn with(name: &str, value: String) -> Self {
        Self(vec![(name.to_owned(), value.into())])
    }

    /// Fields as somebody would have filled them in; what is empty is left out.
    pub(super) fn filled(pairs: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        Self(pairs.map(|(name, value)| (name.to_owned(), value.into())).collect())
    }

    /// As filled in, with another value in the place of every one of this name.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.0.retain(|(one, _)| one != name);
        self.0.push((name.to_owned(), value.into()));
    }

    /// Every field but those of these names, for a form that carries them on.
    pub(super) fn but<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let kept = self.0.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        kept.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What names this form, of all that pages made, as it was filled in: the same one sent twice has the same
    /// name. `None` for what no page made.
    pub(super) fn named(&self) -> Option<Digest> {
        if !self.has("once") {
            return None;
        }
        let mut said = form_urlencoded::Serializer::new(String::new());
        said.extend_pairs(self.but(&NOT_ASKED));
        Some(Digest::of_two(b"a form of the console as filled in: ", said.finish().as_bytes()))
    }

    fn sent(&self, name: &str) -> &str {
        self.0.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    /// The first value of this name without blanks around it; empty when there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.sent(name).trim()
    }

    /// The first value of this name, exactly: blanks count in a password.
    pub(super) fn secret(&self, name: &str) -> Secret {
        self.sent(name).to_owned().into()
    }

    /// Every value of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.trim())
    }

    /// Every value of this name, each parsed.
    pub(super) fn each<T>(&self, name: &str, label: &str) -> Result<Vec<T>, ActError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        self.all(name).map(|value| parsed(value, label)).collect()
    }

    /// Whether this box is ticked, or this button was pressed.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// The value of this name, where something was filled in.
    pub(super) fn parsed<T>(&self, name: &str, label: &str) -> Result<Option<T>, ActError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        match self.get(name) {
            "" => Ok(None),
            value => parsed(value, label).map(Some),
        }
    }

    /// The value of this name, which has to be filled in.
    pub(super) fn needed<T>(&self, name: &str, label: &str) -> Result<T, ActError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        self.parsed(name, label)?.ok_or_else(|| ActError::usage(format!("{label}: fill this in")))
    }
}

/// A value as what it stands for.
pub(super) fn parsed<T>(value: &str, label: &str) -> Result<T, ActError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    value.parse().map_err(|e| ActError::usage(format!("{label}: {e}")))
}

/// The fields after the `?` of an address.
impl<S: Send + Sync> FromRequestParts<S> for Fields {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts.uri.query().unwrap_or_default().as_bytes()))
    }
}

/// The fields of a form that was sent.
pub(super) struct Sent(pub(super) Fields);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        // Whoever drips a form holds a place meanwhile.
        let body = tokio::time::timeout(LONGEST, Bytes::from_request(request, state)).await;
        let body = body.map_err(|_| {
            let said = "the form did not come in time; send it again";
            problem_page(StatusCode::REQUEST_TIMEOUT, said)
        })?;
        let body = body.map_err(|error| {
            let said = format!("the form could not be read: {}", error.body_text());
            problem_page(StatusCode::PAYLOAD_TOO_LARGE, &said)
        })?;
        // What a part of a form would do, nobody has asked for.
        if form_urlencoded::parse(&body).nth(MOST).is_some() {
            let said =
                format!("the form has more than {MOST} fields, so nothing was done; fill in fewer");
            return Err(problem_page(StatusCode::PAYLOAD_TOO_LARGE, &said));
        }
        Ok(Self(Fields::of(&body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_browsers_write_them_and_no_more_than_a_form_has() {
        let fields = Fields::of(b"plate=+7ABC123+&to=a-ca-pd&to=b-ca-pd&reason=a%20b%2Bc&empty=");
        assert_eq!((fields.get("plate"), fields.get("reason")), ("7ABC123", "a b+c"));
        assert_eq!(fields.all("to").collect::<Vec<_>>(), ["a-ca-pd", "b-ca-pd"]);
        assert!(!fields.has("empty") && !fields.has("nothing"));
        let said = fields.parsed::<u32>("plate", "Plate").unwrap_err().to_string();
        assert!(said.starts_with("Plate: "), "{said}");
        let password = Fields::of(b"password=+four+words+here+");
        assert_eq!(password.secret("password").as_str(), " four words here ");
        let many = "a=1&".repeat(10_000);
        assert_eq!(Fields::of(many.as_bytes()).all("a").count(), MOST);
    }
}
