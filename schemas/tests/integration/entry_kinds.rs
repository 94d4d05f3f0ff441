//! The table of what each kind of entry says, in section 13 of `PROTOCOL.md`, is that of the types:
//! generated here from their JSON Schema and compared. `ACCORD_UPDATE=1 cargo test -p schemas` writes
//! it anew.

#![expect(clippy::string_slice, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use schemars::schema_for;
use schemas::answer::Answer;
use schemas::body::Body;
use schemas::event::EntryKind;
use schemas::query::Query;
use schemas::refusal::Refusal;
use serde_json::{Map, Value};

const UPDATE: &str = "ACCORD_UPDATE";
const BEGIN: &str = "<!-- generated from the types: what each kind of entry says -->\n";
const END: &str = "<!-- end of what is generated -->\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// A type's name in words, as other files and sections spell it: `AgencyId` is an agency id.
fn words(name: &str, between: char) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(between);
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// The schema of every type, and which of those that are objects the table has to tell.
struct Types<'a> {
    defs: &'a Map<String, Value>,
    told: BTreeSet<String>,
}

impl Types<'_> {
    /// A value in a word or a few.
    fn value(&mut self, schema: &Value) -> String {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
            return self.named(name);
        }
        if let Some(one) = schema["anyOf"].as_array().and_then(|any| any.first()) {
            return self.value(one);
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds[0].as_str().expect("a type"),
            kind => kind.as_str().unwrap_or("anything"),
        };
        match kind {
            "array" => format!("list of: {}", self.value(&schema["items"])),
            "object" => format!("by name: {}", self.value(&schema["additionalProperties"])),
            "integer" => "number".into(),
            "boolean" => "true or false".into(),
            "string" => "text".into(),
            other => other.into(),
        }
    }

    /// A type of its own: where its schema stands, or in which table its parts do.
    fn named(&mut self, name: &str) -> String {
        let file = format!("json/{}.schema.json", words(name, '-'));
        let words = if name == "Timestamp" { "time".into() } else { words(name, ' ') };
        if folder().join(&file).exists() {
            return format!("[{words}]({file})");
        }
        let def = &self.defs[name];
        if def.get("properties").is_some() || parts_of_choice(def).is_some() {
            self.told.insert(name.to_owned());
        }
        words
    }

    /// The rows of a type of its own.
    fn named_parts(&mut self, name: &str, out: &mut String) {
        let def = &self.defs[name];
        let said = line(def["description"].as_str().unwrap_or_default());
        let choices = parts_of_choice(def);
        let one_of = if choices.is_some() { ", one of" } else { "" };
        writeln!(out, "| **{}**{one_of} | | | **{said}** |", words(name, ' ')).unwrap();
        match choices {
            Some(choices) => choices.iter().for_each(|one| self.parts(one, out)),
            None => self.parts(def, out),
        }
    }

    /// The rows of an object's parts.
    fn parts(&mut self, schema: &Value, out: &mut String) {
        let required: Vec<&str> = schema["required"]
            .as_array()
            .map(|all| all.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        for (name, part) in schema["properties"].as_object().into_iter().flatten() {
            if name == "kind" && part.get("const").is_some() {
                continue;
            }
            // A choice says what it is beside its only part.
            let said = part["description"].as_str().or(schema["description"].as_str());
            let said = line(said.unwrap_or_default());
            let may = if required.contains(&name.as_str()) { "" } else { ", or absent" };
            let value = self.value(part);
            writeln!(out, "| | `{name}` | {value}{may} | {said} |").unwrap();
        }
    }
}

/// The choices of a type that is one of several objects.
fn parts_of_choice(def: &Value) -> Option<&Vec<Value>> {
    let all = def["oneOf"].as_array()?;
    all.iter().all(|one| one.get("properties").is_some()).then_some(all)
}

/// The types that messages are made of, whose schemas stand in files of their own.
fn of_messages() -> BTreeSet<String> {
    let all = [schema_for!(Query), schema_for!(Answer), schema_for!(Refusal)];
    let names = all.iter().filter_map(|schema| schema.get("$defs")?.as_object());
    names.flat_map(|defs| defs.keys().cloned()).collect()
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn table() -> String {
    let schema = schema_for!(Body).to_value();
    let defs = schema["$defs"].as_object().expect("types").clone();
    let mut types = Types { defs: &defs, told: BTreeSet::new() };
    let mut out = "| `kind` | field | value | what it says |\n|---|---|---|---|\n".to_owned();
    let kinds = defs["Event"]["oneOf"].as_array().expect("kinds");
    assert_eq!(kinds.len(), EntryKind::ALL.len());
    let mut last = String::new();
    for kind in kinds {
        let code = kind["properties"]["kind"]["const"].as_str().expect("a kind");
        let said = line(kind["description"].as_str().expect("what it means"));
        let mut fields = String::new();
        types.parts(kind, &mut fields);
        // Kinds that say the same fields share their rows.
        if fields != last {
            out.push_str(&std::mem::replace(&mut last, fields));
        }
        writeln!(out, "| **`{code}`** | | | **{said}** |").unwrap();
    }
    out.push_str(&last);
    out.push_str(
        "\nParts of what stands there:\n\n| value | part | | what it says |\n|---|---|---|---|\n",
    );
    let messages = of_messages();
    let mut done = BTreeSet::new();
    while let Some(name) = types.told.iter().find(|name| !done.contains(*name)).cloned() {
        if !messages.contains(&name) {
            types.named_parts(&name, &mut out);
        }
        done.insert(name);
    }
    out
}

#[test]
fn the_protocol_tells_what_every_kind_of_entry_says() {
    let path = folder().join("PROTOCOL.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = text.find(BEGIN).expect("where the table begins") + BEGIN.len();
    let end = text.find(END).expect("where the table ends");
    let table = format!("\n{}\n", table());
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, [&text[..begin], &table, &text[end..]].concat()).unwrap();
        return;
    }
    assert!(
        text[begin..end] == table,
        "section 13 of PROTOCOL.md does not say what the types do; if the change is meant, rewrite it with {UPDATE}=1"
    );
}
