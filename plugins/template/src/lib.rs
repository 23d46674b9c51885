//! Builds value, key, topic and headers of an event from pieces of it.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use common::template::{Missing, Shape, Source, Template};
use weir_processor::json::Json;
use weir_processor::{reject, Config, Context, Error, Event, Keys, Processor, Result};

/// What to make of a part of the event.
enum Make {
    Keep,
    /// There shall be none.
    Null,
    Text(Template),
}

struct Builder {
    value: Option<Shape>,
    key: Make,
    topic: Make,
    headers: Vec<(String, Make)>,
    missing: Missing,
    reads_json: bool,
    /// What is built, kept for its memory: value, key, topic, then headers.
    built: Vec<Vec<u8>>,
}

impl Processor for Builder {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["value", "key", "topic", "headers", "on_missing"])?;
        let missing = keys.choice("on_missing", &["reject", "empty", "omit"])?;
        let mut headers = Vec::new();
        for (name, value) in keys.map("headers")?.unwrap_or_default() {
            let make = Make::read(&keys, &format!("headers.{name}"), Some(value))?;
            headers.push((name, make));
        }
        let mut builder = Builder {
            value: keys.get("value").map(|value| Shape::parse("value", value)).transpose()?,
            key: Make::read(&keys, "key", keys.get("key"))?,
            topic: Make::read(&keys, "topic", keys.get("topic"))?,
            built: (0..headers.len() + 3).map(|_| Vec::new()).collect(),
            headers,
            missing: [Missing::Reject, Missing::Empty, Missing::Omit][missing.unwrap_or(0)],
            reads_json: false,
        };
        if builder.value.is_none() && builder.parts().all(|make| matches!(make, Make::Keep)) {
            reject!("the config builds nothing: give at least one of value, key, topic, headers");
        }
        if matches!(builder.topic, Make::Null) {
            return Err(keys.wrong("topic", "is null, not a string"));
        }
        builder.reads_json = builder.value.as_ref().is_some_and(Shape::reads_json)
            || builder.parts().any(|make| matches!(make, Make::Text(template) if template.reads_json()));
        Ok(builder)
    }

    fn process(&mut self, ctx: &mut Context, event: &mut Event) -> Result {
        let json = if self.reads_json { event.json()? } else { Json::NULL };
        self.build(&Source { ctx, event, json, missing: self.missing })?;
        let (value, key, topic) = (&self.built[0], &self.built[1], &self.built[2]);
        if self.value.is_some() {
            event.set_value(value);
        }
        match self.key {
            Make::Keep => {}
            Make::Null => event.set_key(None),
            Make::Text(_) => event.set_key(key.as_slice()),
        }
        if let Make::Text(_) = self.topic {
            event.route(topic_name(topic)?);
        }
        for ((name, make), value) in self.headers.iter().zip(&self.built[3..]) {
            event.remove_header(name);
            if let Make::Text(_) = make {
                event.add_header(name, value.as_slice());
            }
        }
        Ok(())
    }
}

weir_processor::export!(Builder);

impl Make {
    fn read(keys: &Keys, name: &str, value: Option<Json>) -> Result<Self> {
        let Some(value) = value else { return Ok(Make::Keep) };
        if value.is_null() {
            return Ok(Make::Null);
        }
        let Some(text) = value.as_str() else {
            return Err(keys.wrong(name, &format!("is {}, not a string", value.kind())));
        };
        Template::parse(&text).map(Make::Text).map_err(|err| keys.wrong(name, err.message()))
    }
}

impl Builder {
    fn parts(&self) -> impl Iterator<Item = &Make> {
        [&self.key, &self.topic].into_iter().chain(self.headers.iter().map(|(_, make)| make))
    }

    /// Builds all before anything changes: each template sees the event as it
    /// came.
    fn build(&mut self, from: &Source) -> Result {
        let built = &mut self.built;
        built.iter_mut().for_each(Vec::clear);
        match &self.value {
            Some(Shape::Text(template)) => template.write(from, &mut built[0])?,
            Some(shape) => {
                shape.write(from, &mut built[0])?;
            }
            None => {}
        }
        let parts = [&self.key, &self.topic].into_iter().chain(self.headers.iter().map(|(_, make)| make));
        for (make, out) in parts.zip(&mut built[1..]) {
            if let Make::Text(template) = make {
                template.write(from, out)?;
            }
        }
        Ok(())
    }
}

