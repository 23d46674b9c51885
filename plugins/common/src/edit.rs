//! Edits at places of a JSON document, in one pass over it. What stays keeps
//! its bytes; objects and arrays on the way to a change are written without
//! space between their members.

use crate::pointer::{encode, index, Pointer};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use weir_processor::json::{quote, Json};
use weir_processor::{reject, Error, Result};

/// What becomes of a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// It stays as it is, there or not.
    Keep,
    /// It has the value that was written to the output.
    Set,
    /// It goes away.
    Remove,
}

/// Decides about a place: its number, what is there, and where to write what
/// shall be there.
pub type Editor<'e> = dyn FnMut(usize, Option<Json>, &mut Vec<u8>) -> Result<Edit> + 'e;

/// The places to edit, as a tree.
#[derive(Default)]
pub struct Places {
    /// The pointer to here, for messages.
    path: String,
    token: String,
    number: Option<usize>,
    children: Vec<Places>,
}

impl Places {
    /// Adds a place under a number. The token `*` stands for all members of an
    /// object and all items of an array. Two places of which one holds the
    /// other are an error.
    #[cold]
    pub fn add(&mut self, pointer: &Pointer, number: usize) -> Result {
        let mut node = self;
        for token in pointer.tokens() {
            if node.number.is_some() {
                reject!("is inside of {}, which is changed as a whole", node.path);
            }
            let at = match node.children.iter().position(|child| child.token == *token) {
                Some(at) => at,
                None => {
                    if node.children.iter().any(|child| (child.token == "*") != (token == "*")) {
                        reject!("has a * in the place of a name that is listed too: list one of them");
                    }
                    let mut path = format!("{}/", node.path);
                    encode(&mut path, token);
                    node.children.push(Places { path, token: token.clone(), ..Places::default() });
                    node.children.len() - 1
                }
            };
            node = &mut node.children[at];
        }
        if node.number.is_some() {
            reject!("is listed twice");
        }
        if !node.children.is_empty() {
            reject!("holds {}, which is changed by itself", node.children[0].path);
        }
        node.number = Some(number);
        Ok(())
    }

    /// Writes the edited document; false when nothing changed, and nothing was
    /// written then. Places that are missing are made where the editor sets
    /// them; one that cannot be made is an error.
    pub fn apply(&self, json: Json, out: &mut Vec<u8>, editor: &mut Editor) -> Result<bool> {
        out.clear();
        Ok(self.write(Some(json), out, editor)? == Edit::Set)
    }

    fn write(&self, old: Option<Json>, out: &mut Vec<u8>, editor: &mut Editor) -> Result<Edit> {
        if let Some(number) = self.number {
            return editor(number, old, out);
        }
        let start = out.len();
        let changed = match old.map(|json| (json, json.as_bytes()[0])) {
            Some((json, b'[')) => self.write_array(json, out, editor)?,
            Some((json, b'{')) => self.write_object(Some(json), out, editor)?,
            None => self.write_object(None, out, editor)?,
            Some((json, _)) => {
                self.nowhere(json.kind(), out, editor)?;
                false
            }
        };
        if changed {
            return Ok(Edit::Set);
        }
        out.truncate(start);
        Ok(Edit::Keep)
    }

    fn write_object(&self, old: Option<Json>, out: &mut Vec<u8>, editor: &mut Editor) -> Result<bool> {
        let (mut changed, mut seen) = (false, 0u64);
        out.push(b'{');
        let start = out.len();
        for member in old.and_then(Json::members).into_iter().flatten() {
            let (key, value) = member?;
            let begin = |out: &mut Vec<u8>| {
                if out.len() > start {
                    out.push(b',');
                }
                out.extend_from_slice(key.as_bytes());
                out.push(b':');
            };
            let child =
                self.children.iter().position(|child| child.token == "*" || key.is_text(&child.token));
            let child = child.inspect(|&at| seen |= bit(at)).map(|at| &self.children[at]);
            changed |= replace(child, value, out, editor, begin)?;
        }
        for (at, child) in self.children.iter().enumerate() {
            let there = match bit(at) {
                0 => old.and_then(|old| old.get(&child.token)).is_some(),
                bit => seen & bit != 0,
            };
            if child.token == "*" || there {
                continue;
            }
            let before = out.len();
            if before > start {
                out.push(b',');
            }
            quote(out, &child.token);
            out.push(b':');
            match child.write(None, out, editor)? {
                Edit::Set => changed = true,
                _ => out.truncate(before),
            }
        }
        out.push(b'}');
        Ok(changed)
    }

    fn write_array(&self, old: Json, out: &mut Vec<u8>, editor: &mut Editor) -> Result<bool> {
        let (mut changed, mut count) = (false, 0);
        out.push(b'[');
        let start = out.len();
        for item in old.items().into_iter().flatten() {
            let begin = |out: &mut Vec<u8>| {
                if out.len() > start {
                    out.push(b',');
                }
            };
            let here = |child: &&Places| child.token == "*" || index(&child.token) == Some(count);
            changed |= replace(self.children.iter().find(here), item, out, editor, begin)?;
            count += 1;
        }
        out.push(b']');
        for child in &self.children {
            if child.token != "*" && index(&child.token).is_none_or(|at| at >= count) {
                child.cannot_be("an array without it", out, editor)?;
            }
        }
        Ok(changed)
    }

    /// Nothing below this place can be, for it is no object or array.
    fn nowhere(&self, kind: &str, out: &mut Vec<u8>, editor: &mut Editor) -> Result {
        self.children
            .iter()
            .filter(|child| child.token != "*")
            .try_for_each(|child| child.cannot_be(kind, out, editor))
    }

