//! Sets the Kafka timestamp from a field of the JSON payload, or a field from
//! the Kafka timestamp.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

use alloc::format;
use alloc::vec::Vec;
use common::edit::{Edit, Places};
use common::pointer::Pointer;
use common::time::{Format, FORMATS, NAMES};
use weir_processor::{now, reject, Config, Context, Error, Event, Processor, Result};

/// What becomes of an event that does not have the field.
#[derive(Clone, Copy)]
enum Missing {
    Reject,
    /// The timestamp stays as it is.
    Pass,
    /// The timestamp is the time of the batch.
    Now,
}

enum Direction {
    FromField(Pointer, Missing),
    ToField(Places),
}

struct Timestamp {
    direction: Direction,
    format: Format,
    out: Vec<u8>,
}

impl Processor for Timestamp {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["from", "to", "format", "on_missing"])?;
        let missing = keys.choice("on_missing", &["reject", "pass", "now"])?;
        let direction = match (Pointer::read(&keys, "from")?, Pointer::read(&keys, "to")?) {
            (Some(from), None) => {
                let missing = [Missing::Reject, Missing::Pass, Missing::Now][missing.unwrap_or(0)];
                Direction::FromField(from, missing)
            }
            (None, Some(to)) => {
                if missing.is_some() {
                    return Err(keys.wrong("on_missing", "goes with \"from\" only"));
                }
                if to.tokens().is_empty() {
                    return Err(keys.wrong("to", "is the whole value: name a field, such as /time"));
                }
                let mut places = Places::default();
                places.add(&to, 0)?;
                Direction::ToField(places)
            }
            _ => reject!("the config needs either \"from\", the field that holds the time, or \"to\", the field to set"),
        };
        let format = FORMATS[keys.choice("format", &NAMES)?.unwrap_or(0)];
        Ok(Timestamp { direction, format, out: Vec::new() })
    }

    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        let (json, format) = (event.json()?, self.format);
        match &self.direction {
            Direction::FromField(field, missing) => {
                match (field.find(json).filter(|value| !value.is_null()), missing) {
                    (Some(value), _) => {
                        let wrong = |why: Error| Error::new(format!("{} {}", field.title(), why.message()));
                        let ms = format.read(value).map_err(wrong)?;
                        if ms < 0 {
                            reject!("{} is before 1970, which Kafka has no timestamps for", field.title());
                        }
                        event.set_timestamp(ms);
                    }
                    (None, Missing::Reject) => reject!("{} is missing or null", field.title()),
                    (None, Missing::Pass) => {}
                    (None, Missing::Now) => event.set_timestamp(now() / 1_000_000),
                }
            }
            Direction::ToField(places) => {
                let ms = event.timestamp();
                places.apply(json, &mut self.out, &mut |_, _, out| {
                    format.write(ms, out);
                    Ok(Edit::Set)
                })?;
                event.set_value(&self.out);
            }
        }
        Ok(())
    }
}

weir_processor::export!(Timestamp);

#[cfg(test)]
mod tests {
    use super::*;
    use weir_processor::testing::{Host, Input, Ran};

    fn run(config: &str, value: &str) -> Ran {
        let mut host = Host::<Timestamp>::open(config).unwrap_or_else(|err| panic!("open {config}: {err}"));
        host.run(&[Input { timestamp: 1500, ..Input::new(value) }])
    }

    #[test]
    fn reads_a_field() {
        let cases = [
            (r#"{"from": "/t"}"#, r#"{"t": "2026-02-28T12:30:00.25+01:00"}"#, Ok(Some(1_772_278_200_250))),
            (
                r#"{"from": "/a/t", "format": "unix_s"}"#,
                r#"{"a": {"t": 1700000000.5}}"#,
                Ok(Some(1_700_000_000_500)),
            ),
            (r#"{"from": "", "format": "unix_ns"}"#, "1700000000123456789", Ok(Some(1_700_000_000_123))),
            (r#"{"from": "/t"}"#, r#"{"t": null}"#, Err("field /t is missing or null")),
            (r#"{"from": "/t", "on_missing": "pass"}"#, "{}", Ok(None)),
            (r#"{"from": "/t", "on_missing": "now"}"#, "{}", Ok(Some(1_700_000_000_000))),
            (
                r#"{"from": "/t", "on_missing": "now"}"#,
                r#"{"t": "soon"}"#,
                Err("field /t is \"soon\", not a time as RFC 3339 writes it: 2026-02-28T12:30:00Z"),
            ),
            (
                r#"{"from": "/t", "format": "unix_ms"}"#,
                r#"{"t": -1}"#,
                Err("field /t is before 1970, which Kafka has no timestamps for"),
            ),
            (r#"{"from": "/t"}"#, "{", Err("malformed JSON at byte 1: the text ends too early")),
        ];
        for (config, value, want) in cases {
            let ran = run(config, value);
            let got = match ran.rejects.first() {
                Some((_, why)) => Err(why.as_str()),
                None => Ok(ran.events[0].timestamp),
            };
            assert_eq!(got, want, "{config} on {value}");
            assert!(ran.events.iter().all(|event| event.same_value));
        }
    }

    #[test]
    fn writes_a_field() {
        let cases = [
            (r#"{"to": "/t"}"#, r#"{"id": 1}"#, r#"{"id":1,"t":"1970-01-01T00:00:01.500Z"}"#),
            (
                r#"{"to": "/a/t", "format": "unix_us"}"#,
                r#"{"a": {"t": 0, "b": [ 1 ]}}"#,
                r#"{"a":{"t":1500000,"b":[ 1 ]}}"#,
            ),
            (r#"{"to": "/a/t", "format": "unix_s"}"#, "{}", r#"{"a":{"t":1}}"#),
        ];
        for (config, value, want) in cases {
            let event = run(config, value).events.remove(0);
            assert_eq!(
                event.value.as_deref().map(String::from_utf8_lossy).as_deref(),
                Some(want),
                "{config} on {value}"
            );
            assert_eq!(event.timestamp, None);
        }
        let ran = run(r#"{"to": "/a/t"}"#, r#"{"a": 1}"#);
        assert_eq!(ran.rejects, [(0, "field /a/t cannot be set: what holds it is a number".to_string())]);
    }

    #[test]
    fn refuses_a_wrong_config() {
        let cases = [
            (
                "null",
                r#"the config needs either "from", the field that holds the time, or "to", the field to set"#,
            ),
            (
                r#"{"from": "/a", "to": "/b"}"#,
                r#"the config needs either "from", the field that holds the time, or "to", the field to set"#,
            ),
            (r#"{"from": "a"}"#, r#"config key "from" is a, which is no JSON pointer: write /a"#),
            (
                r#"{"from": "/a", "format": "iso"}"#,
                r#"config key "format" is "iso", not one of rfc3339, unix_s, unix_ms, unix_us, unix_ns"#,
            ),
            (r#"{"to": ""}"#, r#"config key "to" is the whole value: name a field, such as /time"#),
            (r#"{"to": "/a", "on_missing": "now"}"#, r#"config key "on_missing" goes with "from" only"#),
            (
                r#"{"form": "/a"}"#,
                r#"unknown config key "form": did you mean "from"? known are from, to, format, on_missing"#,
            ),
        ];
        for (config, why) in cases {
            assert_eq!(Host::<Timestamp>::open(config).err().as_deref(), Some(why), "{config}");
        }
    }
}
