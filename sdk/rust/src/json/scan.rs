//! The pass over a text: each method checks what it steps over.

use super::{Error, Json};

/// A place in a text. It is passed by value and its methods are inlined, so
/// that a pass keeps it in registers.
#[derive(Clone, Copy)]
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

type Result<T = ()> = core::result::Result<T, Error>;

/// Which of the open values are objects, a bit a level, the lowest bit the
/// innermost; above the outermost stands a 1.
struct Nest(u64);

impl Nest {
    const NONE: Nest = Nest(1);

    #[inline(always)]
    fn is_none(&self) -> bool {
        self.0 == 1
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.0 >> 63 == 1
    }

    #[inline(always)]
    fn push(&mut self, object: bool) {
        self.0 = self.0 << 1 | u64::from(object);
    }

    #[inline(always)]
    fn pop(&mut self) {
        self.0 >>= 1;
    }

    #[inline(always)]
    fn in_object(&self) -> bool {
        self.0 & 1 == 1
    }
}

/// How many times a Nest may fill: the limit of levels is 63 times this.
const NESTS: u32 = 8;

impl<'a> Scanner<'a> {
    #[inline(always)]
    pub fn new(text: &'a [u8], at: usize) -> Self {
        Scanner { text, at }
    }

    /// The place, in bytes from the beginning of the text.
    #[inline(always)]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The next byte, 0 at the end: a byte that no JSON text holds outside of
    /// its strings, nor inside.
    #[inline(always)]
    pub fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn fail<T>(&self, what: &'static str) -> Result<T> {
        Err(failure(self.at, self.text.len(), what))
    }

    #[inline(always)]
    pub fn space(&mut self) {
        while self.peek() <= b' ' && matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// Nothing but space is left.
    #[inline(always)]
    pub fn end(&mut self) -> Result {
        self.space();
        match self.at == self.text.len() {
            true => Ok(()),
            false => self.fail("more text after the value"),
        }
    }

    /// The value between this place and the place behind it.
    #[inline(always)]
    pub fn to(&self, end: Self) -> Json<'a> {
        Json { text: &self.text[self.at..end.at] }
    }

