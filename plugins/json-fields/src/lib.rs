//! Keeps, drops, renames and sets members of an event's JSON payload.
//!
//! The members that stay keep their bytes; nothing is parsed into a tree.

mod config;

use config::Fields;
use weir_processor::json::{self, Json};
use weir_processor::{reject, Config, Context, Event, Processor, Result};

struct JsonFields {
    fields: Fields,
    /// The output under construction, kept for its memory.
    out: Vec<u8>,
}

impl Processor for JsonFields {
    fn open(config: Config<'_>) -> Result<Self> {
        Ok(JsonFields { fields: Fields::read(config.json)?, out: Vec::new() })
    }

    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        let members = members(event)?;
        if self.fields.write(&members, &mut self.out) {
            event.set_value(&self.out);
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
    fn write(&self, members: &[Member], out: &mut Vec<u8>) -> bool {
        let replaced = self.replaced(members);
        let mut set = vec![false; self.set.len()];
        let mut changed = false;
        out.clear();
        out.push(b'{');
        for &(key, value) in members {
            if !self.stays(key) || replaced.iter().any(|name| key.is_text(name)) {
                changed = true;
                continue;
            }
            let name =
                self.rename.iter().find(|rename| key.is_text(&rename.from)).map(|rename| &rename.quoted);
            let name = name.map_or(key.as_bytes(), |quoted| quoted);
            let new = self.set.iter().position(|set| set.is_named(name, key));
            changed |= name != key.as_bytes() || new.is_some_and(|at| self.set[at].value != value.as_bytes());
            write_member(out, name, new.map_or(value.as_bytes(), |at| &self.set[at].value));
            if let Some(at) = new {
                set[at] = true;
            }
        }
        for (set, _) in self.set.iter().zip(&set).filter(|(_, done)| !**done) {
            write_member(out, &set.quoted, &set.value);
            changed = true;
        }
        out.push(b'}');
        changed
    }

    fn stays(&self, key: Json) -> bool {
        let listed = |names: &[String]| names.iter().any(|name| key.is_text(name));
        self.keep.as_deref().is_none_or(listed) && !listed(&self.drop)
    }

    /// The names that a renamed member takes over from another one.
    fn replaced(&self, members: &[Member]) -> Vec<&str> {
        let present = |name: &str| members.iter().any(|(key, _)| key.is_text(name));
        let taken =
            self.rename.iter().filter(|rename| present(&rename.from)).map(|rename| rename.to.as_str());
        taken.filter(|to| !self.rename.iter().any(|rename| rename.from == *to)).collect()
    }
}

fn write_member(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    if out.len() > 1 {
        out.push(b',');
    }
    out.extend_from_slice(name);
    out.push(b':');
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests;
