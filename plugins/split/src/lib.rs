//! Makes an event of every item of an array in the JSON payload.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use common::pointer::Pointer;
use weir_processor::json::{quote, Json};
use weir_processor::{reject, Config, Context, Event, Processor, Result};

/// What becomes of an event that has nothing to split.
#[derive(Clone, Copy)]
enum Nothing {
    Reject,
    Drop,
    Pass,
}

const NOTHING: [Nothing; 3] = [Nothing::Reject, Nothing::Drop, Nothing::Pass];
const NOTHING_NAMES: [&str; 3] = ["reject", "drop", "pass"];

struct Split {
    at: Pointer,
    keep: Vec<Pointer>,
    item_as: Option<String>,
    index_as: Option<String>,
    on_empty: Nothing,
    on_missing: Nothing,
    out: Vec<u8>,
}

impl Processor for Split {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["at", "keep", "as", "index", "on_empty", "on_missing"])?;
        let keep = Pointer::list(&keys, "keep")?.unwrap_or_default();
        let split = Split {
            at: Pointer::needed(&keys, "at")?,
            item_as: keys.text("as")?,
            index_as: keys.text("index")?,
            on_empty: NOTHING[keys.choice("on_empty", &NOTHING_NAMES)?.unwrap_or(1)],
            on_missing: NOTHING[keys.choice("on_missing", &NOTHING_NAMES)?.unwrap_or(0)],
            out: Vec::new(),
            keep,
        };
        split.check()?;
        Ok(split)
    }

    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        let json = event.json()?;
        let array = self.at.find(json).filter(|value| !value.is_null());
        let Some(array) = array else {
            return self.nothing(self.on_missing, event, "is missing or null");
        };
        let Some(items) = array.items() else {
            reject!("{} is {}, not an array", self.at.title(), array.kind());
        };
        let mut count = 0;
        for item in items {
            if self.wraps() {
                self.write(json, item, count)?;
                event.set_value(&self.out);
            } else {
                event.set_value(item.as_bytes());
            }
            event.emit();
            count += 1;
        }
        if count == 0 {
            return self.nothing(self.on_empty, event, "is empty");
        }
        event.drop();
        Ok(())
    }
}

weir_processor::export!(Split);

impl Split {
    /// Two members of an event cannot have one name.
    fn check(&self) -> Result {
        let kept = self.keep.iter().filter_map(|pointer| pointer.tokens().last());
        let mut names: Vec<&String> = Vec::new();
        for name in kept.chain(&self.item_as).chain(&self.index_as) {
            if names.contains(&name) {
                reject!("the config gives the events two members \"{name}\"");
            }
            names.push(name);
        }
        match self.keep.iter().position(|pointer| pointer.tokens().is_empty()) {
            Some(at) => {
                reject!("config key \"keep[{at}]\" is the whole value: name a field of it, such as /id")
            }
            None => Ok(()),
        }
    }

    /// Tells whether events are more than the items themselves.
    fn wraps(&self) -> bool {
        !self.keep.is_empty() || self.item_as.is_some() || self.index_as.is_some()
    }

    fn nothing(&self, what: Nothing, event: &mut Event, why: &str) -> Result {
        match what {
            Nothing::Reject => reject!("{} {why}", self.at.title()),
            Nothing::Drop => event.drop(),
            Nothing::Pass => {}
        }
        Ok(())
    }

    /// Writes the event of an item: what is kept of the whole, the index, the
    /// item. Members of the item win over others of their name.
    fn write(&mut self, whole: Json, item: Json, index: usize) -> Result {
        let own = |name: &str| self.item_as.is_none() && item.get(name).is_some();
        let out = &mut self.out;
        out.clear();
        out.push(b'{');
        for pointer in &self.keep {
            let Some((name, value)) = pointer.tokens().last().zip(pointer.find(whole)) else { continue };
            if !own(name) {
                member(out, name, value.as_bytes());
            }
        }
        if let Some(name) = self.index_as.as_ref().filter(|name| !own(name)) {
            member(out, name, alloc::format!("{index}").as_bytes());
        }
        match &self.item_as {
            Some(name) => member(out, name, item.as_bytes()),
            None => {
                let Some(members) = item.members() else {
                    reject!(
                        "{} holds {} at index {index}, which has no members: give it a name with \"as\"",
                        self.at.title(),
                        item.kind()
                    );
                };
                for entry in members {
                    let (key, value) = entry?;
                    separate(out);
                    out.extend_from_slice(key.as_bytes());
                    out.push(b':');
                    out.extend_from_slice(value.as_bytes());
                }
            }
        }
        out.push(b'}');
        Ok(())
    }
}

fn member(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    separate(out);
    quote(out, name);
    out.push(b':');
    out.extend_from_slice(value);
}

