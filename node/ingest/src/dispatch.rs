//! A record goes to the parser of its format: the one that was named, or the one whose fields it has.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::encoding;
use crate::field::Fault;
use crate::format::{Format, SUPPORTED};
use crate::json::syntax;
use crate::outcome::RecordSink;
use crate::relaxed::relaxed;
use crate::xml::{self, Element};
use crate::{axis, dahua, genetec, hikvision, native, platerecognizer, rekor};

/// The fields that tell formats of JSON apart.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Marks {
    data_type: Option<IgnoredAny>,
    openalpr_webhook: Option<IgnoredAny>,
    hook: Option<IgnoredAny>,
    data: Option<IgnoredAny>,
    results: Option<IgnoredAny>,
    processing_time: Option<IgnoredAny>,
    camera_id: Option<IgnoredAny>,
    timestamp: Option<IgnoredAny>,
    params: Option<IgnoredAny>,
    #[serde(rename = "Code")]
    code: Option<IgnoredAny>,
    #[serde(rename = "Data")]
    data_upper: Option<IgnoredAny>,
    #[serde(rename = "TrafficCar")]
    traffic_car: Option<IgnoredAny>,
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
            (
                Format::PlateRecognizer,
                (self.hook.is_some() && self.data.is_some())
                    || (self.results.is_some()
                        && self.data_type.is_none()
                        && (self.processing_time.is_some()
                            || (self.camera_id.is_some() && self.timestamp.is_some()))),
            ),
            (
                Format::Dahua,
                self.params.is_some()
                    || (self.code.is_some() && self.data_upper.is_some())
                    || self.traffic_car.is_some(),
            ),
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

pub(crate) fn json(format: Format, bytes: &[u8], mut sink: RecordSink<'_>) {
    let (text, recoded) = encoding::text(bytes);
    sink.recoded = recoded;
    let sink = &mut sink;
    let mut body = text.as_ref();
    let mended;
    // Also for a named format: this pass is the one whose syntax errors have a position.
    let mut known = serde_json::from_str::<Marks>(body);
    if known.as_ref().is_err_and(serde_json::Error::is_syntax)
        && let Some(meant) = relaxed(body)
    {
        mended = meant;
        body = &mended;
        known = serde_json::from_str::<Marks>(body);
    }
    let known = known.map_err(|e| syntax(e, sink.position));
    let known =
        known.and_then(|marks| if format == Format::Auto { marks.format() } else { Ok(format) });
    match known {
        Err(fault) => sink.put("", Err(fault)),
        Ok(Format::Rekor) => rekor::read(body, sink),
        Ok(Format::PlateRecognizer) => platerecognizer::read(body, sink),
        Ok(Format::Genetec) => genetec::read_json(body, sink),
        Ok(Format::Axis) => axis::read(body, sink),
        Ok(Format::Dahua) => dahua::read(body, sink),
        Ok(Format::Native) => native::read(body, sink),
        Ok(format @ (Format::Hikvision | Format::Auto)) => no_such("JSON", format, sink),
        Ok(format @ (Format::PlateRecognizerCsv | Format::Csv)) => no_such("JSON", format, sink),
    }
}

pub(crate) fn xml(format: Format, bytes: &[u8], mut sink: RecordSink<'_>) {
    let (text, recoded) = encoding::document(bytes);
    sink.recoded = recoded;
    let sink = &mut sink;
    let tree = match xml::parse(&text) {
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
                    "`<{name}>` is in no known format; expected `<Plate>`, `<AutoVu>`, `<Hotlist>` or \
                     `<Read>` of Genetec, or `<EventNotificationAlert>` of Hikvision; other XML is read \
                     by a mapping"
                ))),
            );
        }
    }
}

fn format_of(tree: &Element) -> Option<Format> {
    match tree.name.as_str() {
        "Plate" | "AutoVu" | "Hotlist" | "Vehicle" | "Read" => Some(Format::Genetec),
        "EventNotificationAlert" => Some(Format::Hikvision),
        _ => None,
    }
}

fn no_such(what: &str, format: Format, sink: &mut RecordSink<'_>) {
    sink.put("", Err(Fault::new(format_args!("the record is {what}, not `{format}`"))));
}
