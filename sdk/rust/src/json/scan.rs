//! The pass over a text: each method checks what it steps over.

use super::{Error, Json};
use alloc::string::String;

pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

type Result<T = ()> = core::result::Result<T, Error>;

/// How deep values may nest.
const LEVELS: usize = 512;

/// Which of the open values are objects, a bit a level.
struct Nest {
    objects: [u64; LEVELS / 64],
    depth: usize,
}

impl Nest {
    fn push(&mut self, object: bool) -> bool {
        if self.depth == LEVELS {
            return false;
        }
        let (word, bit) = (self.depth / 64, 1 << (self.depth % 64));
        match object {
            true => self.objects[word] |= bit,
            false => self.objects[word] &= !bit,
        }
        self.depth += 1;
        true
    }

    fn in_object(&self) -> bool {
        let top = self.depth - 1;
        self.objects[top / 64 % (LEVELS / 64)] >> (top % 64) & 1 == 1
    }
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Scanner { text, at: 0 }
    }

    /// The next byte, 0 at the end: a byte that no JSON text holds outside of
    /// its strings, nor inside.
    #[inline(always)]
    pub fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    #[cold]
    fn fail<T>(&self, what: &'static str) -> Result<T> {
        let what = if self.at >= self.text.len() { "the text ends too early" } else { what };
        Err(Error { at: self.at, what })
    }

    #[inline(always)]
    pub fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// Nothing but space is left.
    pub fn end(&mut self) -> Result {
        self.space();
        match self.at == self.text.len() {
            true => Ok(()),
            false => self.fail("more text after the value"),
        }
    }

    /// Steps over a value and returns it.
    pub fn take(&mut self) -> Result<Json<'a>> {
        let start = self.at;
        self.value()?;
        Ok(Json { text: &self.text[start..self.at] })
    }

    /// Steps into an object: to its first name, or behind it when it has none.
    pub fn open_object(&mut self) -> Result<bool> {
        if self.peek() != b'{' {
            return self.fail("expected an object");
        }
        Ok(!self.open(b'}'))
    }

    /// Steps into an array: to its first item, or behind it when it has none.
    pub fn open_array(&mut self) -> Result<bool> {
        if self.peek() != b'[' {
            return self.fail("expected an array");
        }
        Ok(!self.open(b']'))
    }

    /// Steps over an opening bracket; tells whether the closing one follows,
    /// and steps over that too.
    #[inline(always)]
    fn open(&mut self, close: u8) -> bool {
        self.at += 1;
        self.space();
        let empty = self.peek() == close;
        self.at += usize::from(empty);
        empty
    }

    /// Steps over a name and its colon, to the value.
    #[inline(always)]
    pub fn key(&mut self) -> Result<Json<'a>> {
        let start = self.at;
        if self.peek() != b'"' {
            return self.fail("expected a name in quotes");
        }
        self.string()?;
        let key = Json { text: &self.text[start..self.at] };
        self.space();
        if self.peek() != b':' {
            return self.fail("expected ':' after a name");
        }
        self.at += 1;
        self.space();
        Ok(key)
    }

    /// Behind a member's value: steps to the next name, or out of the object.
    #[inline(always)]
    pub fn next_member(&mut self) -> Result<bool> {
        self.next(b'}', "expected ',' or '}' after a member")
    }

    /// Behind an item: steps to the next one, or out of the array.
    #[inline(always)]
    pub fn next_item(&mut self) -> Result<bool> {
        self.next(b']', "expected ',' or ']' after an item")
    }

    #[inline(always)]
    fn next(&mut self, close: u8, what: &'static str) -> Result<bool> {
        self.space();
        let byte = self.peek();
        if byte != b',' && byte != close {
            return self.fail(what);
        }
        self.at += 1;
        if byte == close {
            return Ok(false);
        }
        self.space();
        Ok(true)
    }

    /// Steps over a value of any kind.
    #[inline]
    pub fn value(&mut self) -> Result {
        match self.peek() {
            b'{' | b'[' => self.nested(),
            _ => self.scalar(),
        }
    }

    #[inline]
    fn scalar(&mut self) -> Result {
        match self.peek() {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.fail("expected a value"),
        }
    }

    /// Steps over an object or array, without recursion: the text is not to be
    /// trusted with the stack.
    fn nested(&mut self) -> Result {
        let mut nest = Nest { objects: [0; LEVELS / 64], depth: 0 };
        loop {
            let byte = self.peek();
            let opened = match byte {
                b'{' => !self.open(b'}'),
                b'[' => !self.open(b']'),
                _ => {
                    self.scalar()?;
                    false
                }
            };
            if opened {
                if !nest.push(byte == b'{') {
                    return self.fail("nested deeper than 512 levels");
                }
            } else if self.close(&mut nest)? {
                return Ok(());
            }
            if nest.in_object() {
                self.key()?;
            }
        }
    }

    /// Behind a value: steps out of all that ends with it, to the next name or
    /// item; tells whether nothing is open any more.
    #[inline(always)]
    fn close(&mut self, nest: &mut Nest) -> Result<bool> {
        while nest.depth > 0 {
            let more = if nest.in_object() { self.next_member()? } else { self.next_item()? };
            if more {
                return Ok(false);
            }
            nest.depth -= 1;
        }
        Ok(true)
    }

    fn word(&mut self, word: &'static [u8]) -> Result {
        if !self.text[self.at..].starts_with(word) {
            return self.fail("expected a value");
        }
        self.at += word.len();
        Ok(())
    }

    fn digits(&mut self) -> Result {
        if !self.peek().is_ascii_digit() {
            return self.fail("expected a digit");
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result {
        self.at += usize::from(self.peek() == b'-');
        if self.peek() == b'0' {
            self.at += 1;
            if self.peek().is_ascii_digit() {
                return self.fail("a number cannot begin with 0");
            }
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), b'+' | b'-'));
            self.digits()?;
        }
        Ok(())
    }

    #[inline(always)]
    fn string(&mut self) -> Result {
        let start = self.at + 1;
        self.at = start;
        let mut ascii = true;
        loop {
            self.plain(&mut ascii);
            match self.peek() {
                b'"' => break,
                b'\\' => self.escape()?,
                _ => return self.fail("a control character in a string"),
            }
        }
        if !ascii {
            self.check_utf8(start)?;
        }
        self.at += 1;
        Ok(())
    }

    /// Steps over what has no meaning in a string, eight bytes at a time.
    #[inline(always)]
    fn plain(&mut self, ascii: &mut bool) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = ONES * 0x80;
        while let Some(bytes) = self.text.get(self.at..self.at + 8) {
            let word = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
            let (quote, slash) = (word ^ (ONES * b'"' as u64), word ^ (ONES * b'\\' as u64));
            // A byte's high bit is set where the byte is below 0x20, a quote
            // or a backslash; above the first such byte there may be false
            // ones, which do not matter.
            let stop = (word.wrapping_sub(ONES * 0x20) & !word
                | quote.wrapping_sub(ONES) & !quote
                | slash.wrapping_sub(ONES) & !slash)
                & HIGH;
            *ascii &= word & HIGH == 0;
            if stop != 0 {
                self.at += stop.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        while !matches!(self.peek(), 0..=0x1f | b'"' | b'\\') {
            *ascii &= self.peek() < 0x80;
            self.at += 1;
        }
    }

    #[cold]
    fn check_utf8(&self, start: usize) -> Result {
        match core::str::from_utf8(&self.text[start..self.at]) {
            Ok(_) => Ok(()),
            Err(err) => Err(Error { at: start + err.valid_up_to(), what: "a string is not UTF-8" }),
        }
    }

    fn escape(&mut self) -> Result {
        self.at += 1;
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
            b'u' => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_ascii_hexdigit() {
                        return self.fail("expected four hexadecimal digits after \\u");
                    }
                    self.at += 1;
                }
            }
            _ => return self.fail("an unknown escape in a string"),
        }
        Ok(())
    }
}

/// The text of a checked string, between its quotes.
pub(super) fn unescape(inner: &[u8]) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        text.push_str(&String::from_utf8_lossy(&rest[..at]));
        rest = &rest[at + 1..];
        let Some((&escape, after)) = rest.split_first() else { break };
        rest = after;
        text.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => unicode(&mut rest),
            other => char::from(other),
        });
    }
    text.push_str(&String::from_utf8_lossy(rest));
    text
}

/// Reads what follows `\u`, and the second half of a surrogate pair.
fn unicode(rest: &mut &[u8]) -> char {
    let Some(unit) = hex(rest) else { return char::REPLACEMENT_CHARACTER };
    *rest = &rest[4..];
    if let (0xd800..0xdc00, Some(low)) = (unit, rest.strip_prefix(b"\\u").and_then(hex)) {
        if (0xdc00..0xe000).contains(&low) {
            *rest = &rest[6..];
            let code = 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
            return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
    }
    char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn hex(text: &[u8]) -> Option<u32> {
    u32::from_str_radix(core::str::from_utf8(text.get(..4)?).ok()?, 16).ok()
}
