//! Photographs of an answer, written to files.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use files::{Existing, Folder};
use schemas::answer::Photograph;
use schemas::digest::Digest;
use schemas::outcome::OutcomeCode;
use serde_json::{Value, json};

use super::client::Client;
use super::output::text;
use super::query::outcome_code;
use crate::permission::ActError;

/// Writes the photographs of the answer to a query into `folder`, each under its digest; says in
/// `heard` where each one is, or why it is not. A file that is there already stays.
pub(super) async fn save(
    client: &Client,
    heard: &mut Value,
    folder: &Path,
) -> Result<(), ActError> {
    let named = heard.get("photographs").and_then(Value::as_array).map_or(0, Vec::len);
    if named == 0 || outcome_code(heard) != Some(OutcomeCode::Answered) {
        return Ok(());
    }
    let id = text(heard, "query_id");
    let folder = Folder::make(folder).map_err(|e| ActError::usage(e.to_string()))?;
    let mut lines = client.post_lines(&format!("/queries/{id}/photographs"), &Value::Null).await?;
    let mut saved = Vec::new();
    while let Some(mut one) = lines.next::<Value>().await? {
        let data = one.as_object_mut().and_then(|one| one.remove("data"));
        if let Some(data) = data.as_ref().and_then(Value::as_str) {
            let file = write(&folder, &one, data)?;
            if let Some(one) = one.as_object_mut() {
                one.insert("file".into(), json!(file));
            }
        }
        saved.push(one);
    }
    if saved.len() < named {
        let why = format!("{} of {named} photographs came; try again", saved.len());
        return Err(ActError::failed(why));
    }
    if let Some(heard) = heard.as_object_mut() {
        heard.insert("photographs".into(), Value::Array(saved));
    }
    Ok(())
}

fn write(folder: &Folder, one: &Value, data: &str) -> Result<String, ActError> {
    let failed = |what: &str| ActError::failed(format!("a photograph cannot be saved: {what}"));
    let said = one.as_object().map(|one| {
        let keys = ["digest", "bytes", "media"];
        let kept = one.iter().filter(|(key, _)| keys.contains(&key.as_str()));
        Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
    });
    let said: Photograph =
        serde_json::from_value(said.unwrap_or_default()).map_err(|e| failed(&e.to_string()))?;
    let bytes = STANDARD.decode(data).map_err(|e| failed(&e.to_string()))?;
    if Digest::of(&bytes) != said.digest {
        return Err(failed("it is not the one that the answer names"));
    }
    let name = format!("{}.{}", said.digest, said.media.ending());
    match folder.write(OsStr::new(&name), &bytes, Existing::Stays) {
        // Under that name there is only one photograph, and whose it is does not matter.
        Err(error) if error.is_taken() && is(folder, &name, &bytes)? => {}
        written => written.map_err(|e| ActError::failed(e.to_string()))?,
    }
    Ok(folder.path().join(name).display().to_string())
}

/// Whether a file holds exactly `bytes`.
fn is(folder: &Folder, name: &str, bytes: &[u8]) -> Result<bool, ActError> {
    let failed = |e: &dyn std::fmt::Display| ActError::failed(e.to_string());
    let (file, seen) = folder.read(OsStr::new(name)).map_err(|e| failed(&e))?;
    let mut there = Vec::new();
    file.take(seen.size).read_to_end(&mut there).map_err(|e| failed(&e))?;
    Ok(there == bytes)
}

/// What a person is told of an answer's photographs; nothing when none were wanted.
pub(super) fn describe(heard: &Value) -> Option<String> {
    let list = heard.get("photographs").and_then(Value::as_array);
    let mut lines = Vec::new();
    for one in list.into_iter().flatten() {
        let short: String = text(one, "digest").chars().take(16).collect();
        let told = match (text(one, "file"), text(one, "withheld"), text(one, "flaw")) {
            ("", "", "") => continue,
            (file, "", "") => file.to_owned(),
            (_, "", flaw) => format!("photograph {short}… is {flaw} here; ask the owner anew"),
            (_, withheld, _) => format!("photograph {short}… is {withheld} at the owner"),
        };
        lines.push(format!("  {told}"));
    }
    let count = list.map_or(0, Vec::len);
    let beyond = heard.get("photographs_beyond").and_then(Value::as_u64).unwrap_or(0);
    if count > 0 {
        let more = if beyond > 0 {
            format!(", and {beyond} more than one answer carries; ask for fewer reads")
        } else {
            String::new()
        };
        let counted = audit::wording::counted(count, "photograph", "photographs");
        lines.insert(0, format!("{counted}{more}"));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}
