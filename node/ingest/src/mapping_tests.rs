//! What a mapping may say; times and the hours that clocks skip or show twice.

use super::*;
use proptest::prelude::*;
use schemas::time::Timestamp;

const LEAST: &str = "source = \"x\"\n[columns]\nplate = \"P\"\nat = \"T\"\n[time]\n\
                     formats = [\"%Y-%m-%d %H:%M:%S\"]\nzone = \"America/Los_Angeles\"\n";

fn times(formats: &str, more: &str) -> Times {
    let text = format!(
        "source = \"x\"\n[columns]\nplate = \"P\"\nat = \"T\"\n[time]\nformats = {formats}\n{more}\n"
    );
    text.parse::<Mapping>().unwrap_or_else(|error| panic!("{text}: {error}")).times
}

fn local(times: &Times, text: &str) -> Result<String, String> {
    times
        .instant(text, "T", None)
        .map(|read| read.at.to_string())
        .map_err(|fault| fault.into_sentence())
}

#[test]
fn what_no_mapping_may_say_is_refused_by_name() {
    assert!(LEAST.parse::<Mapping>().is_ok());
    for (from, to, said) in [
        ("source = \"x\"", "sauce = \"x\"", "unknown field `sauce`"),
        ("source = \"x\"", "source = \"X!\"", "`X!` is not a source"),
        ("source = \"x\"", "source = \"x\"\nlayout = \"sql\"", "unknown variant `sql`"),
        ("source = \"x\"", "source = \"x\"\ndelimiter = \"ab\"", "expected one ASCII character"),
        ("source = \"x\"", "source = \"x\"\ndelimiter = \"\\\"\"", "are the same character"),
        ("source = \"x\"", "source = \"x\"\nencoding = \"klingon\"", "encoding = `klingon`"),
        ("source = \"x\"", "source = \"x\"\nplace_order = \"x,y\"", "place_order = `x,y`"),
        (
            "plate = \"P\"",
            "plate = { column = \"P\", pattern = \"(\" }",
            "pattern `(` cannot be used",
        ),
        ("plate = \"P\"", "plate = { pattern = \"x\" }", "either `column` or `first`"),
        (
            "source = \"x\"",
            "source = \"x\"\nskip_where = [{ column = \"K\" }]",
            "has `is` or `is_not`, with 1 to 16 words",
        ),
        ("source = \"x\"", "source = \"x\"\nconfidence = \"points\"", "confidence is `points`"),
        ("source = \"x\"", "source = \"x\"\nrecords = \"a\"", "goes with layout = \"json\""),
        ("source = \"x\"", "source = \"x\"\nskip_beginning = [\"\"]", "none empty"),
        ("source = \"x\"", "source = \"x\"\nheader = false", "the table has no header"),
        ("plate = \"P\"", "plate = \"P\"\nmodle = \"M\"", "unknown field `modle`"),
        ("plate = \"P\"", "plate = 0", "expected a number from 1"),
        ("plate = \"P\"", "plate = []", "has 1 to 8 of them"),
        ("plate = \"P\"\n", "", "missing field `plate`"),
        ("plate = \"P\"", "plate = \"P\"\nconfidence = \"C\"", "confidence is `missing`"),
        ("America/Los_Angeles", "America/Los_Angles", "time.zone `America/Los_Angles`"),
        ("America/Los_Angeles", "../../etc/localtime", "time.zone `../../etc/localtime`"),
        ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "does not say the whole date, hour and minute"),
        ("%Y-%m-%d %H:%M:%S", "%m-%d %H:%M:%S", "time format `%m-%d %H:%M:%S`"),
        ("%Y-%m-%d %H:%M:%S", "yyyy-MM-dd", "time format `yyyy-MM-dd`"),
        ("[\"%Y-%m-%d %H:%M:%S\"]", "[]", "has 0 formats; expected 1 to 8"),
        ("[time]", "[constants]\nstate = \"XX\"\n[time]", "constants.state = `XX`"),
        ("[time]", "[constants]\nlatitude = 1.0\n[time]", "go together"),
        ("[time]", "[constants]\nlatitude = 91.0\nlongitude = 1.0\n[time]", "is no place"),
    ] {
        let text = LEAST.replacen(from, to, 1);
        assert_ne!(text, LEAST, "{from}");
        let error = text.parse::<Mapping>().unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
    let fixed = LEAST.replace("source = \"x\"", "source = \"x\"\nlayout = \"fixed\"");
    for range in ["0-8", "8", "9-8", "1-", "a-b", "1-999999999"] {
        let error = fixed.replace("\"P\"", &format!("\"{range}\"")).parse::<Mapping>().unwrap_err();
        assert!(error.to_string().contains("expected characters such as `9-16`"), "{error}");
    }
    let json = LEAST.replace("source = \"x\"", "source = \"x\"\nlayout = \"json\"");
    for path in ["", "a..b", "a[", "a[x]", "a[1]b", ".a", "$a"] {
        let error = json.replace("\"P\"", &format!("\"{path}\"")).parse::<Mapping>().unwrap_err();
        assert!(error.to_string().contains("expected such as `vehicle.make`"), "{path}: {error}");
    }
    assert!(" ".repeat(100_000).parse::<Mapping>().is_err());
}

