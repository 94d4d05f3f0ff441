//! The schemas of the document. A type may be read otherwise than it is written, such as with fields that
//! may be left out: then it stands there twice, as what is sent with `Input` behind its name.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

/// Where schemas are found.
const PLACE: &str = "#/components/schemas/";

/// Schemas as they are asked for.
pub(super) struct Components {
    sent: SchemaGenerator,
    answered: SchemaGenerator,
}

impl Components {
    pub(super) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12()
                .with(|settings| settings.definitions_path = "/components/schemas".into())
        };
        Self {
            sent: settings().for_deserialize().into_generator(),
            answered: settings().for_serialize().into_generator(),
        }
    }

    /// The schema of what a client sends.
    pub(super) fn sent<T: JsonSchema>(&mut self) -> Value {
        self.sent.subschema_for::<T>().to_value()
    }

    /// The schema of what it hears.
    pub(super) fn answered<T: JsonSchema>(&mut self) -> Value {
        self.answered.subschema_for::<T>().to_value()
    }

    /// All of them, and the names that became others in what is sent.
    pub(super) fn finish(mut self) -> (Map<String, Value>, BTreeSet<String>) {
        let sent = self.sent.take_definitions(true);
        let mut all = self.answered.take_definitions(true);
        let differs = |(name, schema): (&String, &Value)| {
            all.get(name).is_some_and(|other| other != schema).then(|| name.clone())
        };
        let mut renamed: BTreeSet<String> = sent.iter().filter_map(differs).collect();
        loop {
            // What speaks of one that has another name differs too.
            let speaks = |(name, schema): (&String, &Value)| {
                let said = schema.to_string();
                let of = |other: &String| said.contains(&format!("\"{PLACE}{other}\""));
                (all.contains_key(name) && renamed.iter().any(of)).then(|| name.clone())
            };
            let more: BTreeSet<String> =
                sent.iter().filter_map(speaks).filter(|name| !renamed.contains(name)).collect();
            if more.is_empty() {
                break;
            }
            renamed.extend(more);
        }
        for (name, mut schema) in sent {
            rename(&mut schema, &renamed);
            let name = if renamed.contains(&name) { format!("{name}Input") } else { name };
            all.insert(name, schema);
        }
        all.sort_keys();
        (all, renamed)
    }
}

/// Has what is sent speak of schemas by their names there.
pub(super) fn rename(schema: &mut Value, renamed: &BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), &mut *value) {
                    ("$ref", Value::String(to)) => {
                        if to.strip_prefix(PLACE).is_some_and(|name| renamed.contains(name)) {
                            to.push_str("Input");
                        }
                    }
                    (_, value) => rename(value, renamed),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, renamed)),
        _ => {}
    }
}
