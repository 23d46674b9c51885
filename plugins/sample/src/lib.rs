//! Keeps a share of the events: which ones follows from the events alone, so
//! that the same ones stay when they are read again.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use common::field::Field;
use common::hash::quick;
use weir_processor::json::Json;
use weir_processor::{reject, Config, Context, Event, Processor, Result};

/// What becomes of an event without the piece that decides.
#[derive(Clone, Copy)]
enum Missing {
    Reject,
    Keep,
    Drop,
}

struct Sample {
    by: Option<Field>,
    /// Hashes below this stay; none when all do.
    below: Option<u64>,
    seed: u64,
    on_missing: Missing,
    piece: Vec<u8>,
}

impl Processor for Sample {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["rate", "by", "seed", "on_missing"])?;
        keys.needed("rate")?;
        let rate = keys.number("rate")?.unwrap_or_default();
        if !(0.0..=1.0).contains(&rate) {
            return Err(keys.wrong("rate", "is not a share between 0, for none, and 1, for all"));
        }
        let by = match keys.text("by")? {
            Some(by) => Some(Field::parse(&by).map_err(|err| keys.wrong("by", err.message()))?),
            None => None,
        };
        let on_missing = keys.choice("on_missing", &["reject", "keep", "drop"])?;
        if on_missing.is_some() && by.is_none() {
            return Err(keys.wrong("on_missing", "goes with \"by\" only"));
        }
        Ok(Sample {
            by,
            below: (rate < 1.0).then_some((rate * 18_446_744_073_709_551_616.0) as u64),
            seed: quick(0, keys.text("seed")?.unwrap_or_default().as_bytes()),
            on_missing: [Missing::Reject, Missing::Keep, Missing::Drop][on_missing.unwrap_or(0)],
            piece: Vec::new(),
        })
    }

    fn process(&mut self, ctx: &mut Context, event: &mut Event) -> Result {
        let Some(below) = self.below else { return Ok(()) };
        self.piece.clear();
        match &self.by {
            None => write_source(ctx, &mut self.piece),
            Some(field) => {
                let json = if field.is_json() { event.json()? } else { Json::NULL };
                match (field.get(ctx, event, json)?, self.on_missing) {
                    (Some(piece), _) => piece.write_text(&mut self.piece),
                    (None, Missing::Reject) => reject!("{} is missing or null", field.title()),
                    (None, Missing::Keep) => return Ok(()),
                    (None, Missing::Drop) => {
                        event.drop();
                        return Ok(());
                    }
                }
            }
        }
        if quick(self.seed, &self.piece) >= below {
            event.drop();
        }
        Ok(())
    }
}

weir_processor::export!(Sample);

/// Where the event came from: no two records have that in common.
fn write_source(ctx: &Context, out: &mut Vec<u8>) {
    for name in ["_kafka_partition", "_kafka_offset"] {
        out.extend_from_slice(&ctx.int(name).unwrap_or_default().to_le_bytes());
    }
    out.extend_from_slice(ctx.bytes("_kafka_topic").unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_processor::testing::{Host, Input};

    /// Which of the inputs stay, or why there is none.
    fn kept(config: &str, inputs: &[Input]) -> Result<Vec<usize>, String> {
        let ran = Host::<Sample>::open(config)?.run(inputs);
        match ran.rejects.first() {
            Some((_, why)) => Err(why.clone()),
            None => Ok(ran.events.iter().map(|event| event.source).collect()),
        }
    }

    fn records(count: i64) -> Vec<Input> {
        (0..count)
            .map(|offset| Input {
                offset,
                ..Input::new(format!(r#"{{"user": {}}}"#, offset % 100)).key(format!("k{}", offset % 50))
            })
            .collect()
    }

    #[test]
    fn keeps_the_share() {
        let inputs = records(20_000);
        for (rate, least, most) in
            [(0.1, 1850, 2150), (0.5, 9700, 10_300), (0.0, 0, 0), (1.0, 20_000, 20_000)]
        {
            let count = kept(&format!(r#"{{"rate": {rate}}}"#), &inputs).map(|kept| kept.len());
            assert!(count.as_ref().is_ok_and(|count| (least..=most).contains(count)), "{rate}: {count:?}");
        }
    }

    #[test]
    fn same_pieces_share_their_fate() {
        let inputs = records(1000);
        for (by, of) in [("key", 50), ("/user", 100)] {
            let kept = kept(&format!(r#"{{"rate": 0.3, "by": "{by}"}}"#), &inputs).expect("all have it");
            assert!(!kept.is_empty() && kept.len() < 700, "{}", kept.len());
            for at in &kept {
                assert!(kept.contains(&(at % of)), "{by}: {at} stayed and {} did not", at % of);
            }
        }
        let with = |seed: &str| kept(&format!(r#"{{"rate": 0.3, "by": "key", "seed": "{seed}"}}"#), &inputs);
        assert_eq!(with("a"), with("a"));
        assert_ne!(with("a"), with("b"));
    }

    #[test]
    fn what_is_missing() {
        let inputs = [Input::new("{}")];
        let with = |more: &str| kept(&format!(r#"{{"rate": 0.5, "by": "/user"{more}}}"#), &inputs);
        assert_eq!(with(""), Err("field /user is missing or null".to_string()));
        assert_eq!(with(r#", "on_missing": "keep""#), Ok(vec![0]));
        assert_eq!(with(r#", "on_missing": "drop""#), Ok(vec![]));
        assert_eq!(
            kept(r#"{"rate": 0.5, "by": "/a"}"#, &[Input::new("x")]),
            Err("malformed JSON at byte 0: expected a value".to_string())
        );
    }

    #[test]
    fn refuses_a_wrong_config() {
        let cases = [
            ("{}", r#"config key "rate" is missing"#),
            (r#"{"rate": 10}"#, r#"config key "rate" is not a share between 0, for none, and 1, for all"#),
            (r#"{"rate": "0.1"}"#, r#"config key "rate" is a string, not a number"#),
            (
                r#"{"rate": 0.1, "by": "user"}"#,
                r#"config key "by" is user: write a JSON pointer such as /id, or value, key, topic, partition, offset, timestamp, time, header:NAME, context:NAME"#,
            ),
            (r#"{"rate": 0.1, "on_missing": "keep"}"#, r#"config key "on_missing" goes with "by" only"#),
            (
                r#"{"rat": 0.1}"#,
                r#"unknown config key "rat": did you mean "rate"? known are rate, by, seed, on_missing"#,
            ),
        ];
        for (config, why) in cases {
            assert_eq!(kept(config, &[]).err().as_deref(), Some(why), "{config}");
        }
    }
}
