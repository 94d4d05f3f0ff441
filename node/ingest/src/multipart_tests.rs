//! Where parts begin and end, and which of them are documents and photographs.

use super::*;
use proptest::prelude::*;

const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0";

fn bodies(source: &[u8]) -> Vec<String> {
    let mut parts = Parts::new(source);
    let mut all = Vec::new();
    while let Some(body) = parts.next().unwrap() {
        let document = match &body.document {
            Some(Ok(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            Some(Err(error)) => format!("! {error}"),
            None => "nothing".into(),
        };
        let views: Vec<String> = body
            .photographs
            .iter()
            .map(|one| format!("{:?} {}", one.view, one.bytes.len()))
            .chain(body.left_out.iter().map(|note| note.said.clone()))
            .collect();
        all.push(format!("{}: {document} [{}]", body.position(), views.join(", ")));
    }
    all
}

fn body(parts: &[(&str, &[u8])], end: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (header, content) in parts {
        bytes.extend(format!("--b\r\n{header}\r\n\r\n").into_bytes());
        bytes.extend(*content);
        bytes.extend(b"\r\n");
    }
    bytes.extend(end.as_bytes());
    bytes
}

#[test]
fn what_stands_before_the_boundary_and_how_a_part_is_written_cost_nothing() {
    let json = "Content-Disposition: form-data; name=\"json\"";
    let packed = STANDARD.encode(JPEG);
    let image = "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64";
    let wide: Vec<u8> = "\u{FEFF}{\"a\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let plain = body(&[(json, &wide), (image, packed.as_bytes())], "--b--\r\n");
    for before in
        ["", "POST /reads HTTP/1.1\r\nContent-Type: multipart/form-data\r\n\r\n", "words\n"]
    {
        let source = [before.as_bytes(), &plain].concat();
        assert_eq!(bodies(&source), ["part 1: {\"a\":1} [Context 4]"], "{before}");
    }
}

#[test]
fn documents_have_the_photographs_beside_them() {
    let upload = "Content-Disposition: form-data; name=\"upload\"; filename=\"a.jpg\"";
    let plate = "content-disposition: form-data; name=\"licensePlatePicture.jpg\"";
    let json = "Content-Disposition: form-data; name=\"json\"";
    for (parts, end, expected) in [
        (
            vec![(json, &b"{\"a\":1}"[..]), (upload, JPEG)],
            "--b--\r\n",
            vec!["part 1: {\"a\":1} [Context 4]"],
        ),
        (
            vec![(upload, JPEG), (json, b"{\"a\":1}")],
            "--b--",
            vec!["part 2: {\"a\":1} [Context 4]"],
        ),
        (
            vec![("X: y", b"<a/>"), (plate, JPEG), ("X: y", b"<b/>"), (upload, JPEG)],
            "--b--\r\n",
            vec!["part 1: <a/> [Plate 4]", "part 3: <b/> [Context 4]"],
        ),
        (
            vec![("X: y", b"hello"), (json, b"{}"), ("X: y", b"")],
            "--b--\r\n",
            vec!["part 2: {} []"],
        ),
        (
            vec![(upload, JPEG)],
            "--b--\r\n",
            vec![
                "part 1: ! no part of the body holds a record; expected one of JSON or XML [Context 4]",
            ],
        ),
        (vec![("X: y", b"hello")], "--b--\r\n", vec![]),
        // Cut off after the document, and inside the photograph.
        (vec![(json, b"{}")], "", vec!["part 1: {}\r\n []"]),
        (
            vec![(json, b"{}"), (upload, JPEG)],
            "",
            vec![
                "part 1: {} [photograph `part 2` is left out: the body ends inside it; it may be cut off]",
            ],
        ),
        (vec![], "--b--\r\n", vec![]),
    ] {
        assert_eq!(bodies(&body(&parts, end)), expected);
    }
}

#[test]
fn parts_are_bounded() {
    let json = "Content-Disposition: form-data; name=\"json\"";
    let large = vec![b'x'; LARGEST_RECORD + 3];
    let mut document = b"{".to_vec();
    document.extend(&large);
    let found = bodies(&body(&[(json, &document), (json, b"{}")], "--b--"));
    assert_eq!(
        found,
        [
            "part 1: ! the record is larger than 8388608 bytes; at most that many are taken []",
            "part 2: {} []"
        ]
    );
    let mut many = vec![(json, &b"{}"[..])];
    many.extend(std::iter::repeat_n(("X: y", JPEG), 30));
    let found = bodies(&body(&many, "--b--"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].matches("Context 4").count(), 8);
    assert_eq!(found[0].matches("a read has at most 8 photographs").count(), 8, "{}", found[0]);
    // A boundary that is none, and headers without an end.
    let none = format!("--{}\r\n", "b".repeat(10_000));
    assert_eq!(bodies(none.as_bytes()), ["part 0: ! the multipart body has no boundary []"]);
    let headers = body(&[(&"X: y\r\n".repeat(100_000), b"{}")], "--b--");
    assert!(bodies(&headers).len() <= 1);
}

proptest! {
    #[test]
    fn what_stands_in_a_part_is_read_as_it_was(
        content in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut photograph = JPEG.to_vec();
        photograph.extend(content);
        prop_assume!(!photograph.windows(4).any(|w| w == b"\n--b"));
        let bytes = body(&[("X: y", b"{}"), ("X: y", &photograph)], "--b--\r\n");
        let found = Parts::new(bytes.as_slice()).next().unwrap().unwrap();
        prop_assert_eq!(&found.photographs[0].bytes, &photograph);
    }

    #[test]
    fn no_bytes_hang_or_panic(text in "(--b|\r\n|\n|--|X: y|\\{\\}|<a/>|a){0,60}") {
        prop_assert!(bodies(text.as_bytes()).len() <= text.len() + 1);
    }
}