#[test]
fn times_are_read_in_the_first_format_that_reads_them() {
    let zone = "zone = \"America/Los_Angeles\"";
    for (format, text, expected) in [
        ("%m/%d/%Y - %H:%M:%S", "10/07/2021 - 16:30:51", "2021-10-07T23:30:51.000Z"),
        ("%m/%d/%Y %I:%M:%S %p", "3/1/2026 9:04:05 AM", "2026-03-01T17:04:05.000Z"),
        ("%Y-%m-%d %H:%M:%S%.f", "2026-03-01 09:04:05.25", "2026-03-01T17:04:05.250Z"),
        ("%Y%m%d%H%M%S", "20260301090405", "2026-03-01T17:04:05.000Z"),
        ("%d %b %Y %H:%M", "01 Mar 2026 09:04", "2026-03-01T17:04:00.000Z"),
        ("%Y-%m-%d %H:%M:%S %z", "2026-03-01 18:04:05 +0100", "2026-03-01T17:04:05.000Z"),
        ("rfc3339", "2026-03-01T09:04:05-08:00", "2026-03-01T17:04:05.000Z"),
        ("unix_seconds", "1772384645", "2026-03-01T17:04:05.000Z"),
        ("unix_seconds", "1772384645.25", "2026-03-01T17:04:05.250Z"),
        ("unix_millis", "1772384645250", "2026-03-01T17:04:05.250Z"),
    ] {
        let times = times(&format!("[\"{format}\"]"), zone);
        assert_eq!(local(&times, text), Ok(expected.to_owned()), "{format}");
    }
    let two = times("[\"%m/%d/%Y %H:%M\", \"%d.%m.%Y %H:%M\"]", "zone = \"UTC\"");
    assert_eq!(local(&two, "01.03.2026 17:04"), Ok("2026-03-01T17:04:00.000Z".to_owned()));
    assert_eq!(
        local(&two, "2026-03-01"),
        Err("column `T` is `2026-03-01`; expected a time as `%m/%d/%Y %H:%M` or `%d.%m.%Y %H:%M`"
            .to_owned())
    );
    for (text, expected) in [
        ("11/28/26 10:27", "2026-11-28T18:27:00.000Z"),
        ("11/28/2026 2:27:05 p.m.", "2026-11-28T22:27:05.000Z"),
        ("11/28/2026 2:27 pm", "2026-11-28T22:27:00.000Z"),
        ("46354.4354166667", "2026-11-28T18:27:00.000Z"),
        ("46354 0.4354166667", "2026-11-28T18:27:00.000Z"),
        ("11/28/2026 2:27:05\u{202F}PM", "2026-11-28T22:27:05.000Z"),
        ("11/28/2026 10:27:05.123456789123", "2026-11-28T18:27:05.123Z"),
        ("11/01/2026 01:30:00 PDT", "2026-11-01T08:30:00.000Z"),
        ("11/01/2026 01:30:00 (PST)", "2026-11-01T09:30:00.000Z"),
        ("11/01/2026 01:30:00 EST", "2026-11-01T06:30:00.000Z"),
    ] {
        let many = times(
            "[\"%m/%d/%Y %H:%M:%S\", \"%m/%d/%Y %H:%M\", \"%m/%d/%y %H:%M\", \"%m/%d/%Y %I:%M:%S %p\", \"%m/%d/%Y %I:%M %p\"]",
            zone,
        );
        assert_eq!(local(&many, text), Ok(expected.to_owned()), "{text}");
    }
    // In no format of the mapping, and yet in one way only.
    let one = times("[\"%m/%d/%Y %H:%M:%S\"]", zone);
    for (text, expected) in [
        ("11/28/2026 10:27", "2026-11-28T18:27:00.000Z"),
        ("11/28/2026 24:00:00", "2026-11-29T08:00:00.000Z"),
        ("11/28/2026 10:27:05 -0500", "2026-11-28T15:27:05.000Z"),
        ("11/28/2026 10:27:05 GMT-0500 (EST)", "2026-11-28T15:27:05.000Z"),
        ("11/28/2026 10:27:05 America/Denver", "2026-11-28T17:27:05.000Z"),
        ("2026-11-28 10:27:05", "2026-11-28T18:27:05.000Z"),
        ("2026-11-28T10:27:05+0000", "2026-11-28T10:27:05.000Z"),
        ("46354,4354166667", "2026-11-28T18:27:00.000Z"),
        ("11/28/2026 10:27:05,25", "2026-11-28T18:27:05.250Z"),
        ("11/28/2026, 10:27:05", "2026-11-28T18:27:05.000Z"),
        ("11/28/2026 10:27:05 Eastern Standard Time", "2026-11-28T15:27:05.000Z"),
        ("1795890425", "2026-11-28T18:27:05.000Z"),
        ("1795890425250", "2026-11-28T18:27:05.250Z"),
        ("\u{FEFF}11/28/2026\u{3000}10:27:05", "2026-11-28T18:27:05.000Z"),
    ] {
        assert_eq!(local(&one, text), Ok(expected.to_owned()), "{text}");
    }
    let python = times("[\"%Y-%m-%d %H:%M:%S,%f\"]", zone);
    assert_eq!(
        local(&python, "2026-11-28 10:27:05,250"),
        Ok("2026-11-28T18:27:05.250Z".to_owned())
    );
    for text in [
        "2026-11-28",
        "0000000001",
        "11-28-2026 10:27:05",
        "28/11/2026 10:27:05",
        "11/28/2026 10:27:05 IST",
    ] {
        assert!(local(&one, text).is_err(), "{text}");
    }
    // A word in the format, or a directive for one, says that cells have one.
    for format in ["%m/%d/%Y %H:%M:%S PDT", "%m/%d/%Y %H:%M:%S %Z"] {
        let words = times(&format!("[\"{format}\"]"), "");
        assert_eq!(
            local(&words, "11/01/2026 01:30:00 PST"),
            Ok("2026-11-01T09:30:00.000Z".to_owned())
        );
        assert!(local(&words, "11/01/2026 01:30:00").unwrap_err().contains("--zone"));
    }
    let units = times("[\"unix_millis\", \"unix_seconds\"]", "");
    for text in ["1772384645250", "1772384645.25"] {
        assert_eq!(local(&units, text), Ok("2026-03-01T17:04:05.250Z".to_owned()), "{text}");
    }
    let seconds = times("[\"unix_seconds\"]", "");
    assert_eq!(local(&seconds, "1772384645250"), Ok("2026-03-01T17:04:05.250Z".to_owned()));
    for text in ["-5", "7", "0x10", "1e9", "NaN", "1.-5"] {
        assert!(local(&seconds, text).is_err(), "{text}");
    }
    let old = times("[\"%Y-%m-%d %H:%M\"]", "zone = \"UTC\"");
    assert!(local(&old, "1970-01-01 00:07").unwrap_err().contains("clock was not set"));
    assert!(local(&old, "9999-01-01 00:07").unwrap_err().contains("another format"));
}

