//! Chooses the target topic of an event by comparing a number in its JSON
//! payload with a threshold.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

use alloc::string::String;
use weir_processor::{Config, Context, Event, Keys, Processor, Result};

struct TopicSelector {
    field: String,
    threshold: f64,
    above: String,
    below: String,
}

impl Processor for TopicSelector {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["field", "threshold", "above", "below"])?;
        let field = keys.text("field")?.unwrap_or("weight".into());
        if field.is_empty() {
            return Err(keys.wrong("field", "is empty"));
        }
        Ok(TopicSelector {
            field,
            threshold: keys.number("threshold")?.unwrap_or(10.0),
            above: topic(&keys, "above", "heavy")?,
            below: topic(&keys, "below", "light")?,
        })
    }

    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        let heavy = event.number(&self.field)? > self.threshold;
        event.route(if heavy { &self.above } else { &self.below });
        Ok(())
    }
}

weir_processor::export!(TopicSelector);

/// A name that Kafka takes: better told when the pipeline starts than by the
/// first event.
fn topic(keys: &Keys, name: &str, default: &str) -> Result<String> {
    let topic = keys.text(name)?.unwrap_or(default.into());
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if topic.is_empty() || topic.len() > 249 || topic == "." || topic == ".." || !topic.chars().all(legal) {
        let why = "is no topic name: use 1 to 249 of a-z A-Z 0-9 . _ -";
        return Err(keys.wrong(name, why));
    }
    Ok(topic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_processor::testing::{Host, Input};

    fn host(config: &str) -> Host<TopicSelector> {
        Host::open(config).unwrap_or_else(|err| panic!("open {config}: {err}"))
    }

    #[test]
    fn selects_by_the_threshold() {
        let cases = [
            (r#"{"weight": 10.5}"#, "heavy"),
            (r#"{"weight": 10}"#, "light"),
            (r#"{"weight": -1}"#, "light"),
            (r#"{"weight": 1, "weight": 1e3}"#, "heavy"),
            (r#"{"other": {"weight": 99}, "weight": 9}"#, "light"),
        ];
        for (value, topic) in cases {
            let ran = host("null").run(&[Input::new(value)]);
            assert_eq!(ran.events[0].topic.as_deref(), Some(topic), "{value}");
            assert!(ran.events[0].same_value, "{value}");
        }
    }

    #[test]
    fn rejects_what_it_cannot_compare() {
        let cases = [
            ("{}", r#"field "weight" is missing"#),
            ("[1]", r#"field "weight" is missing"#),
            (r#"{"weight": "12"}"#, r#"field "weight" is a string, not a number"#),
            (r#"{"weight": null}"#, r#"field "weight" is null, not a number"#),
            (r#"{"weight": 12"#, "field \"weight\": malformed JSON at byte 13: the text ends too early"),
            (r#"{"weight": 12, "x": tru}"#, "field \"weight\": malformed JSON at byte 20: expected a value"),
        ];
        for (value, why) in cases {
            let ran = host("{}").run(&[Input::new(value)]);
            assert_eq!(ran.rejects, [(0, why.to_string())], "{value}");
            assert!(ran.events.is_empty(), "{value}");
        }
    }

    #[test]
    fn obeys_its_config() {
        let config = r#"{"field": "item.mass", "threshold": 2.5, "above": "big", "below": "small"}"#;
        let mut host = host(config);
        let ran = host.run(&[Input::new(r#"{"item": {"mass": 3}}"#), Input::new(r#"{"item.mass": 2.5}"#)]);
        let topics: Vec<_> = ran.events.iter().map(|event| event.topic.as_deref()).collect();
        assert_eq!(topics, [Some("big"), Some("small")]);
    }

    #[test]
    fn refuses_a_wrong_config() {
        let cases = [
            ("[]", "the config is an array, not an object"),
            (
                r#"{"feild": "x"}"#,
                r#"unknown config key "feild": did you mean "field"? known are field, threshold, above, below"#,
            ),
            (r#"{"field": ""}"#, r#"config key "field" is empty"#),
            (r#"{"threshold": "10"}"#, r#"config key "threshold" is a string, not a number"#),
            (r#"{"above": 1}"#, r#"config key "above" is a number, not a string"#),
            (
                r#"{"below": "a b"}"#,
                r#"config key "below" is no topic name: use 1 to 249 of a-z A-Z 0-9 . _ -"#,
            ),
        ];
        for (config, why) in cases {
            assert_eq!(Host::<TopicSelector>::open(config).err().as_deref(), Some(why), "{config}");
        }
    }
}
