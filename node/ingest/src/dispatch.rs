//! A record goes to the parser of its format: the one that was named, or the one whose fields it has.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::field::Fault;
use crate::format::{Format, SUPPORTED};
use crate::json::{syntax, text_of};
use crate::outcome::RecordSink;
use crate::xml::{self, Element};
use crate::{axis, genetec, hikvision, native, platerecognizer, rekor};

/// The fields that tell formats of JSON apart.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Marks {
    data_type: Option<IgnoredAny>,
    openalpr_webhook: Option<IgnoredAny>,
    hook: Option<IgnoredAny>,
    data: Option<IgnoredAny>,
    plate: Option<IgnoredAny>,
    plate_raw: Option<IgnoredAny>,
    record: Option<IgnoredAny>,
    #[serde(rename = "PlateRead")]
    plate_read: Option<IgnoredAny>,
    #[serde(rename = "LprCameraName")]
    lpr_camera_name: Option<IgnoredAny>,
    #[serde(rename = "plateUTF8")]
    plate_utf8: Option<IgnoredAny>,
    #[serde(rename = "carState")]
    car_state: Option<IgnoredAny>,
}

impl Marks {
    /// The one format whose fields the record has.
    fn format(&self) -> Result<Format, Fault> {
        let marked = [
            (Format::Rekor, self.data_type.is_some() || self.openalpr_webhook.is_some()),
            (Format::PlateRecognizer, self.hook.is_some() && self.data.is_some()),
            (
                Format::Native,
                self.plate_raw.is_some() || (self.plate.is_some() && self.record.is_some()),
            ),
            (Format::Genetec, self.plate_read.is_some() || self.lpr_camera_name.is_some()),
            (Format::Axis, self.plate_utf8.is_some() || self.car_state.is_some()),
        ];
        let mut formats = marked.iter().filter(|(_, is)| *is).map(|(format, _)| *format);
        match (formats.next(), formats.next()) {
            (Some(format), None) => Ok(format),
            (Some(one), Some(other)) => Err(Fault::new(format_args!(
                "the record has fields of both `{one}` and `{other}`; say which it is with --format"
            ))),
            (None, _) => Err(Fault::new(format_args!(
                "the record is in no known format; supported are {SUPPORTED}"
            ))),
        }
    }
}

pub(crate) fn json(format: Format, bytes: &[u8], sink: &mut RecordSink<'_>) {
    let known = text_of(bytes).and_then(|body| {
        // Also for a named format: this pass is the one whose syntax errors have a position.
        let marks = serde_json::from_str::<Marks>(body).map_err(|e| syntax(e, sink.position))?;
        let format = if format == Format::Auto { marks.format()? } else { format };
        Ok((body, format))
    });
    match known {
        Err(fault) => sink.put("", Err(fault)),
        Ok((body, Format::Rekor)) => rekor::read(body, sink),
        Ok((body, Format::PlateRecognizer)) => platerecognizer::read(body, sink),
        Ok((body, Format::Genetec)) => genetec::read_json(body, sink),
        Ok((body, Format::Axis)) => axis::read(body, sink),
        Ok((body, Format::Native)) => native::read(body, sink),
        Ok((_, format @ (Format::Hikvision | Format::Auto))) => no_such("JSON", format, sink),
        Ok((_, format @ (Format::PlateRecognizerCsv | Format::Csv))) => {
            no_such("JSON", format, sink);
        }
    }
}

pub(crate) fn xml(format: Format, bytes: &[u8], sink: &mut RecordSink<'_>) {
    let tree = match text_of(bytes).and_then(xml::parse) {
        Ok(tree) => tree,
        Err(fault) => return sink.put("", Err(fault)),
    };
    let of = format_of(&tree);
    match (format, of) {
        (Format::Auto | Format::Genetec, Some(Format::Genetec)) => genetec::read_xml(&tree, sink),
        (Format::Auto | Format::Hikvision, Some(Format::Hikvision)) => {
            hikvision::read(&tree, sink);
        }
        (format, Some(_)) => no_such("XML of another reader", format, sink),
        (_, None) => {
            let name = crate::field::clean(&tree.name, 40);
            sink.put(
                "",
                Err(Fault::new(format_args!(
                    "`<{name}>` is in no known format; expected `<Plate>` or `<AutoVu>` of Genetec, \
                     or `<EventNotificationAlert>` of Hikvision"
                ))),
            );
        }
    }
}

fn format_of(tree: &Element) -> Option<Format> {
    match tree.name.as_str() {
        "Plate" | "AutoVu" => Some(Format::Genetec),
        "EventNotificationAlert" => Some(Format::Hikvision),
        _ => None,
    }
}

fn no_such(what: &str, format: Format, sink: &mut RecordSink<'_>) {
    sink.put("", Err(Fault::new(format_args!("the record is {what}, not `{format}`"))));
}
