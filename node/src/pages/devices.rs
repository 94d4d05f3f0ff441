//! Devices that prove themselves by a certificate: which there are, a new one, and the end of one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use registry::{DeviceName, EnrolledDevice};
use schemas::device::DeviceClass;
use schemas::text::Text;

use super::fields::Fields;
use super::page::{Shown, form_token, line, line_of, prove_again};
use super::visitor::{Proven, Visitor};
use crate::admin::devices::{self, NewDevice};
use crate::http::AppState;

type App = State<Arc<AppState>>;

pub(super) async fn list(State(app): App, visitor: Visitor) -> Response {
    page(&app, &visitor, &Fields::default(), None)
}

fn page(app: &AppState, visitor: &Visitor, fields: &Fields, said: Option<&str>) -> Response {
    let all = match devices::list(&app.context.agency, &visitor.by) {
        Ok(all) => all,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        p { "A terminal in a vehicle or a dispatch centre proves by a certificate which it is. What is set for its class counts there: how long nothing may be done, and whether it is exempt from the device lock (CJISSECPOL, AC-11)." }
        @if all.is_empty() { p { "No device is enrolled: none is exempt from the device lock." } }
        @for device in &all { (one(app, device, visitor)) }
        @if visitor.may.administer { h2 { "A new device" } (new_form(visitor, fields)) }
        p { a href="/health" { "Health" } }
    };
    visitor.page(Shown::new("Devices", body))
}

fn one(app: &AppState, device: &EnrolledDevice, visitor: &Visitor) -> Markup {
    let name = device.name.to_string();
    let set = app.config.devices.of(device.class);
    html! {
        section aria-label=(name) {
            h2 { (name) @if device.revoked.is_some() { " " span.bad { "counts no longer" } } }
            dl {
                dt { "Stands in" } dd { (device.class.to_string()) }
                dt { "Locked after" }
                dd { @match set.and_then(|set| set.idle_minutes) { Some(minutes) => { (minutes) " minutes without an act" } None => { "as everywhere" } } }
                dt { "Key of its certificate" } dd { code { (device.key.to_string()) } }
                dt { "Enrolled" } dd { (visitor.zone.when(device.at)) " by " (device.by.to_string()) }
                @if let Some(why) = &device.revoked { dt { "Revoked" } dd { bdi { (why.as_str()) } } }
            }
            @if visitor.may.administer && device.revoked.is_none() {
                details {
                    summary { "Revoke" }
                    form method="post" action="/devices/revoke" {
                        (form_token(visitor))
                        input type="hidden" name="name" value=(name);
                        (line_of("reason", &format!("device-{name}"), "Why"))
                        (prove_again(visitor, &format!("revoke-{name}")))
                        button type="submit" { "Revoke it, with every session on it" }
                    }
                }
            }
        }
    }
}

fn new_form(visitor: &Visitor, fields: &Fields) -> Markup {
    html! {
        form method="post" action="/devices" {
            (form_token(visitor))
            (line("name", "Name", "Small letters, digits and hyphens, such as mdt-12.", fields.get("name"), true))
            p.field {
                label for="class" { "Stands in" }
                select id="class" name="class" {
                    @for class in DeviceClass::ALL {
                        @let code = class.to_string();
                        option value=(code) selected[fields.get("class") == code] { (code) }
                    }
                }
            }
            p.field {
                label for="certificate" { "Its certificate (PEM); the private key never comes here" }
                textarea id="certificate" name="certificate" rows="4" required { (fields.get("certificate")) }
            }
            (prove_again(visitor, "device"))
            p.acts { button type="submit" { "Enrol the device" } }
        }
    }
}

pub(super) async fn add(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let added = async {
        let new = NewDevice {
            name: fields.needed("name", "Name")?,
            class: fields.needed("class", "Stands in")?,
            certificate: fields.get("certificate").to_owned(),
        };
        devices::add(&app.context.agency, &visitor.by, &new).await
    };
    match added.await {
        Ok(_) => visitor.done(Ok(()), "/devices"),
        Err(error) => page(&app, &visitor, &fields, Some(&error.to_string())),
    }
}

pub(super) async fn revoke(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let name: DeviceName = fields.needed("name", "Name")?;
        let why: Text = fields.needed("reason", "Why")?;
        app.revoke_device(&visitor.by, &name, &why).await
    }
    .await;
    visitor.done(done, "/devices")
}