fn separate(out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_processor::testing::{Host, Input};

    /// The values of the events, or why there are none.
    fn run(config: &str, value: &str) -> Result<String, String> {
        let mut host = Host::<Split>::open(config).unwrap_or_else(|err| panic!("open {config}: {err}"));
        let ran = host.run(&[Input::new(value).key("k")]);
        match ran.rejects.first() {
            Some((_, why)) => Err(why.clone()),
            None => {
                assert!(ran.events.iter().all(|event| event.key.as_deref() == Some(b"k")));
                let values = ran.events.iter().map(|event| event.value.clone().unwrap_or_default());
                Ok(String::from_utf8(values.collect::<Vec<_>>().join(&b' ')).expect("UTF-8"))
            }
        }
    }

    #[test]
    fn splits() {
        let order =
            r#"{"id": 7, "c": {"name": "x"}, "items": [{"sku": "a", "n": [ 1 ]}, {"sku": "b", "id": 8}]}"#;
        let cases = [
            (r#"{"at": ""}"#, "[1, [ 2 ], {\"a\": 3}]", r#"1 [ 2 ] {"a": 3}"#),
            (r#"{"at": "/items"}"#, order, r#"{"sku": "a", "n": [ 1 ]} {"sku": "b", "id": 8}"#),
            (
                r#"{"at": "/items", "keep": ["/id", "/c/name", "/no"]}"#,
                order,
                r#"{"id":7,"name":"x","sku":"a","n":[ 1 ]} {"name":"x","sku":"b","id":8}"#,
            ),
            (
                r#"{"at": "/items", "keep": ["/id"], "as": "item", "index": "i"}"#,
                r#"{"id": 1, "items": [5, {}]}"#,
                r#"{"id":1,"i":0,"item":5} {"id":1,"i":1,"item":{}}"#,
            ),
            (r#"{"at": "/items", "index": "i"}"#, r#"{"items": [{}, {"i": 9}]}"#, r#"{"i":0} {"i":9}"#),
            (r#"{"at": "/items"}"#, r#"{"items": []}"#, ""),
            (r#"{"at": "/items", "on_empty": "pass"}"#, r#"{"items": []}"#, r#"{"items": []}"#),
            (r#"{"at": "/items", "on_missing": "drop"}"#, r#"{"items": null}"#, ""),
            (r#"{"at": "/items", "on_missing": "pass"}"#, r#"{}"#, "{}"),
        ];
        for (config, value, want) in cases {
            assert_eq!(run(config, value).as_deref(), Ok(want), "{config} on {value}");
        }
    }

    #[test]
    fn rejects() {
        let cases = [
            (r#"{"at": "/items"}"#, "{}", "field /items is missing or null"),
            (r#"{"at": "/items"}"#, r#"{"items": {}}"#, "field /items is an object, not an array"),
            (r#"{"at": ""}"#, "{}", "the value is an object, not an array"),
            (r#"{"at": "/l", "on_empty": "reject"}"#, r#"{"l": []}"#, "field /l is empty"),
            (
                r#"{"at": "/l", "keep": ["/id"]}"#,
                r#"{"l": [{}, 5]}"#,
                "field /l holds a number at index 1, which has no members: give it a name with \"as\"",
            ),
            (r#"{"at": "/l"}"#, r#"{"l": [1,]}"#, "malformed JSON at byte 9: expected a value"),
        ];
        for (config, value, why) in cases {
            assert_eq!(run(config, value).err().as_deref(), Some(why), "{config} on {value}");
        }
    }

    #[test]
    fn refuses_a_wrong_config() {
        let cases = [
            ("{}", r#"config key "at" is missing"#),
            (r#"{"at": "items"}"#, r#"config key "at" is items, which is no JSON pointer: write /items"#),
            (r#"{"at": "/l", "keep": "/id"}"#, r#"config key "keep" is a string, not a list"#),
            (
                r#"{"at": "/l", "keep": ["/id", "x"]}"#,
                r#"config key "keep[1]" is x, which is no JSON pointer: write /x"#,
            ),
            (
                r#"{"at": "/l", "keep": [""]}"#,
                r#"config key "keep[0]" is the whole value: name a field of it, such as /id"#,
            ),
            (
                r#"{"at": "/l", "keep": ["/a/id", "/b/id"]}"#,
                r#"the config gives the events two members "id""#,
            ),
            (
                r#"{"at": "/l", "on_empty": "keep"}"#,
                r#"config key "on_empty" is "keep", not one of reject, drop, pass"#,
            ),
            (
                r#"{"at": "/l", "items": 1}"#,
                r#"unknown config key "items": known are at, keep, as, index, on_empty, on_missing"#,
            ),
        ];
        for (config, why) in cases {
            assert_eq!(Host::<Split>::open(config).err().as_deref(), Some(why), "{config}");
        }
    }
}
