//! JSON without a tree: values are found in the text, checked on the way, and
//! handed out as slices of it.
//!
//! [`find`] reads one member of a document and checks the whole of it in the
//! same pass. [`members`] walks an object. What is checked is RFC 8259: the
//! grammar, the escapes, and that strings are UTF-8; nesting is limited to
//! 504 levels. Of members with the same name the last counts.

use alloc::borrow::Cow;
use core::cmp::Ordering;
use core::fmt;

mod number;
mod scan;
mod text;
use scan::Scanner;
pub use text::quote;

/// What is wrong with a JSON text, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// The place, in bytes from the beginning.
    pub at: usize,
    what: &'static str,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed JSON at byte {}: {}", self.at, self.what)
    }
}

impl core::error::Error for Error {}

/// Finds a member of a document by the dotted path of its names, and checks
/// the whole document.
///
/// A member that is named exactly like what is left of the path is found too:
/// `a.b` finds 1 both in `{"a":{"b":1}}` and in `{"a.b":1}`.
///
/// ```
/// use weir_processor::json;
///
/// let text = br#"{"item": {"weight": 12.5, "tags": ["a", "b"]}}"#;
/// let weight = json::find(text, "item.weight").unwrap().unwrap();
/// assert_eq!(weight.as_f64(), Some(12.5));
/// assert!(json::find(text, "item.height").unwrap().is_none());
/// assert!(json::find(b"{\"item\": ", "item").is_err());
/// ```
pub fn find<'a>(text: &'a [u8], path: &str) -> Result<Option<Json<'a>>, Error> {
    let mut scanner = Scanner::new(text, 0);
    scanner.space();
    let (end, found) = find_in(text, scanner.at(), path)?;
    Scanner::new(text, end).end()?;
    Ok(found)
}

/// Steps over the value at a place; returns the place behind it and what was
/// found in it.
fn find_in<'a>(text: &'a [u8], at: usize, path: &str) -> Result<(usize, Option<Json<'a>>), Error> {
    let mut scanner = Scanner::new(text, at);
    if scanner.peek() != b'{' {
        scanner.value()?;
        return Ok((scanner.at(), None));
    }
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let mut found = None;
    let mut more = scanner.open_object()?;
    while more {
        let key = scanner.key()?;
        let start = scanner;
        scanner.value()?;
        match rest {
            Some(rest) if key.is_text(name) => found = find_in(text, start.at(), rest)?.1,
            _ if key.is_text(path) => found = Some(start.to(scanner)),
            _ => {}
        }
        more = scanner.next_member()?;
    }
    Ok((scanner.at(), found))
}

/// Walks the members of a document that is an object, checking it on the way.
/// The document is known to be well-formed once the walk has ended without an
/// error.
pub fn members(text: &[u8]) -> Result<Members<'_>, Error> {
    let mut scanner = Scanner::new(text, 0);
    scanner.space();
    Members::begin(scanner, true)
}

/// One checked JSON value: a slice of the text that it was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a> {
    text: &'a [u8],
}

impl<'a> Json<'a> {
    /// The value null.
    pub const NULL: Json<'static> = Json { text: b"null" };

    /// Checks that a text is one JSON value.
    pub fn parse(text: &'a [u8]) -> Result<Self, Error> {
        let mut scanner = Scanner::new(text, 0);
        scanner.space();
        let value = scanner.take()?;
        scanner.end()?;
        Ok(value)
    }

