//! Python literals, which stand in cells of Plate Recognizer Stream's CSV.
//!
//! Decides only what a literal says. A strict part of the language: dictionaries with text keys,
//! lists, tuples, texts, numbers, `True`, `False` and `None`; nothing is evaluated. Depth and size
//! are bounded.

use serde_json::{Map, Number, Value};

/// How deep a literal may nest.
const DEEPEST: usize = 16;
/// The longest literal taken, in bytes.
pub const LONGEST: usize = 256 << 10;

/// Why a text is no literal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no Python literal at character {at}: {what}")]
pub struct LiteralError {
    /// Which character, from 1.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// The value of a literal: a dictionary becomes an object, a tuple a list.
///
/// # Errors
/// When the text is anything else than one literal.
pub fn parse(text: &str) -> Result<Value, LiteralError> {
    if text.len() > LONGEST {
        return Err(LiteralError { at: 1, what: "the text is too long for a literal" });
    }
    let mut parser = Parser { rest: text.chars().peekable(), at: 0 };
    let value = parser.value(0)?;
    parser.blank();
    match parser.rest.peek() {
        None => Ok(value),
        Some(_) => Err(parser.error("something stands after the literal")),
    }
}

struct Parser<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    at: usize,
}

impl Parser<'_> {
    fn error(&self, what: &'static str) -> LiteralError {
        LiteralError { at: self.at.saturating_add(1), what }
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.at = self.at.saturating_add(usize::from(next.is_some()));
        next
    }

    fn takes(&mut self, wanted: char) -> bool {
        let found = self.rest.peek() == Some(&wanted);
        if found {
            self.next();
        }
        found
    }

    fn blank(&mut self) {
        while self.rest.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\r' | '\n')) {
            self.next();
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, LiteralError> {
        if depth > DEEPEST {
            return Err(self.error("it nests too deep"));
        }
        self.blank();
        match self.rest.peek().copied() {
            Some('{') => self.dictionary(depth),
            Some('[') => self.list(depth, ']'),
            Some('(') => self.list(depth, ')'),
            Some(quote @ ('\'' | '"')) => self.text(quote).map(Value::String),
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number(),
            Some(c) if c.is_ascii_alphabetic() => self.word(),
            Some(_) => Err(self.error("expected a value")),
            None => Err(self.error("the text ends where a value is expected")),
        }
    }

    fn dictionary(&mut self, depth: usize) -> Result<Value, LiteralError> {
        self.next();
        let mut map = Map::new();
        loop {
            self.blank();
            if self.takes('}') {
                return Ok(Value::Object(map));
            }
            let key = match self.rest.peek().copied() {
                Some(quote @ ('\'' | '"')) => self.text(quote)?,
                _ => return Err(self.error("expected a text as key")),
            };
            self.blank();
            if !self.takes(':') {
                return Err(self.error("expected `:`"));
            }
            let value = self.value(depth.saturating_add(1))?;
            if map.insert(key, value).is_some() {
                return Err(self.error("a key stands twice"));
            }
            self.blank();
            if !self.takes(',') && self.rest.peek() != Some(&'}') {
                return Err(self.error("expected `,` or `}`"));
            }
        }
    }

    fn list(&mut self, depth: usize, end: char) -> Result<Value, LiteralError> {
        self.next();
        let mut list = Vec::new();
        loop {
            self.blank();
            if self.takes(end) {
                return Ok(Value::Array(list));
            }
            list.push(self.value(depth.saturating_add(1))?);
            self.blank();
            if !self.takes(',') && self.rest.peek() != Some(&end) {
                return Err(self.error("expected `,` or the end of the list"));
            }
        }
    }

    fn text(&mut self, quote: char) -> Result<String, LiteralError> {
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("a text is not closed")),
                Some('\n') => return Err(self.error("a line ends inside a text")),
                Some(c) if c == quote => return Ok(text),
                Some('\\') => {
                    let code = match self.next() {
                        Some(c @ ('\\' | '\'' | '"')) => Some(c),
                        Some('n') => Some('\n'),
                        Some('r') => Some('\r'),
                        Some('t') => Some('\t'),
                        Some('x') => self.code(2),
                        Some('u') => self.code(4),
                        Some('U') => self.code(8),
                        _ => None,
                    };
                    text.push(code.ok_or_else(|| self.error("the escape is not known"))?);
                }
                Some(c) => text.push(c),
            }
        }
    }

    fn code(&mut self, digits: u8) -> Option<char> {
        let mut code = 0_u32;
        for _ in 0..digits {
            code = code.checked_mul(16)?.checked_add(self.next()?.to_digit(16)?)?;
        }
        char::from_u32(code)
    }

    fn number(&mut self) -> Result<Value, LiteralError> {
        let mut digits = String::new();
        while let Some(c) = self.rest.peek().copied() {
            if !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')) || digits.len() > 40 {
                break;
            }
            digits.push(c);
            self.next();
        }
        let plain = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e'));
        let digits = digits.strip_prefix('+').unwrap_or(&digits);
        let whole = digits.parse::<i64>().ok().map(Value::from);
        let fraction = || digits.parse().ok().and_then(Number::from_f64).map(Value::Number);
        let value = if plain { whole.or_else(fraction) } else { None };
        value.ok_or_else(|| self.error("a number cannot be read"))
    }

    fn word(&mut self) -> Result<Value, LiteralError> {
        let mut word = String::new();
        while let Some(c) = self.rest.peek().copied().filter(char::is_ascii_alphanumeric) {
            if word.len() > 5 {
                break;
            }
            word.push(c);
            self.next();
        }
        match word.as_str() {
            "True" => Ok(Value::Bool(true)),
            "False" => Ok(Value::Bool(false)),
            // What Python prints for a number that is none; it says as little.
            "None" | "nan" | "inf" => Ok(Value::Null),
            _ => Err(self.error("expected `True`, `False` or `None`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn literals_are_read() {
        for (text, expected) in [
            ("None", json!(null)),
            (
                " {'score': 0.267, 'type': 'Big Truck'} ",
                json!({"score": 0.267, "type": "Big Truck"}),
            ),
            ("[{'a': 1}, {\"b\": -2,},]", json!([{"a": 1}, {"b": -2}])),
            ("(1, 2.5e-3, +4)", json!([1, 0.0025, 4])),
            ("{}", json!({})),
            ("()", json!([])),
            (r"'it\'s \x41\u00e9\\'", json!("it's Aé\\")),
            ("\"it's\"", json!("it's")),
            ("[True, False, None, nan]", json!([true, false, null, null])),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_literal_is_refused_with_its_place() {
        for (text, at, what) in [
            ("", 1, "the text ends where a value is expected"),
            ("{'a': 1", 8, "expected `,` or `}`"),
            ("{a: 1}", 2, "expected a text as key"),
            ("{'a': 1, 'a': 2}", 16, "a key stands twice"),
            ("[1 2]", 4, "expected `,` or the end of the list"),
            ("'abc", 5, "a text is not closed"),
            ("'a\nb'", 4, "a line ends inside a text"),
            (r"'\q'", 4, "the escape is not known"),
            (r"'\ud800'", 8, "the escape is not known"),
            ("__import__('os')", 1, "expected a value"),
            ("null", 5, "expected `True`, `False` or `None`"),
            ("1; 2", 2, "something stands after the literal"),
            ("1-2", 4, "a number cannot be read"),
            ("1e999", 6, "a number cannot be read"),
            ("'a' 'b'", 5, "something stands after the literal"),
        ] {
            assert_eq!(parse(text), Err(LiteralError { at, what }), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(parse(&deep).unwrap_err().what, "it nests too deep");
        assert!(parse(&format!("'{}'", "x".repeat(LONGEST))).is_err());
    }

    /// As Python prints a value.
    fn printed(value: &Value) -> String {
        match value {
            Value::Null => "None".into(),
            Value::Bool(true) => "True".into(),
            Value::Bool(false) => "False".into(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => {
                format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'").replace('\n', r"\n"))
            }
            Value::Array(list) => {
                format!("[{}]", list.iter().map(printed).collect::<Vec<_>>().join(", "))
            }
            Value::Object(map) => {
                let pair = |(key, value): (&String, &Value)| {
                    format!("{}: {}", printed(&Value::String(key.clone())), printed(value))
                };
                format!("{{{}}}", map.iter().map(pair).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e6..1e6_f64).prop_map(Value::from),
            "[ -~é\n]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-z']{0,6}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_python_prints_is_read_as_it_was(value in values()) {
            prop_assert_eq!(parse(&printed(&value)), Ok(value));
        }

        #[test]
        fn no_text_panics(text in "[\\[\\]{}(),:'\"\\\\ \n0-9a-zTFN.+-]{0,200}") {
            drop(parse(&text));
        }
    }
}
