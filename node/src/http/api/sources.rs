//! `/sources`

use axum::extract::State;
use schemas::text::Text;
use serde::Deserialize;
use serde_json::Value;

use super::Here;
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path};
use crate::permission::Principal;
use crate::reads::intake::Heard;
use crate::reads::sources::{Admitted, NewSource, to_json};
use crate::run::Node;
use registry::{Source, SourceName};

fn described(node: &Node, source: &Source) -> Value {
    to_json(source, &node.sources.heard(&source.name))
}

/// With its token, and where it sends: told this once.
fn admitted(node: &Node, admitted: &Admitted) -> Value {
    let mut described = to_json(&admitted.source, &Heard::default());
    if let (Some(token), Some(object)) = (&admitted.token, described.as_object_mut()) {
        let name = &admitted.source.name;
        let url = node.config.http.map(|at| format!("https://{at}/sources/{name}/reads"));
        object.insert("token".into(), token.as_str().into());
        object.insert("url".into(), url.into());
        let pin = node.certificate.as_ref().map(|served| served.certificate().pin.to_string());
        object.insert("pin".into(), pin.into());
    }
    described
}

pub(in crate::http) async fn list(State(node): Here, by: Principal) -> ApiResult<Json<Vec<Value>>> {
    let sources = node.context.sources(&by)?;
    Ok(Json(sources.iter().map(|source| described(&node, source)).collect()))
}

pub(in crate::http) async fn add(
    State(node): Here,
    by: Principal,
    Json(new): Json<NewSource>,
) -> ApiResult<Json<Value>> {
    Ok(Json(admitted(&node, &node.context.add_source(&by, &new).await?)))
}

pub(in crate::http) async fn renew(
    State(node): Here,
    by: Principal,
    Path(name): Path<SourceName>,
) -> ApiResult<Json<Value>> {
    Ok(Json(admitted(&node, &node.context.renew_token(&by, &name).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Why {
    reason: Text,
}

pub(in crate::http) async fn disable(
    State(node): Here,
    by: Principal,
    Path(name): Path<SourceName>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Value>> {
    let source = node.context.disable_source(&by, &name, &why.reason).await?;
    Ok(Json(described(&node, &source)))
}
