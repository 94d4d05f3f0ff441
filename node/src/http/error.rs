//! Errors as the API says them: `{"error": sentence}` with a status that names the exit code.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::exchange::ask::AskError;
use crate::permission::ActError;
use audit_log::append::AppendError;
use store::StoreError;

/// An error on its way to a client.
pub struct ApiError(pub(super) ActError);

impl From<ActError> for ApiError {
    fn from(error: ActError) -> Self {
        Self(error)
    }
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> Self {
        Self(error.into())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match self.0 {
            ActError::Usage(_) => StatusCode::BAD_REQUEST,
            ActError::Refused(_) => StatusCode::FORBIDDEN,
            ActError::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, Json(serde_json::json!({ "error": self.0.to_string() }))).into_response()
    }
}

pub(super) type ApiResult<T> = Result<T, ApiError>;
