//! JSON as programs write it that do not quite write JSON.
//!
//! Decides what of it is certain all the same: `NaN` and the like, which Python writes for no number, are
//! nothing; a comma before a closing bracket divides nothing; and a dictionary of Python, with its single
//! quotes, is the object that it prints. A read must not be lost for such a value beside its plate.

use crate::python;

/// Words outside of texts that are no values of JSON, and mean none.
const NO_VALUES: [&str; 5] = ["NaN", "-Infinity", "Infinity", "undefined", "nan"];

/// The JSON that a text was meant to be; `None` where nothing of the above is in it.
pub(crate) fn relaxed(text: &str) -> Option<String> {
    if text
        .get(..200.min(text.len()))
        .is_some_and(|begin| begin.contains('\'') && !begin.contains('"'))
    {
        return python::parse(text.trim()).ok().map(|value| value.to_string());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let end = end_of_text(rest)?;
            let (whole, after) = rest.split_at_checked(end)?;
            out.push_str(whole);
            rest = after;
            continue;
        }
        if let Some(word) = NO_VALUES.iter().find(|word| rest.starts_with(*word)) {
            out.push_str("null");
            rest = rest.get(word.len()..)?;
            changed = true;
            continue;
        }
        rest = rest.get(c.len_utf8()..)?;
        if c == ',' && rest.trim_start().starts_with(['}', ']']) {
            changed = true;
            continue;
        }
        out.push(c);
    }
    changed.then_some(out)
}

/// How long the text is that begins with a quote.
fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, b) in text.bytes().enumerate().skip(1) {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at.saturating_add(1)),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_is_certain_or_nothing() {
        for (text, meant) in [
            (r#"{"a":NaN,"b":"NaN, }","c":[-Infinity,]}"#, r#"{"a":null,"b":"NaN, }","c":[null]}"#),
            (r#"{"a":1, }"#, r#"{"a":1 }"#),
            (r#"{"a\"":nan}"#, r#"{"a\"":null}"#),
            ("{'a': None, 'b': True}", r#"{"a":null,"b":true}"#),
        ] {
            assert_eq!(relaxed(text).as_deref(), Some(meant), "{text}");
        }
        for text in [r#"{"a":1}"#, r#"{"a":"x"#, "{'a': f()}", "", r#"{"a":b}"#] {
            assert_eq!(relaxed(text), None, "{text}");
        }
    }
}
