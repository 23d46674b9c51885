//! JSON pointers (RFC 6901): `/items/0/name`. `~1` stands for a slash in a
//! name, `~0` for a tilde, and the empty pointer for the whole document.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use weir_processor::json::Json;
use weir_processor::{Error, Keys, Result};

/// A place in a JSON document.
pub struct Pointer {
    text: String,
    tokens: Vec<String>,
}

impl Pointer {
    /// Reads a pointer; an error says how it is written instead.
    #[cold]
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: String| Error::new(format!("is {text:.80}, which is no JSON pointer: {why}"));
        let mut tokens = Vec::new();
        let Some(rest) = text.strip_prefix('/') else {
            if text.is_empty() {
                return Ok(Pointer { text: String::new(), tokens });
            }
            let slashes = text.bytes().map(|byte| if byte == b'.' { b'/' } else { byte }).collect();
            return Err(wrong(format!("write /{}", String::from_utf8(slashes).unwrap_or_default())));
        };
        for token in rest.split('/') {
            match decode(token) {
                Some(token) => tokens.push(token),
                None => return Err(wrong("a ~ is followed by 0, for itself, or 1, for a slash".to_string())),
            }
        }
        Ok(Pointer { text: text.to_string(), tokens })
    }

    /// The pointer to a member of what this one points to.
    pub fn child(&self, name: &str) -> Self {
        let (mut text, mut tokens) = (format!("{}/", self.text), self.tokens.clone());
        encode(&mut text, name);
        tokens.push(name.to_string());
        Pointer { text, tokens }
    }

    /// The pointer in a key of the config.
    #[cold]
    pub fn read(keys: &Keys, name: &str) -> Result<Option<Self>> {
        let Some(text) = keys.text(name)? else { return Ok(None) };
        Pointer::parse(&text).map(Some).map_err(|err| keys.wrong(name, err.message()))
    }

    /// The same for a key that has to be there.
    #[cold]
    pub fn needed(keys: &Keys, name: &str) -> Result<Self> {
        keys.needed(name)?;
        Pointer::read(keys, name)?.ok_or_else(|| keys.wrong(name, "is missing"))
    }

    /// The pointers in a list of the config.
    #[cold]
    pub fn list(keys: &Keys, name: &str) -> Result<Option<Vec<Self>>> {
        let Some(texts) = keys.texts(name)? else { return Ok(None) };
        let mut pointers = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let place = format!("{name}[{at}]");
            pointers.push(Pointer::parse(text).map_err(|err| keys.wrong(&place, err.message()))?);
        }
        Ok(Some(pointers))
    }

    /// The pointer as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names and indices on the way.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// How messages call the place.
    pub fn title(&self) -> String {
        match self.text.as_str() {
            "" => "the value".to_string(),
            text => format!("field {text}"),
        }
    }

    /// The value at the place, if the document has it.
    pub fn find<'a>(&self, mut json: Json<'a>) -> Option<Json<'a>> {
        for token in &self.tokens {
            json = match index(token).and_then(|at| json.items()?.nth(at)) {
                Some(item) => item,
                None => json.get(token)?,
            };
        }
        Some(json)
    }

    /// The value at the place, or an error that names it.
    pub fn needed_in<'a>(&self, json: Json<'a>) -> Result<Json<'a>> {
        match self.find(json) {
            Some(value) => Ok(value),
            None => Err(Error::new(format!("{} is missing", self.title()))),
        }
    }
}

/// What a token stands for.
fn decode(token: &str) -> Option<String> {
    let (mut name, mut bytes) = (Vec::new(), token.bytes());
    while let Some(byte) = bytes.next() {
        name.push(match byte {
            b'~' => match bytes.next() {
                Some(b'0') => b'~',
                Some(b'1') => b'/',
                _ => return None,
            },
            byte => byte,
        });
    }
    String::from_utf8(name).ok()
}

/// Appends a name as a token.
pub(crate) fn encode(out: &mut String, name: &str) {
    for part in name.split_inclusive(['~', '/']) {
        let plain = part.trim_end_matches(['~', '/']);
        out.push_str(plain);
        match part.as_bytes().get(plain.len()) {
            Some(b'~') => out.push_str("~0"),
            Some(_) => out.push_str("~1"),
            None => {}
        }
    }
}

/// The index that a token is, if it is one.
pub(crate) fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with(['0', '+']);
    if plain {
        token.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds() {
        let text = br#"{"a": {"b/c": [10, {"~": 2}]}, "": 3, "0": 4, "a": {"b/c": [1, {"~": 2}]}}"#;
        let json = Json::parse(text).expect("well-formed");
        let cases = [
            ("/a/b~1c/0", Some("1")),
            ("/a/b~1c/1/~0", Some("2")),
            ("/a/b~1c/00", None),
            ("/a/b~1c/2", None),
            ("/a/b~1c/-", None),
            ("/a/b", None),
            ("/", Some("3")),
            ("/0", Some("4")),
            ("/0/x", None),
        ];
        for (pointer, want) in cases {
            let found = Pointer::parse(pointer).expect(pointer).find(json);
            assert_eq!(found.map(|json| json.to_string()).as_deref(), want, "{pointer}");
        }
        assert_eq!(Pointer::parse("").expect("whole").find(json), Some(json));
    }

    #[test]
    fn refuses() {
        let cases = [
            ("a.b", "is a.b, which is no JSON pointer: write /a/b"),
            (
                "/a~2",
                "is /a~2, which is no JSON pointer: a ~ is followed by 0, for itself, or 1, for a slash",
            ),
        ];
        for (text, why) in cases {
            assert_eq!(Pointer::parse(text).err().map(|err| err.message().to_string()).as_deref(), Some(why));
        }
    }
}
