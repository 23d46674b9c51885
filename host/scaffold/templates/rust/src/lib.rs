//! A processor for weir: it sends events to the topics heavy and light by a
//! number in their JSON payload.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

use alloc::string::String;
use weir_processor::{Config, Context, Event, Processor, Result};

struct Selector {
    field: String,
    threshold: f64,
}

impl Processor for Selector {
    /// Reads what the pipeline says under "config:". An error refuses it.
    fn open(config: Config<'_>) -> Result<Self> {
        let keys = config.keys(&["field", "threshold"])?;
        Ok(Selector {
            field: keys.text("field")?.unwrap_or("weight".into()),
            threshold: keys.number("threshold")?.unwrap_or(10.0),
        })
    }

    /// Handles one event. An error hands the event to the pipeline's error
    /// policy, all others go on.
    fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
        let heavy = event.number(&self.field)? > self.threshold;
        event.route(if heavy { "heavy" } else { "light" });
        Ok(())
    }
}

weir_processor::export!(Selector);

// The tests here run natively, with any debugger; those of tests.yaml run on
// the module.
#[cfg(test)]
mod tests {
    use super::*;
    use weir_processor::testing::{Host, Input};

    #[test]
    fn selects() {
        let mut host = Host::<Selector>::open(r#"{"threshold": 5}"#).unwrap();
        let ran = host.run(&[
            Input::new(r#"{"weight": 5.5}"#),
            Input::new(r#"{"weight": 5}"#),
            Input::new("{}"),
        ]);
        assert_eq!(ran.events[0].topic.as_deref(), Some("heavy"));
        assert_eq!(ran.events[1].topic.as_deref(), Some("light"));
        assert_eq!(ran.rejects[0].0, 2);
    }
}
