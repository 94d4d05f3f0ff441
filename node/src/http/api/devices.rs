//! `/devices`

use axum::extract::State;
use serde_json::{Value, json};

use crate::admin::devices::{self, NewDevice, to_json};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Why};
use crate::http::state::{App, AppState};
use crate::permission::Principal;
use registry::{DeviceName, EnrolledDevice};

/// With what is set for its class.
fn described(app: &AppState, device: &EnrolledDevice) -> Value {
    let mut described = to_json(device);
    if let Some(object) = described.as_object_mut() {
        let set = app.config.devices.of(device.class);
        object.insert("idle_minutes".into(), json!(set.and_then(|set| set.idle_minutes)));
        object.insert("exempt".into(), json!(set.and_then(|set| set.exempt.as_ref())));
    }
    described
}

pub(in crate::http) async fn list(State(app): App, by: Principal) -> ApiResult<Json<Vec<Value>>> {
    let devices = devices::list(&app.context.agency, &by)?;
    Ok(Json(devices.iter().map(|device| described(&app, device)).collect()))
}

pub(in crate::http) async fn add(
    State(app): App,
    by: Principal,
    Json(new): Json<NewDevice>,
) -> ApiResult<Json<Value>> {
    let device = devices::add(&app.context.agency, &by, &new).await?;
    Ok(Json(described(&app, &device)))
}

pub(in crate::http) async fn revoke(
    State(app): App,
    by: Principal,
    Path(name): Path<DeviceName>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Value>> {
    let (device, ended) = app.revoke_device(&by, &name, &why.reason).await?;
    let mut described = described(&app, &device);
    if let Some(object) = described.as_object_mut() {
        object.insert("sessions_ended".into(), ended.into());
    }
    Ok(Json(described))
}
