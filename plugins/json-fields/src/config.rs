//! The config, checked so that no event meets a contradiction.

use alloc::string::String;
use alloc::vec::Vec;
use weir_processor::json::{quote, Json};
use weir_processor::{reject, Config, Keys, Result};

/// What to do with the members of an object, in this order: keep, drop,
/// rename, set.
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
    pub fn read(config: Config) -> Result<Self> {
        let keys = config.keys(&["keep", "drop", "rename", "set"])?;
        let fields = Fields {
            keep: keys.texts("keep")?,
            drop: keys.texts("drop")?.unwrap_or_default(),
            rename: renames(&keys)?,
            set: sets(&keys)?,
        };
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

fn renames(keys: &Keys) -> Result<Vec<Rename>> {
    let mut renames = Vec::new();
    for (from, to) in keys.map("rename")?.unwrap_or_default() {
        match to.as_str() {
            Some(to) => renames.push(Rename { from, quoted: quoted(&to), to: to.into_owned() }),
            None => reject!("config key \"rename.{from}\" is {}, not a name", to.kind()),
        }
    }
    Ok(renames)
}

fn sets(keys: &Keys) -> Result<Vec<Set>> {
    let sets = keys.map("set")?.unwrap_or_default().into_iter();
    Ok(sets
        .map(|(name, value)| Set { quoted: quoted(&name), name, value: value.as_bytes().to_vec() })
        .collect())
}

fn quoted(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    quote(&mut out, name);
    out
}
