//! Masks, hashes, replaces or removes fields of the JSON payload.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod rule;

use alloc::vec::Vec;
use common::edit::{Edit, Places};
use common::hash::Hmac;
use common::pointer::Pointer;
use rule::Rule;
use weir_processor::json::Json;
use weir_processor::{reject, Config, Context, Error, Event, Keys, Processor, Result};

struct Redact {
    rules: Vec<Rule>,
    places: Places,
    /// Which rule a place of the tree belongs to.
    owners: Vec<usize>,
    salt: Hmac,
    out: Vec<u8>,
}

impl Processor for Redact {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["rules", "salt"])?;
        keys.needed("rules")?;
        let (mut rules, mut owners, mut places) = (Vec::new(), Vec::new(), Places::default());
        for (place, json) in keys.items("rules")?.unwrap_or_default() {
            let rule = Keys::new(place, json, rule::KEYS)?;
            let fields = Pointer::list(&rule, "fields")?.unwrap_or_default();
            if fields.is_empty() {
                return Err(rule.wrong("fields", "names no field"));
            }
            for field in fields {
                let wrong =
                    |err: Error| rule.wrong("fields", &alloc::format!("names {}, which {err}", field.text()));
                places.add(&field, owners.len()).map_err(wrong)?;
                owners.push(rules.len());
            }
            rules.push(Rule::read(&rule)?);
        }
        if rules.is_empty() {
            return Err(keys.wrong("rules", "is empty"));
        }
        let salt = keys.text("salt")?.unwrap_or_default();
        if salt.is_empty() && rules.iter().any(|rule| matches!(rule, Rule::Hash)) {
            reject!("the config hashes without a \"salt\": without one, anyone finds out what was hashed by trying");
        }
        Ok(Redact { rules, places, owners, salt: Hmac::new(salt.as_bytes()), out: Vec::new() })
    }

    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        let json = event.json()?;
        let (rules, owners, salt) = (&self.rules, &self.owners, &self.salt);
        let changed =
            self.places.apply(json, &mut self.out, &mut |number, old: Option<Json>, out| match old {
                Some(old) => rules[owners[number]].apply(old, salt, out),
                None => Ok(Edit::Keep),
            })?;
        if changed {
            event.set_value(&self.out);
        }
        Ok(())
    }
}

weir_processor::export!(Redact);

#[cfg(test)]
mod tests;
