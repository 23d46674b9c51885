//! Keeps or drops events by conditions on fields of their JSON payload. What
//! stays is passed on untouched.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod condition;

use condition::Condition;
use weir_processor::{Config, Context, Event, Processor, Result};

/// What becomes of events without a payload.
#[derive(Clone, Copy)]
enum Tombstones {
    Reject,
    Keep,
    Drop,
}

struct JsonFilter {
    condition: Condition,
    /// Whether the events that the condition holds for stay.
    keep: bool,
    tombstones: Tombstones,
}

impl Processor for JsonFilter {
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["keep", "drop", "tombstones"])?;
        let (name, condition) = match (keys.get("keep"), keys.get("drop")) {
            (Some(condition), None) => ("keep", condition),
            (None, Some(condition)) => ("drop", condition),
            _ => weir_processor::reject!("the config needs a condition in either \"keep\" or \"drop\""),
        };
        let tombstones = keys.choice("tombstones", &["reject", "keep", "drop"])?;
        Ok(JsonFilter {
            condition: Condition::read(name.into(), condition)?,
            keep: name == "keep",
            tombstones: [Tombstones::Reject, Tombstones::Keep, Tombstones::Drop][tombstones.unwrap_or(0)],
        })
    }

    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        let keep = match self.tombstones {
            Tombstones::Keep if event.is_null() => true,
            Tombstones::Drop if event.is_null() => false,
            _ => self.condition.holds(event.json()?) == self.keep,
        };
        if !keep {
            event.drop();
        }
        Ok(())
    }
}

weir_processor::export!(JsonFilter);

#[cfg(test)]
mod tests;