#[test]
fn the_hour_that_clocks_skip_is_rejected_and_of_the_one_shown_twice_the_earlier_is_taken() {
    let format = "[\"%Y-%m-%d %H:%M:%S\"]";
    let with = |fold: &str| times(format, &format!("zone = \"America/Los_Angeles\"\n{fold}"));
    for fold in ["", "fold = \"earlier\"", "fold = \"later\"", "fold = \"reject\""] {
        let times = with(fold);
        let error = local(&times, "2026-03-08 02:30:00").unwrap_err();
        assert_eq!(
            error,
            "column `T` is `2026-03-08 02:30:00`, which no clock of America/Los_Angeles showed: it \
             was set forward over that hour"
        );
        assert_eq!(local(&times, "2026-03-08 01:59:59"), Ok("2026-03-08T09:59:59.000Z".into()));
        assert_eq!(local(&times, "2026-03-08 03:00:00"), Ok("2026-03-08T10:00:00.000Z".into()));
        assert_eq!(local(&times, "2026-11-01 00:59:59"), Ok("2026-11-01T07:59:59.000Z".into()));
        assert_eq!(local(&times, "2026-11-01 02:00:00"), Ok("2026-11-01T10:00:00.000Z".into()));
    }
    let twice = "2026-11-01 01:30:00";
    assert_eq!(local(&with(""), twice), Ok("2026-11-01T08:30:00.000Z".into()));
    assert_eq!(local(&with("fold = \"later\""), twice), Ok("2026-11-01T09:30:00.000Z".into()));
    let error = local(&with("fold = \"reject\""), twice).unwrap_err();
    assert!(error.contains("showed twice; the mapping rejects it"), "{error}");
}

proptest! {
    #[test]
    fn an_instant_written_as_local_time_is_read_as_itself_or_as_the_earlier_of_two(
        minutes in 0..40_000_000_i64,
    ) {
        let times = times("[\"%Y-%m-%d %H:%M:%S\"]", "zone = \"America/Los_Angeles\"");
        let instant = jiff::Timestamp::from_second(200_000_000 + minutes * 60).unwrap();
        let zone = times.zone.clone().unwrap();
        let text = instant.to_zoned(zone.time_zone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let found = times.instant(&text, "T", None).unwrap().at;
        let apart = Timestamp::from_millis(instant.as_millisecond()).unwrap().millis() - found.millis();
        prop_assert!(apart == 0 || apart == 3_600_000, "{text}: {apart}");
    }

    #[test]
    fn no_text_makes_a_mapping_panic(text in "[ -~\n]{0,300}") {
        drop(text.parse::<Mapping>());
    }

    #[test]
    fn no_time_format_panics(format in "[%a-zA-Z0-9:./ -]{0,40}", text in "[ -~]{0,40}") {
        let quoted = toml::Value::String(format).to_string();
        let mapping = LEAST.replace("\"%Y-%m-%d %H:%M:%S\"", &quoted).parse::<Mapping>();
        if let Ok(mapping) = mapping {
            drop(mapping.times.instant(&text, "T", None));
        }
    }
}
