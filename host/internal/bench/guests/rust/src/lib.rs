//! The benchmark guest of the Rust SDK: what the config's `do` says.

use weir_processor::{reject, Config, Context, Event, Processor, Result};

enum Guest {
    Pass,
    Upper,
    Pick,
}

impl Processor for Guest {
    fn open(config: Config<'_>) -> Result<Self> {
        Ok(match config.json.get("do").and_then(|value| value.as_str()).as_deref() {
            Some("pass") => Guest::Pass,
            Some("upper") => Guest::Upper,
            Some("pick") => Guest::Pick,
            _ => reject!("do is pass, upper or pick"),
        })
    }

    fn process(&mut self, _ctx: &mut Context, event: &mut Event) -> Result {
        match self {
            Guest::Pass => Ok(()),
            Guest::Upper => upper(event),
            Guest::Pick => pick(event),
        }
    }
}

weir_processor::export!(Guest);

/// Puts the text of a field into upper case, where it is. It looks for the name
/// and does not walk the JSON.
fn upper(event: &mut Event) -> Result {
    const NAME: &[u8] = b"\"customer\":\"";
    let value = event.value();
    let Some(found) = value.windows(NAME.len()).position(|part| part == NAME) else {
        reject!("there is no customer");
    };
    let start = found + NAME.len();
    let Some(length) = value[start..].iter().position(|&byte| byte == b'"') else {
        reject!("the customer does not end");
    };
    event.edit_value(|value| value[start..start + length].make_ascii_uppercase());
    Ok(())
}

/// Walks and checks the whole JSON value and makes the text of a field the key.
fn pick(event: &mut Event) -> Result {
    event.set_key(event.text("customer")?.as_bytes());
    Ok(())
}
