//! Where everything stands in the text of a JSON file, so that one value can be replaced and every
//! other byte stays.

use std::ops::Range;

/// A value with its place in the text, in bytes.
#[derive(Debug)]
pub(super) struct Node {
    /// From its first to after its last byte.
    pub span: Range<usize>,
    /// What it is made of.
    pub kind: Kind,
}

/// What a value is made of.
#[derive(Debug)]
pub(super) enum Kind {
    /// Text, a number, true, false or null.
    Scalar,
    /// Its items.
    Array(Vec<Node>),
    /// Its fields, in the order of the text.
    Object(Vec<FieldNode>),
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct FieldNode {
    /// The key, unescaped.
    pub key: String,
    /// Where the key stands, with its quotes.
    pub key_span: Range<usize>,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The items; none when it is no array.
    pub(super) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Array(items) => items,
            _ => &[],
        }
    }

    /// The fields; none when it is no object.
    pub(super) fn fields(&self) -> &[FieldNode] {
        match &self.kind {
            Kind::Object(fields) => fields,
            _ => &[],
        }
    }

    /// A field by key. Of two with one key the last counts, as for every reader.
    pub(super) fn field(&self, key: &str) -> Option<&FieldNode> {
        self.fields().iter().rev().find(|field| field.key == key)
    }

    /// The text it stands for, when it is text.
    pub(super) fn text(&self, source: &str) -> Option<String> {
        serde_json::from_str(source.get(self.span.clone())?).ok()
    }
}

/// Reads where everything stands; none when `source` is no JSON.
pub(super) fn parse(source: &str) -> Option<Node> {
    // The scanner below relies on well-formed text.
    serde_json::from_str::<serde::de::IgnoredAny>(source).ok()?;
    let mut scanner = Scanner {
        bytes: source.as_bytes(),
        source,
        at: 0,
    };
    scanner.value()
}

struct Scanner<'a> {
    bytes: &'a [u8],
    source: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self
            .bytes
            .get(self.at)
            .is_some_and(|byte| byte.is_ascii_whitespace())
        {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn value(&mut self) -> Option<Node> {
        let first = self.peek()?;
        let start = self.at;
        let kind = match first {
            b'{' => Kind::Object(self.object()?),
            b'[' => Kind::Array(self.array()?),
            b'"' => {
                self.string();
                Kind::Scalar
            }
            _ => {
                let ends =
                    |byte: &u8| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
                while self.bytes.get(self.at).is_some_and(|byte| !ends(byte)) {
                    self.at += 1;
                }
                Kind::Scalar
            }
        };
        Some(Node {
            span: start..self.at,
            kind,
        })
    }

    /// Moves behind a string.
    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
    }

    fn array(&mut self) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            match self.peek()? {
                b']' => break,
                b',' => self.at += 1,
                _ => items.push(self.value()?),
            }
        }
        self.at += 1;
        Some(items)
    }

    fn object(&mut self) -> Option<Vec<FieldNode>> {
        let mut fields = Vec::new();
        self.at += 1;
        loop {
            match self.peek()? {
                b'}' => break,
                b',' => self.at += 1,
                _ => {
                    let start = self.at;
                    self.string();
                    let key_span = start..self.at;
                    let key = serde_json::from_str(self.source.get(key_span.clone())?).ok()?;
                    self.peek()?;
                    self.at += 1; // the colon
                    fields.push(FieldNode {
                        key,
                        key_span,
                        value: self.value()?,
                    });
                }
            }
        }
        self.at += 1;
        Some(fields)
    }
}
