//! Keeps, drops, renames and sets members of an event's JSON payload.
//!
//! The members that stay keep their bytes; nothing is parsed into a tree.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod config;

use alloc::string::String;
use alloc::vec::Vec;
use config::Fields;
use weir_processor::json::{self, Json};
use weir_processor::{reject, Config, Context, Event, Processor, Result};

struct JsonFields {
    fields: Fields,
    out: Output,
}

/// An output under construction, kept for its memory.
#[derive(Default)]
struct Output {
    text: Vec<u8>,
    /// Which of the members to set are in it.
    set: Vec<bool>,
}

impl Processor for JsonFields {
    fn open(config: Config<'_>) -> Result<Self> {
        Ok(JsonFields { fields: Fields::read(config)?, out: Output::default() })
    }

    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        let members = members(event)?;
        if self.fields.write(&members, &mut self.out) {
            event.set_value(&self.out.text);
        }
        Ok(())
    }
}

weir_processor::export!(JsonFields);

/// A member: its name as it is written, with quotes, and its value.
type Member<'a> = (Json<'a>, Json<'a>);

fn members<'a>(event: &Event<'a>) -> Result<Vec<Member<'a>>> {
    let value = event.value();
    if value.trim_ascii_start().first() != Some(&b'{') {
        reject!("the value is {}, not an object", event.json()?.kind());
    }
    let mut members = Vec::with_capacity(16);
    for member in json::members(value)? {
        members.push(member?);
    }
    Ok(members)
}

impl Fields {
    /// Writes the new object; false when it would say the same as the old one.
    fn write(&self, members: &[Member], out: &mut Output) -> bool {
        let mut changed = false;
        out.begin(self.set.len());
        for &(key, value) in members {
            if !self.stays(key) || self.is_replaced(key, members) {
                changed = true;
                continue;
            }
            let rename = self.rename.iter().find(|rename| key.is_text(&rename.from));
            let name = rename.map_or(key.as_bytes(), |rename| &rename.quoted);
            let set = self.set.iter().position(|set| set.is_named(name, key));
            let new = set.map_or(value.as_bytes(), |at| &self.set[at].value);
            changed |= rename.is_some() || new != value.as_bytes();
            out.member(name, new);
            if let Some(at) = set {
                out.set[at] = true;
            }
        }
        for (at, set) in self.set.iter().enumerate() {
            if !out.set[at] {
                out.member(&set.quoted, &set.value);
                changed = true;
            }
        }
        out.text.push(b'}');
        changed
    }

    fn stays(&self, key: Json) -> bool {
        let listed = |names: &[String]| names.iter().any(|name| key.is_text(name));
        self.keep.as_deref().is_none_or(listed) && !listed(&self.drop)
    }

    /// Tells whether a renamed member takes over the name of this one, which
    /// is not renamed itself.
    fn is_replaced(&self, key: Json, members: &[Member]) -> bool {
        let Some(taken) = self.rename.iter().find(|rename| key.is_text(&rename.to)) else { return false };
        !self.rename.iter().any(|rename| key.is_text(&rename.from))
            && members.iter().any(|(key, _)| key.is_text(&taken.from))
    }
}

impl Output {
    fn begin(&mut self, sets: usize) {
        self.text.clear();
        self.text.push(b'{');
        self.set.clear();
        self.set.resize(sets, false);
    }

    fn member(&mut self, name: &[u8], value: &[u8]) {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        self.text.extend_from_slice(name);
        self.text.push(b':');
        self.text.extend_from_slice(value);
    }
}

#[cfg(test)]
mod tests;
