//! Strings: what they stand for, and how to write them.

use alloc::string::String;
use alloc::vec::Vec;

/// Appends a text as a JSON string.
pub fn quote(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0..=0x1f => {
                out.extend(b"\\u00");
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// The text of a checked string, between its quotes.
pub(super) fn unescape(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut escaped = escaped.chars();
        let escape = escaped.next().unwrap_or_default();
        rest = escaped.as_str();
        text.push(match escape {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => unicode(&mut rest),
            other => other,
        });
    }
    text.push_str(rest);
    text
}

/// Reads what follows `\u`, and the second half of a surrogate pair.
fn unicode(rest: &mut &str) -> char {
    let unit = hex(rest);
    *rest = rest.get(4..).unwrap_or_default();
    if let (0xd800..0xdc00, Some(after)) = (unit, rest.strip_prefix("\\u")) {
        let low = hex(after);
        if (0xdc00..0xe000).contains(&low) {
            *rest = after.get(4..).unwrap_or_default();
            let code = 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
            return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
    }
    char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The number that the first four digits make.
fn hex(text: &str) -> u32 {
    let mut n = 0;
    for byte in text.bytes().take(4) {
        n = n * 16 + u32::from(byte & 15) + if byte > b'9' { 9 } else { 0 };
    }
    n
}
