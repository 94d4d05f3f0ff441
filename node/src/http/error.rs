//! What a handler answers when it cannot do what it was asked, and what a router answers when no
//! handler is asked at all: a [`Problem`], whatever went wrong.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::exchange::ask::AskError;
use crate::permission::ActError;
use audit_log::append::AppendError;
use store::StoreError;

/// An error on its way to a client.
#[derive(Debug)]
pub struct ApiError(Box<Problem>);

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<ActError> for ApiError {
    fn from(error: ActError) -> Self {
        Problem::from(&error).into()
    }
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> Self {
        ActError::from(error).into()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        ActError::from(error).into()
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        ActError::from(error).into()
    }
}

impl From<JsonRejection> for ApiError {
    fn from(error: JsonRejection) -> Self {
        let code = match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "media_type_unsupported",
            _ => "body_invalid",
        };
        Problem::new(error.status(), code, error.body_text()).into()
    }
}

impl From<QueryRejection> for ApiError {
    fn from(error: QueryRejection) -> Self {
        Problem::new(error.status(), "query_string_invalid", error.body_text()).into()
    }
}

impl From<PathRejection> for ApiError {
    fn from(error: PathRejection) -> Self {
        Problem::new(error.status(), "path_invalid", error.body_text()).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

pub(super) type ApiResult<T> = Result<T, ApiError>;

/// The answer at a path where nothing is. It does not repeat the path, which may hold a token.
pub(super) async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "path_unknown", "nothing is at this path")
}

/// The answer to a method that a path does not have; the header `Allow` names those that it has.
pub(super) async fn method_not_allowed(method: Method) -> Problem {
    let why = format!("this path does not take {method}");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", why)
}
