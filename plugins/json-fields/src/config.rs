//! The config, checked so that no event meets a contradiction.

use weir_processor::json::{quote, Json};
use weir_processor::{reject, Result};

/// What to do with the members of an object, in this order: keep, drop,
/// rename, set.
#[derive(Default)]
pub struct Fields {
    pub keep: Option<Vec<String>>,
    pub drop: Vec<String>,
    pub rename: Vec<Rename>,
    pub set: Vec<Set>,
}

pub struct Rename {
    pub from: String,
    pub to: String,
    /// `to` as a JSON string.
    pub quoted: Vec<u8>,
}

pub struct Set {
    pub name: String,
    /// The name as a JSON string.
    pub quoted: Vec<u8>,
    pub value: Vec<u8>,
}

impl Set {
    /// Tells whether this sets the member that was written as `key` and will
    /// be written as `name`.
    pub fn is_named(&self, name: &[u8], key: Json) -> bool {
        name == self.quoted || (name == key.as_bytes() && key.is_text(&self.name))
    }
}

impl Fields {
    pub fn read(config: Json) -> Result<Self> {
        let mut fields = Fields::default();
        if config.is_null() {
            reject!("the config is missing: give at least one of keep, drop, rename, set");
        }
        let Some(members) = config.members() else {
            reject!("the config is {}, not an object", config.kind());
        };
        for member in members {
            let (key, value) = member?;
            match key.as_str().as_deref() {
                Some("keep") => fields.keep = Some(names(key, value)?),
                Some("drop") => fields.drop = names(key, value)?,
                Some("rename") => fields.rename = renames(key, value)?,
                Some("set") => fields.set = sets(key, value)?,
                _ => reject!("unknown config key {key}: known are keep, drop, rename, set"),
            }
        }
        fields.check()?;
        Ok(fields)
    }

    fn check(&self) -> Result {
        if self.keep.is_none() && self.drop.is_empty() && self.rename.is_empty() && self.set.is_empty() {
            reject!("the config does nothing: give at least one of keep, drop, rename, set");
        }
        if let Some(name) = self.drop.iter().find(|name| self.keeps(name) == Some(true)) {
            reject!("member \"{name}\" is both in keep and in drop");
        }
        for (i, rename) in self.rename.iter().enumerate() {
            let (from, to) = (&rename.from, &rename.to);
            if self.drop.contains(from) {
                reject!("member \"{from}\" is both in drop and in rename");
            }
            if self.keeps(from) == Some(false) {
                reject!("member \"{from}\" is in rename but not in keep: add it to keep");
            }
            if self.rename[..i].iter().any(|other| other.to == *to) {
                reject!("two members are renamed to \"{to}\"");
            }
        }
        Ok(())
    }

    fn keeps(&self, name: &String) -> Option<bool> {
        self.keep.as_ref().map(|keep| keep.contains(name))
    }
}

fn names(key: Json, value: Json) -> Result<Vec<String>> {
    let Some(items) = value.items() else {
        reject!("config key {key} is {}, not a list of names", value.kind());
    };
    let mut names = Vec::new();
    for item in items {
        match item.as_str() {
            Some(name) => names.push(name.into_owned()),
            None => reject!("config key {key} holds {item}, which is {}, not a name", item.kind()),
        }
    }
    Ok(names)
}

fn renames(key: Json, value: Json) -> Result<Vec<Rename>> {
    let Some(members) = value.members() else {
        reject!("config key {key} is {}, not a map of old names to new ones", value.kind());
    };
    let mut renames = Vec::new();
    for member in members {
        let (from, to) = member?;
        match (from.as_str(), to.as_str()) {
            (Some(from), Some(to)) => {
                renames.push(Rename { from: from.into_owned(), quoted: quoted(&to), to: to.into_owned() })
            }
            _ => reject!("config key {key} renames {from} to {to}, which is {}, not a name", to.kind()),
        }
    }
    Ok(renames)
}

fn sets(key: Json, value: Json) -> Result<Vec<Set>> {
    let Some(members) = value.members() else {
        reject!("config key {key} is {}, not a map of names to values", value.kind());
    };
    let mut sets = Vec::new();
    for member in members {
        let (name, value) = member?;
        let name = name.as_str().unwrap_or_default().into_owned();
        sets.push(Set { quoted: quoted(&name), name, value: value.as_bytes().to_vec() });
    }
    Ok(sets)
}

fn quoted(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    quote(&mut out, name);
    out
}
