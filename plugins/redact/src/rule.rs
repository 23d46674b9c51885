//! What is done to a field.

use alloc::string::String;
use alloc::vec::Vec;
use common::edit::Edit;
use common::hash::Hmac;
use weir_processor::json::{quote, Json};
use weir_processor::{Keys, Result};

pub enum Rule {
    Remove,
    /// The field gets this JSON.
    Set(Vec<u8>),
    /// All characters but the first and last ones become this.
    Mask {
        sign: char,
        first: usize,
        last: usize,
    },
    /// The field becomes its HMAC in hexadecimal digits.
    Hash,
}

pub const KEYS: &[&str] = &["fields", "remove", "set", "mask", "hash"];

impl Rule {
    #[cold]
    pub fn read(keys: &Keys) -> Result<Self> {
        let given: Vec<&str> = KEYS[1..].iter().filter(|name| keys.get(name).is_some()).copied().collect();
        let [what] = given[..] else {
            return Err(keys.wrong("fields", "needs one of remove, set, mask, hash beside it"));
        };
        match what {
            "set" => Ok(Rule::Set(keys.needed("set")?.as_bytes().to_vec())),
            "mask" => Rule::read_mask(keys),
            _ if keys.bool(what)? != Some(true) => Err(keys.wrong(what, "is false: leave it out")),
            "remove" => Ok(Rule::Remove),
            _ => Ok(Rule::Hash),
        }
    }

    fn read_mask(keys: &Keys) -> Result<Self> {
        let mask = keys.needed("mask")?;
        if mask.as_bool() == Some(true) {
            return Ok(Rule::Mask { sign: '*', first: 0, last: 0 });
        }
        let mask = Keys::new(keys.place("mask"), mask, &["sign", "keep_first", "keep_last"])?;
        let sign = mask.text("sign")?.unwrap_or("*".into());
        let mut signs = sign.chars();
        let (Some(sign), None) = (signs.next(), signs.next()) else {
            return Err(mask.wrong("sign", "is not one character"));
        };
        let count = |name| -> Result<usize> { Ok(mask.integer(name, 0, 1000)?.unwrap_or(0) as usize) };
        Ok(Rule::Mask { sign, first: count("keep_first")?, last: count("keep_last")? })
    }

    /// Writes what becomes of a value. A null stays, but where it is set or
    /// removed: there is nothing to hide in it.
    pub fn apply(&self, old: Json, salt: &Hmac, out: &mut Vec<u8>) -> Result<Edit> {
        match self {
            Rule::Remove => return Ok(Edit::Remove),
            Rule::Set(json) => out.extend_from_slice(json),
            _ if old.is_null() => return Ok(Edit::Keep),
            Rule::Mask { sign, first, last } => match plain(old) {
                Some(text) => mask(&text, *sign, *first, *last, out),
                None => out.extend_from_slice(b"\"***\""),
            },
            Rule::Hash => {
                let code = match plain(old) {
                    Some(text) => salt.of(text.as_bytes()),
                    None => salt.of(old.as_bytes()),
                };
                out.push(b'"');
                for byte in code {
                    out.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
                }
                out.push(b'"');
            }
        }
        Ok(Edit::Set)
    }
}

/// The text of a string, number or boolean.
fn plain(json: Json) -> Option<String> {
    match json.as_bytes()[0] {
        b'{' | b'[' => None,
        b'"' => json.as_str().map(|text| text.into_owned()),
        _ => core::str::from_utf8(json.as_bytes()).ok().map(String::from),
    }
}

/// Writes a text of which only the first and last characters show. One that is
/// not longer than what shows is masked as a whole.
fn mask(text: &str, sign: char, first: usize, last: usize, out: &mut Vec<u8>) {
    let count = text.chars().count();
    let shown = count > first + last;
    let mut masked = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        let show = shown && (at < first || at >= count - last);
        masked.push(if show { c } else { sign });
    }
    quote(out, &masked);
}
