//! Replaces what regular expressions match: in the payload as a text, or in
//! the strings of a JSON payload.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use common::regex::Regex;
use weir_processor::json::{quote, Json};
use weir_processor::{reject, Config, Context, Event, Keys, Processor, Result};

/// An expression and what takes the place of its matches.
struct Rule {
    regex: Regex,
    with: String,
}

struct RegexReplace {
    rules: Vec<Rule>,
    /// The payload is a text, not JSON.
    plain: bool,
    out: Vec<u8>,
}

impl Processor for RegexReplace {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["rules", "in"])?;
        keys.needed("rules")?;
        let mut rules = Vec::new();
        for (place, json) in keys.items("rules")?.unwrap_or_default() {
            let rule = Keys::new(place, json, &["pattern", "with"])?;
            let regex = Regex::parse(&rule.needed_text("pattern")?);
            let regex = regex.map_err(|err| rule.wrong("pattern", err.message()))?;
            rules.push(Rule { regex, with: rule.text("with")?.unwrap_or("***".into()) });
        }
        if rules.is_empty() {
            return Err(keys.wrong("rules", "is empty"));
        }
        let plain = keys.choice("in", &["strings", "text"])? == Some(1);
        Ok(RegexReplace { rules, plain, out: Vec::new() })
    }

    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        self.out.clear();
        if !self.plain {
            if write(&mut self.rules, event.json()?, &mut self.out) {
                event.set_value(&self.out);
            }
            return Ok(());
        }
        if event.is_null() {
            reject!("the value is null");
        }
        if let Some(text) = replace(&mut self.rules, event.as_str()?) {
            event.set_value(text.as_bytes());
        }
        Ok(())
    }
}

weir_processor::export!(RegexReplace);

/// A text with the matches of all rules replaced, each in what the one before
/// made; none when nothing matched.
fn replace(rules: &mut [Rule], text: &str) -> Option<String> {
    let mut replaced: Option<String> = None;
    for rule in rules {
        let mut out = Vec::new();
        if rule.regex.replace(replaced.as_deref().unwrap_or(text), &rule.with, &mut out) {
            replaced = String::from_utf8(out).ok();
        }
    }
    replaced
}

/// Writes a value with its strings replaced; false when none changed. What
/// does not change keeps its bytes. The names of members are no strings here.
fn write(rules: &mut [Rule], json: Json, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut changed = false;
    if let Some(members) = json.members() {
        out.push(b'{');
        for (key, value) in members.flatten() {
            separate(out, start);
            out.extend_from_slice(key.as_bytes());
            out.push(b':');
            changed |= write(rules, value, out);
        }
        out.push(b'}');
    } else if let Some(items) = json.items() {
        out.push(b'[');
        for item in items {
            separate(out, start);
            changed |= write(rules, item, out);
        }
        out.push(b']');
    } else if let Some(text) = json.as_str().and_then(|text| replace(rules, &text)) {
        quote(out, &text);
        changed = true;
    }
    if !changed {
        out.truncate(start);
        out.extend_from_slice(json.as_bytes());
    }
    changed
}

fn separate(out: &mut Vec<u8>, start: usize) {
    if out.len() > start + 1 {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_processor::testing::{Host, Input};

    fn run(config: &str, value: &str) -> Result<String, String> {
        let mut ran = Host::<RegexReplace>::open(config)?.run(&[Input::new(value)]);
        match ran.rejects.pop() {
            Some((_, why)) => Err(why),
            None => Ok(String::from_utf8(ran.events.remove(0).value.unwrap_or_default()).expect("UTF-8")),
        }
    }

    #[test]
    fn replaces() {
        let two = r#"{"rules": [{"pattern": "\\d{4}", "with": "<n>"}, {"pattern": "<n>-<n>"}]}"#;
        let text = r#"{"rules": [{"pattern": "a+", "with": "b"}], "in": "text"}"#;
        let cases = [
            (
                two,
                r#"{"a": "no 1234!", "b": [20260101, {"1234": "x\"1234-5678"}], "c": [ 1 ]}"#,
                r#"{"a":"no <n>!","b":[20260101,{"1234":"x\"***"}],"c":[ 1 ]}"#,
            ),
            (two, r#"{ "a": "12" }"#, r#"{ "a": "12" }"#),
            (two, r#""\u0031234""#, r#""<n>""#),
            (text, "caab", "cbb"),
            (text, "x", "x"),
            (text, "", ""),
        ];
        for (config, value, want) in cases {
            assert_eq!(run(config, value).as_deref(), Ok(want), "{config} on {value}");
        }
    }

    #[test]
    fn rejects() {
        let cases = [
            (r#"{"rules": [{"pattern": "x"}]}"#, "{", "malformed JSON at byte 1: the text ends too early"),
            ("{}", "", r#"config key "rules" is missing"#),
            (r#"{"rules": []}"#, "", r#"config key "rules" is empty"#),
            (r#"{"rules": [{"with": "x"}]}"#, "", r#"config key "rules[0].pattern" is missing"#),
            (
                r#"{"rules": [{"pattern": "x", "wiht": ""}]}"#,
                "",
                r#"unknown config key "rules[0].wiht": did you mean "with"? known are pattern, with"#,
            ),
            (
                r#"{"rules": [{"pattern": "[x"}]}"#,
                "",
                r#"config key "rules[0].pattern" is no regular expression: a [ without a ] behind it, at character 3"#,
            ),
        ];
        for (config, value, why) in cases {
            assert_eq!(run(config, value).err().as_deref(), Some(why), "{config} on {value}");
        }
    }
}