    /// Steps over a value and returns it.
    pub fn take(&mut self) -> Result<Json<'a>> {
        let start = *self;
        self.at = value(self.text, self.at)?;
        Ok(start.to(*self))
    }

    /// Steps into an object: to its first name, or behind it when it has none.
    #[inline(always)]
    pub fn open_object(&mut self) -> Result<bool> {
        if self.peek() != b'{' {
            return self.fail("expected an object");
        }
        Ok(!self.open(b'}'))
    }

    /// Steps into an array: to its first item, or behind it when it has none.
    #[inline(always)]
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
        let start = *self;
        if self.peek() != b'"' {
            return self.fail("expected a name in quotes");
        }
        self.string()?;
        let key = start.to(*self);
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
        if byte == b',' {
            self.at += 1;
            self.space();
            return Ok(true);
        }
        if byte != close {
            return self.fail(what);
        }
        self.at += 1;
        Ok(false)
    }

    /// Steps over a value of any kind.
    #[inline(always)]
    pub fn value(&mut self) -> Result {
        match self.peek() {
            b'"' => self.string(),
            b'{' | b'[' => {
                self.at = nested(self.text, self.at, NESTS)?;
                Ok(())
            }
            _ => self.plain_scalar(),
        }
    }

    /// Steps over a number or a word.
    #[inline(always)]
    fn plain_scalar(&mut self) -> Result {
        match self.peek() {
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.fail("expected a value"),
        }
    }

    /// Behind a value: steps out of all that ends with it, to the next name or
    /// item; tells whether nothing is open any more.
    #[inline(always)]
    fn close(&mut self, nest: &mut Nest) -> Result<bool> {
        while !nest.is_none() {
            let more = if nest.in_object() { self.next_member()? } else { self.next_item()? };
            if more {
                return Ok(false);
            }
            nest.pop();
        }
        Ok(true)
    }

    #[inline(always)]
    fn word(&mut self, word: &'static [u8]) -> Result {
        if !self.text[self.at..].starts_with(word) {
            return self.fail("expected a value");
        }
        self.at += word.len();
        Ok(())
    }

    #[inline(always)]
    fn digits(&mut self) -> Result {
        if !self.peek().is_ascii_digit() {
            return self.fail("expected a digit");
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }

    #[inline(always)]
    fn number(&mut self) -> Result {
        self.at += usize::from(self.peek() == b'-');
        let zero = self.peek() == b'0';
        self.digits_after_sign(zero)?;
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
    fn digits_after_sign(&mut self, zero: bool) -> Result {
        if !zero {
            return self.digits();
        }
        self.at += 1;
        match self.peek().is_ascii_digit() {
            true => self.fail("a number cannot begin with 0"),
            false => Ok(()),
        }
    }

    #[inline(always)]
    fn string(&mut self) -> Result {
        let start = self.at + 1;
        self.at = start;
        let mut high = 0;
        loop {
            high |= self.plain();
            match self.peek() {
                b'"' => break,
                b'\\' => self.at = escape(self.text, self.at)?,
                _ => return self.fail("a control character in a string"),
            }
        }
        if high & HIGH != 0 {
            check_utf8(self.text, start, self.at)?;
        }
        self.at += 1;
        Ok(())
    }

    /// Steps over what has no meaning in a string, eight bytes at a time. The
    /// result has a high bit if a byte of it, or one soon after, has.
    #[inline(always)]
    fn plain(&mut self) -> u64 {
        let mut high = 0;
        while let Some(bytes) = self.text.get(self.at..).and_then(<[u8]>::first_chunk) {
            let word = u64::from_le_bytes(*bytes);
            let (quote, slash) = (word ^ (ONES * b'"' as u64), word ^ (ONES * b'\\' as u64));
            // A byte's high bit is set where the byte is below 0x20, a quote
            // or a backslash; above the first such byte there may be false
            // ones, which do not matter.
            let stop = (word.wrapping_sub(ONES * 0x20) & !word
                | quote.wrapping_sub(ONES) & !quote
                | slash.wrapping_sub(ONES) & !slash)
                & HIGH;
            high |= word;
            if stop != 0 {
                self.at += stop.trailing_zeros() as usize / 8;
                return high;
            }
            self.at += 8;
        }
        while !matches!(self.peek(), 0..=0x1f | b'"' | b'\\') {
            high |= u64::from(self.peek());
            self.at += 1;
        }
        high
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = ONES * 0x80;

/// Steps over the value at a place.
fn value(text: &[u8], at: usize) -> Result<usize> {
    let mut scanner = Scanner { text, at };
    scanner.value()?;
    Ok(scanner.at)
}

/// Steps over the object or array at a place. It recurses only a level in 63:
/// the text is not to be trusted with the stack.
fn nested(text: &[u8], at: usize, nests: u32) -> Result<usize> {
    let mut scanner = Scanner { text, at };
    if nests == 0 {
        return scanner.fail("nested deeper than 504 levels");
    }
    let mut nest = Nest::NONE;
    loop {
        let byte = scanner.peek();
        let opened = match byte {
            b'"' => {
                scanner.string()?;
                false
            }
            b'{' | b'[' if nest.is_full() => {
                scanner.at = nested(text, scanner.at, nests - 1)?;
                false
            }
            b'{' => !scanner.open(b'}'),
            b'[' => !scanner.open(b']'),
            _ => {
                scanner.plain_scalar()?;
                false
            }
        };
        if opened {
            nest.push(byte == b'{');
        } else if scanner.close(&mut nest)? {
            return Ok(scanner.at);
        }
        if nest.in_object() {
            scanner.key()?;
        }
    }
}

#[cold]
fn failure(at: usize, len: usize, what: &'static str) -> Error {
    Error { at, what: if at >= len { "the text ends too early" } else { what } }
}

#[cold]
fn check_utf8(text: &[u8], start: usize, end: usize) -> Result {
    match core::str::from_utf8(&text[start..end]) {
        Ok(_) => Ok(()),
        Err(err) => Err(Error { at: start + err.valid_up_to(), what: "a string is not UTF-8" }),
    }
}

#[cold]
fn escape(text: &[u8], at: usize) -> Result<usize> {
    let mut scanner = Scanner { text, at: at + 1 };
    match scanner.peek() {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => scanner.at += 1,
        b'u' => {
            scanner.at += 1;
            for _ in 0..4 {
                if !scanner.peek().is_ascii_hexdigit() {
                    return scanner.fail("expected four hexadecimal digits after \\u");
                }
                scanner.at += 1;
            }
        }
        _ => return scanner.fail("an unknown escape in a string"),
    }
    Ok(scanner.at)
}