    /// The value's own bytes, without space around it.
    pub fn as_bytes(self) -> &'a [u8] {
        self.text
    }

    /// What the value is, with its article, for messages.
    pub fn kind(self) -> &'static str {
        match self.text[0] {
            b'{' => "an object",
            b'[' => "an array",
            b'"' => "a string",
            b't' | b'f' => "a boolean",
            b'n' => "null",
            _ => "a number",
        }
    }

    /// Tells whether the value is null.
    pub fn is_null(self) -> bool {
        self.text[0] == b'n'
    }

    /// The truth value.
    pub fn as_bool(self) -> Option<bool> {
        match self.text[0] {
            b't' => Some(true),
            b'f' => Some(false),
            _ => None,
        }
    }

    /// The number, rounded to the nearest double.
    pub fn as_f64(self) -> Option<f64> {
        match small_integer(self.text) {
            Some(n) => Some(n as f64),
            None => self.number_text().map(number::double),
        }
    }

    /// The whole number, if it is written as one and fits.
    pub fn as_i64(self) -> Option<i64> {
        match small_integer(self.text) {
            Some(n) => Some(n),
            None => core::str::from_utf8(self.number_text()?).ok()?.parse().ok(),
        }
    }

    fn number_text(self) -> Option<&'a [u8]> {
        matches!(self.text[0], b'-' | b'0'..=b'9').then_some(self.text)
    }

    /// The text of a string. Half of a surrogate pair reads as U+FFFD.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let inner = core::str::from_utf8(self.string()?).ok()?;
        Some(match inner.contains('\\') {
            true => Cow::Owned(text::unescape(inner)),
            false => Cow::Borrowed(inner),
        })
    }

    /// Tells whether the value is a string of that text, without decoding it
    /// if that can be helped.
    #[inline]
    pub fn is_text(self, text: &str) -> bool {
        let Some(inner) = self.string() else { return false };
        // Escapes are longer than what they stand for.
        match inner.len().cmp(&text.len()) {
            Ordering::Less => false,
            Ordering::Equal => inner == text.as_bytes() && !inner.contains(&b'\\'),
            Ordering::Greater => inner.contains(&b'\\') && self.as_str().as_deref() == Some(text),
        }
    }

    fn string(self) -> Option<&'a [u8]> {
        self.text.strip_prefix(b"\"")?.strip_suffix(b"\"")
    }

    /// The member of that name, if this is an object that has it.
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        let members = self.members()?.filter_map(Result::ok);
        members.filter(|(key, _)| key.is_text(name)).last().map(|(_, value)| value)
    }

    /// The members of an object.
    pub fn members(self) -> Option<Members<'a>> {
        Members::begin(Scanner::new(self.text, 0), false).ok()
    }

    /// The items of an array.
    pub fn items(self) -> Option<Items<'a>> {
        let mut scanner = Scanner::new(self.text, 0);
        let more = scanner.open_array().ok()?;
        Some(Items { scanner, more })
    }
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(self.text).unwrap_or_default())
    }
}

/// Whole numbers of at most 15 digits, which every double holds exactly.
fn small_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.len() > 15 {
        return None;
    }
    let mut n = 0i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        n = n * 10 + i64::from(digit - b'0');
    }
    // -0 is a double of its own.
    match negative {
        false => Some(n),
        true if n == 0 => None,
        true => Some(-n),
    }
}

/// The members of an object, in order: names (string values) and values.
pub struct Members<'a> {
    scanner: Scanner<'a>,
    more: bool,
    whole: bool,
}

impl<'a> Members<'a> {
    fn begin(mut scanner: Scanner<'a>, whole: bool) -> Result<Self, Error> {
        let more = scanner.open_object()?;
        if whole && !more {
            scanner.end()?;
        }
        Ok(Members { scanner, more, whole })
    }

    fn member(&mut self) -> Result<(Json<'a>, Json<'a>), Error> {
        // On a copy, which stays in registers.
        let mut scanner = self.scanner;
        let member = (scanner.key()?, scanner.take()?);
        self.more = scanner.next_member()?;
        if self.whole && !self.more {
            scanner.end()?;
        }
        self.scanner = scanner;
        Ok(member)
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<(Json<'a>, Json<'a>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.more {
            return None;
        }
        let member = self.member();
        if member.is_err() {
            self.more = false;
        }
        Some(member)
    }
}

/// The items of an array, in order.
pub struct Items<'a> {
    scanner: Scanner<'a>,
    more: bool,
}

impl<'a> Iterator for Items<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.more {
            return None;
        }
        let item = self.scanner.take().ok()?;
        self.more = self.scanner.next_item().ok()?;
        Some(item)
    }
}
