//! `accord reads mapping`, and `accord reads import --dry-run`: for whoever writes a mapping. Both need no
//! node.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use audit_log::clock::Clock;
use ingest::{MAPPING_REFERENCE, Mapping, Options, SHIPPED_MAPPINGS, ShippedMapping, items};
use schemas::text::Text;
use serde_json::{Value, json};

use crate::cli::Done;
use crate::cli::output::{Output, table, text};
use crate::cli::time::shown as shown_time;
use crate::permission::ActError;
use crate::reads::intake::DryRun;

/// Reads that are shown.
const SHOWN: usize = 3;

/// How files are read.
pub(super) struct How {
    pub(super) format: String,
    pub(super) mapping: Option<String>,
    pub(super) camera: Option<Text>,
    pub(super) zone: Option<String>,
}

impl How {
    fn options(self) -> Result<Options, ActError> {
        let unfit = |said: &dyn std::fmt::Display| ActError::usage(said.to_string());
        let mapping = self.mapping.map(|text| text.parse::<Mapping>().map(Arc::new)).transpose();
        let zone = self.zone.as_deref().map(str::parse).transpose();
        let options = Options {
            format: self.format.parse().map_err(|e| unfit(&e))?,
            mapping: mapping.map_err(|e| unfit(&e))?,
            camera: self.camera,
            zone: zone.map_err(|e| unfit(&e))?,
            ..Options::default()
        };
        options.check().map_err(|e| unfit(&e))?;
        Ok(options)
    }
}

/// What a mapping may say, or one of those that come with the program.
pub(super) fn shown(example: Option<&str>, output: Output) -> Result<Done, ActError> {
    let line = |one: &ShippedMapping| json!({ "name": one.name, "about": one.about(), "untested": one.is_untested() });
    if let Some(name) = example {
        let Some(one) = SHIPPED_MAPPINGS.iter().find(|one| one.name == name) else {
            let names: Vec<&str> = SHIPPED_MAPPINGS.iter().map(|one| one.name).collect();
            return Err(ActError::usage(format!(
                "no mapping `{name}` comes with the program; there are {}",
                names.join(", ")
            )));
        };
        let value = json!({
            "name": one.name, "about": one.about(), "untested": one.is_untested(),
            "text": one.text,
        });
        output.object(&value, || one.text.trim_end().to_owned());
        return Ok(Done::Ok);
    }
    let all: Vec<Value> = SHIPPED_MAPPINGS.iter().map(line).collect();
    output.object(&json!({ "reference": MAPPING_REFERENCE, "mappings": all }), || {
        let row = |one: &ShippedMapping| vec![one.name.to_owned(), one.about()];
        let rows: Vec<Vec<String>> = SHIPPED_MAPPINGS.iter().map(row).collect();
        let list = table(&["mapping", "for"], &rows);
        format!(
            "{MAPPING_REFERENCE}\nThese come with the program; `accord reads mapping --example NAME` prints one, and `accord \
             reads import --dry-run` tries one.\n\n{list}"
        )
    });
    Ok(Done::Ok)
}

/// Reads files as an import would, and stores nothing.
pub(super) fn dry_run(how: How, files: &[PathBuf], output: Output) -> Result<Done, ActError> {
    let options = how.options()?;
    for path in files {
        let name = path.display().to_string();
        let unreadable =
            |e: std::io::Error| ActError::usage(format!("`{name}` cannot be read: {e}"));
        let file: Box<dyn Read> = match path == Path::new("-") {
            true => Box::new(std::io::stdin()),
            false => Box::new(std::fs::File::open(path).map_err(unreadable)?),
        };
        let mut run = DryRun::at(Clock::system().now());
        for item in items(options.clone(), file) {
            let item =
                item.map_err(|e| ActError::usage(format!("`{name}`: {e}; nothing was stored")))?;
            run.take(item, SHOWN);
        }
        run.summary.file = name.parse().unwrap_or_default();
        let value = json!({ "summary": run.summary, "reads": run.reads });
        output.object(&value, || described(&run));
    }
    Ok(Done::Ok)
}

fn described(run: &DryRun) -> String {
    let row = |read: &schemas::read::Read| {
        let value = serde_json::to_value(read).unwrap_or_default();
        let place = read.location.map(|at| format!("{}, {}", at.latitude(), at.longitude()));
        let vehicle = &read.vehicle;
        let words = [&vehicle.color, &vehicle.make, &vehicle.model, &vehicle.body];
        let words: Vec<&str> = words.into_iter().flatten().map(Text::as_str).collect();
        vec![
            text(&value, "plate").to_owned(),
            text(&value, "plate_raw").to_owned(),
            text(&value, "plate_state").to_owned(),
            shown_time(text(&value, "at")),
            text(&value, "camera").to_owned(),
            place.unwrap_or_default(),
            words.join(" "),
        ]
    };
    let rows: Vec<Vec<String>> = run.reads.iter().map(row).collect();
    let heads = ["plate", "as written", "state", "seen", "camera", "place", "vehicle"];
    let mut said = table(&heads, &rows);
    for line in run.summary.lines() {
        said.push_str(&format!("\n  {line}"));
    }
    let summary = &run.summary;
    said.push_str(&format!(
        "\n{}: {} reads, {} without a read, {} rejected; nothing was stored",
        summary.file, summary.stored, summary.empty, summary.rejected
    ));
    said
}
