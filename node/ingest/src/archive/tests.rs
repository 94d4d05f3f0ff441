//! Archives that are honest, damaged, and meant to harm.

use std::io::{Read as _, Write as _};

use super::*;
use crate::{Format, Item, Options, items};

/// An archive of files, each deflated.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = rawzip::ZipArchiveWriter::new(Vec::new());
    for (name, bytes) in files {
        let (mut entry, config) =
            archive.new_file(name).compression_method(CompressionMethod::DEFLATE).start().unwrap();
        let packed = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::best());
        let mut writer = config.wrap(packed);
        writer.write_all(bytes).unwrap();
        let (packed, descriptor) = writer.finish().unwrap();
        packed.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap()
}

fn told(bytes: &[u8]) -> Vec<String> {
    items(Format::Auto, bytes)
        .map(|item| match item {
            Ok(Item::Read(one)) => one.read.plate.to_string(),
            Ok(Item::Rejected(one)) => one.to_string(),
            Ok(Item::Empty(one)) => format!("{}: {}", one.at, one.what),
            Ok(Item::Said(note)) => note.to_string(),
            Err(error) => error.to_string(),
        })
        .collect()
}

const REKOR: &[u8] = include_bytes!("../../tests/fixtures/rekor_group_v2.json");
const NATIVE: &[u8] = include_bytes!("../../tests/fixtures/native.jsonl");

#[test]
fn the_files_of_an_archive_are_read_one_after_the_other() {
    let found = told(include_bytes!("../../tests/fixtures/reads.zip"));
    assert_eq!(found[0], "8KTR306");
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[3].contains("`export/frame.jpg` is left out"), "{found:?}");
    let mut all = items(Format::Auto, &include_bytes!("../../tests/fixtures/reads.zip")[..]);
    assert_eq!(all.by_ref().count(), 4);
    assert_eq!(all.records(), 3);
}

#[test]
fn a_file_that_cannot_be_read_costs_no_other_and_is_told_by_its_name() {
    let inner = zip(&[("x.json", REKOR)]);
    let found = told(&zip(&[
        ("a/broken.jsonl", b"{\"x\":1}\n"),
        ("inner.zip", &inner),
        ("packed.gz", b"\x1F\x8B\x08\x00"),
        ("list.pdf", b"%PDF-1.7"),
        ("read me.txt", b"Reads of March"),
        ("\x1b[2J", b"root"),
        ("reads.json", REKOR),
    ]));
    for (nth, said) in [
        (0, "a/broken.jsonl, line 1: the record is in no known format"),
        (1, "inner.zip: the source cannot be read: it is an archive or a workbook inside another"),
        (2, "packed.gz: it is packed inside an archive"),
        (3, "list.pdf: the source cannot be read: it is a PDF"),
        (4, "read me.txt: the source begins with `Reads of March`"),
        (5, "\u{FFFD}[2J: the source begins with `root`"),
    ] {
        assert!(found[nth].starts_with(said), "{}", found[nth]);
    }
    assert_eq!(found[6], "8KTR306");
}

#[test]
fn an_archive_that_is_damaged_cut_off_or_hostile_is_refused_with_a_reason() {
    let good = zip(&[("reads.json", REKOR), ("native.jsonl", NATIVE)]);
    for length in [4, 100, good.len() / 2, good.len() - 10] {
        let found = told(&good[..length]);
        assert!(found[0].contains("may be cut off"), "{length}: {found:?}");
    }
    // A byte of the packed data.
    let mut spoilt = good.clone();
    spoilt[200] ^= 0x55;
    assert!(told(&spoilt).iter().any(|said| said.contains("is damaged")), "{:?}", told(&spoilt));
    // Out of proportion.
    let large = vec![b' '; 40 << 20];
    let bomb = zip(&[("a.json", &large), ("b.json", &large)]);
    let found = told(&bomb);
    assert!(found.iter().any(|said| said.contains("unpacks to more than 200 times")), "{found:?}");
    // Every name of the list leads to the same bytes.
    let names: Vec<String> = (0..9).map(|n| format!("{n}.json")).collect();
    let mut twice = zip(&names.iter().map(|name| (name.as_str(), REKOR)).collect::<Vec<_>>());
    let record = |n: usize, all: &[u8]| {
        let heads = all.windows(4).enumerate().filter(|(_, four)| four == b"PK\x01\x02");
        heads.map(|(at, _)| at).nth(n).unwrap()
    };
    let (first, second) = (record(0, &twice), record(1, &twice));
    let offset: Vec<u8> = twice[first + 42..first + 46].to_vec();
    twice[second + 42..second + 46].copy_from_slice(&offset);
    let found = told(&twice);
    assert!(found[0].contains("share bytes"), "{found:?}");
    // What another program would take for an empty file.
    assert!(told(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")[0].contains("no file in it"));
    // Encrypted.
    let mut locked = good;
    let at = record(0, &locked);
    locked[at + 8] |= 1;
    assert!(told(&locked)[0].contains("reads.json: it is encrypted"), "{:?}", told(&locked));
}

#[test]
fn where_archives_are_not_taken_they_are_named() {
    let options = Options { no_archives: true, ..Options::default() };
    let bytes = zip(&[("reads.json", REKOR)]);
    let error = items(options, bytes.as_slice()).next().unwrap().unwrap_err().to_string();
    assert!(error.contains("sources over HTTPS do not send"), "{error}");
}

#[test]
fn too_many_files_and_too_many_bytes_are_refused() {
    let names: Vec<String> = (0..=MOST_FILES).map(|n| n.to_string()).collect();
    let many = zip(&names.iter().map(|name| (name.as_str(), &b""[..])).collect::<Vec<_>>());
    assert!(told(&many)[0].contains("more than 10000 files"));
    let mut endless = b"PK\x03\x04".chain(io::repeat(0));
    let error = Archive::read(&mut endless).err().unwrap().to_string();
    assert!(error.contains("more than 67108864 bytes"), "{error}");
}
