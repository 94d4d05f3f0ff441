//! Where documents begin and end, what they say, and what is never followed.

use super::*;
use proptest::prelude::*;

fn framed(source: &[u8]) -> Vec<String> {
    let mut documents = Documents::new(source);
    let mut all = Vec::new();
    while let Some(one) = documents.next().unwrap() {
        all.push(match one {
            Framed::Record { position, bytes } => {
                format!("{position}: {}", String::from_utf8_lossy(bytes))
            }
            Framed::Broken { position, error } => format!("{position}! {error}"),
        });
    }
    all
}

#[test]
fn documents_are_found_however_they_are_laid_out() {
    let cut = "the record is not closed before the next begins; it may be cut off";
    let end = "the file ends inside the record; it may be cut off";
    let table: &[(&str, &[&str])] = &[
        ("", &[]),
        (" \r\n\u{FEFF}", &[]),
        ("<a/>", &["line 1: <a/>"]),
        (
            "<a>1</a><a>2</a>\n<b/>",
            &["line 1: <a>1</a>", "line 1, record 2: <a>2</a>", "line 2: <b/>"],
        ),
        (
            "\u{FEFF}<?xml version='1.0'?>\n<a b='1'>\n</a >\n<?xml version='1.0'?><a/>",
            &[
                "line 1: <?xml version='1.0'?>\n<a b='1'>\n</a >",
                "line 4: <?xml version='1.0'?><a/>",
            ],
        ),
        ("<!-- > <a> -->\n<a/>", &["line 2: <a/>"]),
        ("<a><ab></ab></a>", &["line 1: <a><ab></ab></a>"]),
        ("<a><b>\n<a>2</a>", &[&format!("line 1! {cut}"), "line 2: <a>2</a>"]),
        ("<a>text\n<?xml?><a/>", &[&format!("line 1! {cut}"), "line 2: <?xml?><a/>"]),
        ("<a/>\n<a><b></b>", &["line 1: <a/>", &format!("line 2! {end}")]),
        (
            "junk <a/> more",
            &[
                "line 1! `junk` is no record; expected an XML document",
                "line 1, record 2: <a/>",
                "line 1, record 3! `more` is no record; expected an XML document",
            ],
        ),
        (
            "<!DOCTYPE a [<!ENTITY b 'c'>]>\n<a>&b;</a>\n<a/>",
            &["line 1: <!DOCTYPE a [<!ENTITY b 'c'>]>\n<a>&b;</a>", "line 3: <a/>"],
        ),
    ];
    for (source, expected) in table {
        assert_eq!(framed(source.as_bytes()), *expected, "{source}");
    }
}

#[test]
fn a_document_past_the_limit_costs_itself() {
    let large = "x".repeat(LARGEST_RECORD);
    let source = format!("<a><b>{large}</b></a>\n<a/>\n<a>{large}{large}\n<a/>");
    let found = framed(source.as_bytes());
    assert_eq!(found.len(), 4);
    assert_eq!(
        found[0],
        "line 1! the record is larger than 8388608 bytes; at most that many are taken"
    );
    assert_eq!(found[1], "line 2: <a/>");
    assert_eq!(found[3], "line 4: <a/>");
}

#[test]
fn a_document_is_a_tree_of_names_and_texts() {
    let tree =
        parse("<n:a xmlns:n='u'><b> 1 &amp;&#x41;<![CDATA[<2>]]> </b><c/><d><e>x</e></d></n:a>")
            .unwrap();
    assert_eq!(tree.name, "a");
    assert_eq!(tree.scalar("b"), Scalar::Text("1 &A<2>".into()));
    assert_eq!(tree.scalar("c"), Scalar::Missing);
    assert_eq!(tree.scalar("d/e"), Scalar::Text("x".into()));
    assert_eq!(tree.scalar("d"), Scalar::Nested("a group of elements"));
    assert_eq!(tree.scalar("d/f/g"), Scalar::Missing);
}

#[test]
fn what_is_no_plain_document_is_refused() {
    let deep = "<a>".repeat(33) + &"</a>".repeat(33);
    let many = format!("<a>{}</a>", "<b/>".repeat(10_001));
    let laughs = "<!DOCTYPE a [<!ENTITY b 'ha'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>";
    for (source, said) in [
        (laughs, "a document type declaration is not read"),
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "a document type declaration is not read"),
        ("<a>&b;</a>", "the entity `&b;` is not read; expected `&amp;`"),
        ("<a>&#0;</a>", "is not read"),
        ("<a>&#xD800;</a>", "is not read"),
        ("<a>& b</a>", "the record is no XML at byte"),
        ("<a><b></a></b>", "the record is no XML at byte"),
        ("<a></a><b/>", "a second document begins"),
        ("<a/><b></b>", "a second document begins"),
        ("<a/>text", "text stands outside the document"),
        ("<a><b>", "`<b>` is not closed; the record may be cut off"),
        ("<!-- a -->", "the record holds no element"),
        (&deep, "nest deeper than 32"),
        (&many, "has more than 10000 elements"),
    ] {
        let error = parse(source).unwrap_err().into_sentence();
        assert!(error.contains(said), "{said}: {error}");
    }
}

proptest! {
    #[test]
    fn no_bytes_hang_or_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(framed(&bytes).len() <= bytes.len());
        drop(parse(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn no_tags_hang_or_panic(text in "[<>/!?&;ab \n'=\\[\\]-]{0,200}") {
        prop_assert!(framed(text.as_bytes()).len() <= text.len());
        drop(parse(&text));
    }

    #[test]
    fn texts_are_read_as_they_were(text in "[ -~é&&[^\r]]{1,40}") {
        let escaped = quick_xml::escape::escape(&text);
        let tree = parse(&format!("<a><b>{escaped}</b></a>")).unwrap();
        prop_assert_eq!(&tree.child("b").unwrap().text, &text);
    }
}
