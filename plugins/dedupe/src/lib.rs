//! Drops events that repeat what an earlier one said, within a window that is
//! kept in memory.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod window;

use alloc::vec::Vec;
use common::field::Field;
use common::hash::{quick, Sha256};
use weir_processor::json::Json;
use weir_processor::{count, now, reject, Batch, Config, Context, Event, Processor, Result};
use window::{Origin, Seen, Window};

/// What becomes of an event without one of the pieces to compare.
#[derive(Clone, Copy)]
enum Missing {
    Pass,
    Reject,
    Drop,
}

struct Dedupe {
    by: Vec<Field>,
    reads_json: bool,
    on_missing: Missing,
    window: Window,
    /// The number of the batch: what comes twice in one is no redelivery.
    batch: u64,
    piece: Vec<u8>,
}

impl Processor for Dedupe {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["by", "count", "seconds", "on_missing"])?;
        let texts = match keys.needed("by")?.as_str() {
            Some(text) => Vec::from([text.into_owned()]),
            None => keys.texts("by")?.unwrap_or_default(),
        };
        let mut by = Vec::new();
        for text in &texts {
            by.push(Field::parse(text).map_err(|err| keys.wrong("by", err.message()))?);
        }
        if by.is_empty() {
            return Err(keys.wrong("by", "is empty"));
        }
        let entries = keys.integer("count", 1, 500_000)?.unwrap_or(10_000);
        let seconds = keys.integer("seconds", 1, 31_536_000)?;
        let on_missing = keys.choice("on_missing", &["pass", "reject", "drop"])?;
        Ok(Dedupe {
            reads_json: by.iter().any(Field::is_json),
            by,
            on_missing: [Missing::Pass, Missing::Reject, Missing::Drop][on_missing.unwrap_or(0)],
            window: Window::new(entries as usize, seconds.map(|seconds| seconds * 1_000_000_000)),
            batch: 0,
            piece: Vec::new(),
        })
    }

    fn process(&mut self, ctx: &mut Context, event: &mut Event) -> Result {
        let json = if self.reads_json { event.json()? } else { Json::NULL };
        let mut hash = Sha256::default();
        for field in &self.by {
            match (field.get(ctx, event, json)?, self.on_missing) {
                (Some(piece), _) => {
                    self.piece.clear();
                    piece.write_text(&mut self.piece);
                    hash.add(&(self.piece.len() as u64).to_le_bytes());
                    hash.add(&self.piece);
                }
                (None, Missing::Pass) => return Ok(()),
                (None, Missing::Reject) => reject!("{} is missing or null", field.title()),
                (None, Missing::Drop) => {
                    event.drop();
                    return Ok(());
                }
            }
        }
        let origin = Origin {
            partition: quick(
                ctx.int("_kafka_partition").unwrap_or_default() as u64,
                ctx.bytes("_kafka_topic").unwrap_or_default(),
            ),
            offset: ctx.int("_kafka_offset").unwrap_or_default(),
        };
        if self.window.see(&hash.finish(), origin, self.batch) == Seen::Before {
            count("dedupe_dropped", 1.0);
            event.drop();
        }
        Ok(())
    }

    fn process_batch(&mut self, batch: &mut Batch) {
        self.batch += 1;
        self.window.expire(now());
        batch.each(|ctx, event| self.process(ctx, event));
    }
}

weir_processor::export!(Dedupe);

#[cfg(test)]
mod tests;
