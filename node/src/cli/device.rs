//! `accord device …`

use std::path::PathBuf;

use clap::Subcommand;
use registry::DeviceName;
use schemas::device::DeviceClass;
use schemas::text::Text;
use serde_json::{Value, json};

use super::Done;
use super::certificate_file::certificate_of;
use super::client::Client;
use super::output::{Output, table, text};
use crate::admin::devices::NewDevice;
use crate::permission::ActError;

#[derive(Subcommand)]
pub(super) enum Device {
    /// Enrol a device from which people work: sessions that are opened there are of its class, as far as
    /// accord.toml says something of that.
    Add {
        /// A name for it, such as `mdt-12`.
        name: DeviceName,
        /// Where it stands: office, vehicle, dispatch.
        #[arg(long)]
        class: DeviceClass,
        /// The certificate (PEM) that its browser shows. The private key stays on the device.
        #[arg(long, value_name = "FILE")]
        certificate: PathBuf,
    },
    /// List devices, and what is set for their classes.
    List,
    /// Revoke a device that is lost or given away: every session that was opened there ends at once.
    Revoke {
        /// Its name.
        name: DeviceName,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
}

pub(super) async fn run(
    client: &Client,
    command: Device,
    output: Output,
) -> Result<Done, ActError> {
    let device: Value = match command {
        Device::Add { name, class, certificate } => {
            let certificate = certificate_of(&certificate)?;
            client.post("/devices", &NewDevice { name, class, certificate }).await?
        }
        Device::Revoke { name, reason } => {
            client.post(&format!("/devices/{name}/revoke"), &json!({ "reason": reason })).await?
        }
        Device::List => {
            let devices: Vec<Value> = client.get("/devices").await?;
            if output.json() {
                devices.iter().for_each(|device| output.object(device, String::new));
            } else {
                output.note(&describe(&devices));
            }
            return Ok(Done::Ok);
        }
    };
    output.object(&device, || {
        let mut said = describe(std::slice::from_ref(&device));
        if let Some(ended) = device.get("sessions_ended").and_then(Value::as_u64) {
            said.push_str(&format!("\n\nsessions that were opened there and have ended: {ended}"));
        }
        said
    });
    Ok(Done::Ok)
}

/// What a session that is opened there may rest for.
fn rests(device: &Value) -> String {
    match (text(device, "exempt"), device.get("idle_minutes").and_then(Value::as_i64)) {
        ("", minutes) => format!("{} minutes", minutes.unwrap_or(30)),
        (exempt, _) => format!("exempt: {exempt}"),
    }
}

fn describe(devices: &[Value]) -> String {
    let row = |device: &Value| {
        let state = match text(device, "revoked") {
            "" => "enrolled".to_owned(),
            why => format!("revoked: {why}"),
        };
        vec![
            text(device, "device").to_owned(),
            text(device, "class").to_owned(),
            text(device, "key").get(..16).unwrap_or_default().to_owned(),
            rests(device),
            text(device, "by").to_owned(),
            text(device, "at").to_owned(),
            state,
        ]
    };
    let rows: Vec<Vec<String>> = devices.iter().map(row).collect();
    table(&["device", "class", "key", "may rest", "by", "at", ""], &rows)
}