    /// An error if the editor wants a value where none can be.
    fn cannot_be(&self, kind: &str, out: &mut Vec<u8>, editor: &mut Editor) -> Result {
        let end = out.len();
        let wanted = self.write(None, out, editor)? == Edit::Set;
        out.truncate(end);
        match wanted {
            true => Err(Error::new(format!("field {} cannot be set: what holds it is {kind}", self.path))),
            false => Ok(()),
        }
    }
}

/// The bit of a child; 0 for those beyond the 64th.
fn bit(at: usize) -> u64 {
    1u64.checked_shl(at as u32).unwrap_or(0)
}

/// Writes a member or item that is there, behind what `begin` writes.
fn replace(
    child: Option<&Places>,
    old: Json,
    out: &mut Vec<u8>,
    editor: &mut Editor,
    begin: impl Fn(&mut Vec<u8>),
) -> Result<bool> {
    let before = out.len();
    begin(out);
    let edit = match child {
        Some(child) => child.write(Some(old), out, editor)?,
        None => Edit::Keep,
    };
    match edit {
        Edit::Keep => out.extend_from_slice(old.as_bytes()),
        Edit::Remove => out.truncate(before),
        Edit::Set => {}
    }
    Ok(edit != Edit::Keep)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets every place to its number, removes odd ones.
    fn apply(pointers: &[&str], text: &str) -> Result<String, String> {
        let mut places = Places::default();
        for (number, pointer) in pointers.iter().enumerate() {
            let pointer = Pointer::parse(pointer).expect(pointer);
            places.add(&pointer, number).map_err(|err| format!("{}: {err}", pointer.text()))?;
        }
        let mut out = Vec::new();
        let changed =
            places.apply(Json::parse(text.as_bytes()).expect(text), &mut out, &mut |number, old, out| {
                if number % 2 == 1 {
                    return Ok(if old.is_some() { Edit::Remove } else { Edit::Keep });
                }
                out.extend_from_slice(number.to_string().as_bytes());
                Ok(Edit::Set)
            });
        let changed = changed.map_err(|err| err.to_string())?;
        assert_eq!(changed, !out.is_empty());
        Ok(String::from_utf8(if changed { out } else { text.into() }).expect("UTF-8"))
    }

    #[test]
    fn edits() {
        let cases: &[(&[&str], &str, &str)] = &[
            (&["/a"], r#"{"a": 1, "b": [ 2 ]}"#, r#"{"a":0,"b":[ 2 ]}"#),
            (&["/c"], r#"{ "a" : 1 }"#, r#"{"a":1,"c":0}"#),
            (&["/c/d"], r#"{}"#, r#"{"c":{"d":0}}"#),
            (&["/c/d", "/a", "/c/e"], r#"{"a": 1, "x": 2}"#, r#"{"x":2,"c":{"d":0,"e":2}}"#),
            (&["/z", "/a"], r#"{"a": 1, "b": 2, "a": 3}"#, r#"{"b":2,"z":0}"#),
            (&["/z", "/l/*/p"], r#"{"l": [{"p": 1, "q": 2}, {"p": 3}, 4]}"#, r#"{"l":[{"q":2},{},4],"z":0}"#),
            (&["/l/1"], r#"{"l": [5, 6, 7]}"#, r#"{"l":[5,0,7]}"#),
            (&["/x", "/l/0"], r#"{"l": [5, 6]}"#, r#"{"l":[6],"x":0}"#),
            (&["/*"], r#"{"a": 1, "b": 2}"#, r#"{"a":0,"b":0}"#),
            (&["/*"], r#"{}"#, r#"{}"#),
            (&["/a~1b"], r#"{"\u0061/b": 1}"#, r#"{"\u0061/b":0}"#),
            (&[""], "[1]", "0"),
        ];
        for (pointers, text, want) in cases {
            assert_eq!(apply(pointers, text).as_deref(), Ok(*want), "{pointers:?} in {text}");
        }
        assert_eq!(
            apply(&["/x", "/y"], "1").err().as_deref(),
            Some("field /x cannot be set: what holds it is a number")
        );
        let far = apply(&["/l/9"], r#"{"l": [1]}"#);
        assert_eq!(
            far.err().as_deref(),
            Some("field /l/9 cannot be set: what holds it is an array without it")
        );
    }

    #[test]
    fn makes_more_than_64_places() {
        let mut places = Places::default();
        for number in 0..100 {
            places
                .add(&Pointer::parse(&format!("/m{number}")).expect("a pointer"), number)
                .expect("places differ");
        }
        let mut out = Vec::new();
        let json = Json::parse(br#"{"m99": 0, "m1": 0}"#).expect("well-formed");
        let changed = places.apply(json, &mut out, &mut |_, old, out| {
            out.extend_from_slice(if old.is_some() { b"2" } else { b"1" });
            Ok(Edit::Set)
        });
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(changed.ok(), Some(true));
        assert_eq!((text.matches(":2").count(), text.matches(":1").count()), (2, 98), "{text}");
    }

    #[test]
    fn refuses_places_that_disagree() {
        let cases: &[(&[&str], &str)] = &[
            (&["/a", "/a"], "/a: is listed twice"),
            (&["/a", "/a/b"], "/a/b: is inside of /a, which is changed as a whole"),
            (&["/a/b", "/a"], "/a: holds /a/b, which is changed by itself"),
            (&["/a/*", "/a/b"], "/a/b: has a * in the place of a name that is listed too: list one of them"),
        ];
        for (pointers, why) in cases {
            assert_eq!(apply(pointers, "{}").err().as_deref(), Some(*why));
        }
    }
}