/// The name of a topic that Kafka takes.
fn topic_name(bytes: &[u8]) -> Result<&str> {
    let legal = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    let name = core::str::from_utf8(bytes).unwrap_or("\u{fffd}");
    if name.is_empty() || name.len() > 249 || name == "." || name == ".." || !bytes.iter().all(legal) {
        return Err(Error::new(format!(
            "\"{name:.80}\" is no topic name: it needs 1 to 249 of a-z A-Z 0-9 . _ -"
        )));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_processor::testing::{Host, Input, Output};

    fn run(config: &str, input: Input) -> Result<Output, String> {
        let mut ran = Host::<Builder>::open(config)?.run(&[input]);
        match ran.rejects.pop() {
            Some((_, why)) => Err(why),
            None => Ok(ran.events.remove(0)),
        }
    }

    fn order() -> Input {
        let input =
            Input::new(r#"{"id": 7, "name": "a\"b", "tags": [ 1 ], "none": null}"#).key("k").header("h", "1");
        Input {
            timestamp: 1500,
            offset: 42,
            ..input.pair("n", 5).pair("ok", true).pair("j", weir_processor::Value::Json(b"{\"x\": 1}"))
        }
    }

    #[test]
    fn builds_values() {
        let cases = [
            (r#""{/id}: {/name}""#, r#"7: a"b"#),
            (r#""{{{/id}}}""#, "{7}"),
            (
                r#"{"id": "{/id}", "text": "<{/name}>", "all": ["{/tags}", 1, null, true]}"#,
                r#"{"id":7,"text":"<a\"b>","all":[[ 1 ],1,null,true]}"#,
            ),
            (
                r#"{"k": "{key}", "h": "{header:h}", "n": "{context:n}", "o": "{offset}", "p": "{partition}"}"#,
                r#"{"k":"k","h":"1","n":5,"o":42,"p":0}"#,
            ),
            (
                r#"["{topic}", "{timestamp}", "{time}", "{context:ok}", "{context:j}"]"#,
                r#"["input",1500,"1970-01-01T00:00:01.500Z",true,{"x": 1}]"#,
            ),
            (r#""{/no|none} {/none|null}""#, "none null"),
            (r#"{"a": "{/no|x}"}"#, r#"{"a":"x"}"#),
            (
                r#"{"v": "{value}"}"#,
                r#"{"v":"{\"id\": 7, \"name\": \"a\\\"b\", \"tags\": [ 1 ], \"none\": null}"}"#,
            ),
        ];
        for (value, want) in cases {
            let event = run(&format!(r#"{{"value": {value}}}"#), order())
                .unwrap_or_else(|why| panic!("{value}: {why}"));
            assert_eq!(event.value.as_deref().map(String::from_utf8_lossy).as_deref(), Some(want), "{value}");
        }
    }

    #[test]
    fn builds_the_rest_from_what_came() {
        let config = r#"{"value": "new", "key": "{/id}-{key}", "topic": "t.{/id}", "headers": {"h": "{key}", "i": "{/id}", "gone": null}}"#;
        let event = run(config, order().header("gone", "x")).expect("it builds");
        assert_eq!(event.key.as_deref(), Some(&b"7-k"[..]));
        assert_eq!(event.topic.as_deref(), Some("t.7"));
        let headers: Vec<_> =
            event.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        assert_eq!(headers, [("h", Some(&b"k"[..])), ("i", Some(&b"7"[..]))]);
        let event = run(r#"{"key": null}"#, order()).expect("it builds");
        assert!(event.key.is_none() && event.same_value);
    }

    #[test]
    fn what_is_missing() {
        let config = |how: &str| {
            format!(
                r#"{{"value": {{"a": "{{/no}}", "b": "<{{/no}}>", "c": ["{{/no}}"]}}, "on_missing": "{how}"}}"#
            )
        };
        assert_eq!(run(&config("reject"), order()).err().as_deref(), Some("field /no is missing"));
        let value = |how| {
            run(&config(how), order())
                .ok()
                .and_then(|event| event.value)
                .map(|value| String::from_utf8(value).expect("UTF-8"))
        };
        assert_eq!(value("empty").as_deref(), Some(r#"{"a":null,"b":"<>","c":[null]}"#));
        assert_eq!(value("omit").as_deref(), Some(r#"{"b":"<>","c":[null]}"#));
    }

    #[test]
    fn rejects() {
        let cases = [
            (
                r#"{"topic": "{/name}"}"#,
                order(),
                r#""a"b" is no topic name: it needs 1 to 249 of a-z A-Z 0-9 . _ -"#,
            ),
            (r#"{"value": "{/id}"}"#, Input::new("{"), "malformed JSON at byte 1: the text ends too early"),
            (
                r#"{"value": {"k": "{key}"}}"#,
                Input::new("{}").key(b"\xff"),
                "the key is not UTF-8, which JSON cannot hold",
            ),
            (
                r#"{"value": "{context:f}"}"#,
                Input::new("").pair("f", 1.5),
                "context f is a float, which has no text here",
            ),
        ];
        for (config, input, why) in cases {
            assert_eq!(run(config, input).err().as_deref(), Some(why), "{config}");
        }
    }

    #[test]
    fn refuses_a_wrong_config() {
        let cases = [
            ("{}", "the config builds nothing: give at least one of value, key, topic, headers"),
            (r#"{"topic": null}"#, r#"config key "topic" is null, not a string"#),
            (r#"{"key": 5}"#, r#"config key "key" is a number, not a string"#),
            (
                r#"{"key": "{id"}"#,
                r#"config key "key" has a { without a } behind it: write {{ for the brace itself"#,
            ),
            (
                r#"{"key": "a}"}"#,
                r#"config key "key" has a } without a { before it: write }} for the brace itself"#,
            ),
            (
                r#"{"value": {"a": [1, "{id}"]}}"#,
                r#"config key "value.a[1]" has a piece that is id: write a JSON pointer such as /id, or value, key, topic, partition, offset, timestamp, time, header:NAME, context:NAME"#,
            ),
            (
                r#"{"headers": {"h": "{header:}"}}"#,
                r#"config key "headers.h" has a piece that is header:: write a JSON pointer such as /id, or value, key, topic, partition, offset, timestamp, time, header:NAME, context:NAME"#,
            ),
        ];
        for (config, why) in cases {
            assert_eq!(run(config, Input::new("")).err().as_deref(), Some(why), "{config}");
        }
    }
}
