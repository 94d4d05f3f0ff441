//! The one shape of an error over HTTP, on the socket and on the HTTPS side alike: a problem of
//! RFC 9457, as `application/problem+json`.
//!
//! ```text
//! {"type":"about:blank","title":"Forbidden","status":403,
//!  "detail":"user `m.reyes` may not do this; …","code":"role_not_authorized",
//!  "citations":[{"source":"…","section":"…"}]}
//! ```
//!
//! `detail` is the sentence that a person reads, `code` what a program looks at. A refusal for
//! several reasons lists them in `reasons`; `code` is then that of the first, and `citations` are
//! those of all. Where an answer that comes line by line cannot go on, its last line is
//! `{"error": problem}`.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use schemas::refusal::Citation;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::permission::{ActError, ErrorClass, Reason, Refused};

/// Its media type.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error as a client receives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Problem {
    /// `about:blank`: what it is stands in `code`.
    #[serde(rename = "type", default = "about_blank")]
    pub type_uri: Cow<'static, str>,
    /// The status in words.
    #[serde(default)]
    pub title: Cow<'static, str>,
    /// The status of the response.
    pub status: u16,
    /// The sentence that a person reads.
    pub detail: String,
    /// What it is, for programs: a stable code in `snake_case`.
    pub code: Cow<'static, str>,
    /// The sections that demand a refusal.
    #[serde(default)]
    pub citations: Vec<Citation>,
    /// The reasons of a refusal that has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// What else one path tells with it.
    #[serde(flatten)]
    pub extensions: Map<String, Value>,
}

fn about_blank() -> Cow<'static, str> {
    "about:blank".into()
}

impl Problem {
    /// A problem that is no refusal for a reason.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            type_uri: about_blank(),
            title: status.canonical_reason().unwrap_or_default().into(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.into(),
            citations: Vec::new(),
            reasons: Vec::new(),
            extensions: Map::new(),
        }
    }

    /// What a response that carries no problem says: its status and its text.
    fn of_text(status: StatusCode, body: &[u8]) -> Self {
        let said = String::from_utf8_lossy(body).trim().to_owned();
        let reason = status.canonical_reason().unwrap_or("an error without a name");
        let detail = if said.is_empty() { reason.to_owned() } else { said };
        Self::new(status, "unexplained", detail)
    }

    /// The problem that a response of this status carries, or what can be made of it.
    #[must_use]
    pub fn of_body(status: StatusCode, body: &[u8]) -> Self {
        serde_json::from_slice(body)
            .map(|problem| Self { status: status.as_u16(), ..problem })
            .unwrap_or_else(|_| Self::of_text(status, body))
    }

    /// With an extension member, of the path that answers so.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.extensions.insert(member.to_owned(), value);
        self
    }

    /// The error that a client of the node has: the class follows from the status.
    #[must_use]
    pub fn into_error(self) -> ActError {
        let Self { status, detail, code, citations, mut reasons, .. } = self;
        match StatusCode::from_u16(status) {
            Ok(StatusCode::FORBIDDEN) => {
                if reasons.is_empty() {
                    reasons.push(Reason { code, message: detail.clone(), citations });
                }
                ActError::Refused(Refused { sentence: detail, reasons })
            }
            Ok(status) if status.is_client_error() => ActError::usage_as(code, detail),
            _ => ActError::failed_as(code, detail),
        }
    }
}

impl From<&ActError> for Problem {
    fn from(error: &ActError) -> Self {
        let status = match error.class() {
            ErrorClass::Usage => StatusCode::BAD_REQUEST,
            ErrorClass::Refused => StatusCode::FORBIDDEN,
            ErrorClass::Failed => StatusCode::SERVICE_UNAVAILABLE,
        };
        let reasons = error.reasons();
        Self {
            citations: error.citations(),
            reasons: if reasons.len() > 1 { reasons.to_vec() } else { Vec::new() },
            ..Self::new(status, error.code().to_owned(), error.to_string())
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Strings and numbers alone: nothing of it fails to be written.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (status, [(CONTENT_TYPE, PROBLEM_JSON)], body).into_response()
    }
}

/// The last line of an answer that comes line by line, when it cannot go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BrokenOff {
    /// Why.
    pub error: Problem,
}

impl From<&ActError> for BrokenOff {
    fn from(error: &ActError) -> Self {
        Self { error: error.into() }
    }
}

impl BrokenOff {
    /// The problem that a line tells, if the answer ends with it.
    #[must_use]
    pub fn of(line: &Value) -> Option<Problem> {
        line.get("error").and_then(|error| Problem::deserialize(error).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_comes_to_a_client_with_every_reason_whole() {
        let reason = |code: &'static str, section: &str| Reason {
            code: code.into(),
            message: format!("because of {section}"),
            citations: vec![Citation::new("CIV", section)],
        };
        let several = ActError::Refused(Refused {
            sentence: "both".into(),
            reasons: vec![reason("federal", "1"), reason("window", "2")],
        });
        let one = ActError::refused_as("federal", vec![Citation::new("CIV", "1")], "one".into());
        let usage = ActError::usage_as("agency_unknown", "who?".into());
        let failed = ActError::failed("no".into());
        for error in [several, one, usage, failed] {
            let problem = Problem::from(&error);
            let status = StatusCode::from_u16(problem.status).unwrap();
            let sent = serde_json::to_vec(&problem).unwrap();
            let heard = Problem::of_body(status, &sent).into_error();
            assert_eq!(heard.class(), error.class());
            assert_eq!((heard.code(), heard.to_string()), (error.code(), error.to_string()));
            assert_eq!(heard.reasons(), error.reasons());
        }
    }

    #[test]
    fn what_carries_no_problem_is_told_as_it_came() {
        let told = Problem::of_body(StatusCode::BAD_GATEWAY, b" no route\n").into_error();
        assert_eq!((told.class(), told.to_string()), (ErrorClass::Failed, "no route".into()));
        let told = Problem::of_body(StatusCode::NOT_FOUND, b"").into_error();
        assert_eq!((told.class(), told.to_string()), (ErrorClass::Usage, "Not Found".into()));
    }
}
