//! The conformance guest of the Rust SDK: it does what the commands in an
//! event's value say. The kit's README describes them.

use weir_processor::{reject, Batch, Config, Context, Event, Level, Processor, Result, Value};

struct Guest {
    reverse: bool,
    twice: bool,
    script: Option<String>,
    held: Vec<Vec<u8>>,
}

impl Processor for Guest {
    fn open(config: Config<'_>) -> Result<Self> {
        let text = |name| config.json.get(name).and_then(|value| value.as_str());
        if let Some(why) = text("refuse") {
            reject!("{why}");
        }
        if let Some(line) = text("log") {
            let (pipeline, processor) = (config.pipeline, config.processor);
            let times = config.json.get("times").and_then(|value| value.as_i64());
            for _ in 0..times.unwrap_or(1) {
                weir_processor::log(Level::Info, &format!("{line}: {pipeline} {processor}"));
            }
        }
        let flag = |name| config.json.get(name).and_then(|value| value.as_bool()).unwrap_or(false);
        Ok(Guest {
            reverse: flag("reverse"),
            twice: flag("twice"),
            script: text("do").map(|script| script.into_owned()),
            held: Vec::new(),
        })
    }

    fn process(&mut self, ctx: &mut Context, event: &mut Event) -> Result {
        let own = self.script.take();
        let script = own.as_deref().map_or_else(|| event.as_str(), Ok);
        let result = script.and_then(|script| self.run(script, ctx, event));
        self.script = own;
        result
    }

    fn process_batch(&mut self, batch: &mut Batch) {
        if !self.reverse && !self.twice {
            return batch.each(|ctx, event| self.process(ctx, event));
        }
        for step in 0..batch.len() {
            let index = if self.reverse { batch.len() - 1 - step } else { step };
            batch.run(index, |ctx, event| self.process(ctx, event));
            if self.twice {
                batch.run(index, |ctx, event| self.process(ctx, event));
            }
        }
    }

    fn close(&mut self) {
        weir_processor::log(Level::Debug, "closed");
    }
}

weir_processor::export!(Guest);

impl Guest {
    fn run(&mut self, script: &str, ctx: &mut Context, event: &mut Event) -> Result {
        for command in script.split(';').map(str::trim).filter(|command| !command.is_empty()) {
            self.obey(command, ctx, event)?;
        }
        Ok(())
    }

    fn obey(&mut self, command: &str, ctx: &mut Context, event: &mut Event) -> Result {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
        match verb {
            "pass" => {}
            "drop" => event.drop(),
            "emit" => {
                for _ in 0..if rest.is_empty() { 1 } else { number(rest)? } {
                    event.emit();
                }
            }
            "reject" => reject!("{rest}"),
            "value" => event.set_value(rest.as_bytes()),
            "upper" => event.edit_value(|value| value.make_ascii_uppercase()),
            "null" => event.set_null(),
            "big" => event.set_value(&vec![b'x'; number(rest)?]),
            "grow" => self.held.push(vec![1; number::<usize>(rest)? << 20]),
            "route" => event.route(rest),
            "key" => event.set_key(rest.as_bytes()),
            "slice" => event.set_key(&event.value()[number(first)?..number(second)?]),
            "nokey" => event.set_key(None),
            "header" => event.add_header(first, second.as_bytes()),
            "nullheader" => event.add_header(rest, None),
            "unheader" => event.remove_header(rest),
            "stamp" => event.set_timestamp(number(rest)?),
            "partition" => event.set_partition(number::<u32>(rest)?),
            "anypartition" => event.set_partition(None),
            "set" => set(ctx, first, second)?,
            "unset" => ctx.remove(rest),
            "log" => weir_processor::log(level(first)?, second),
            "metric" => metric(first, second)?,
            "now" => event.set_value(weir_processor::now().to_string().as_bytes()),
            "number" => event.set_key(event.number(rest)?.to_string().as_bytes()),
            "text" => event.set_key(event.text(rest)?.as_bytes()),
            "show" => show(rest, ctx, event),
            "showvalue" => {
                let value = (!event.is_null()).then(|| event.value());
                weir_processor::log(Level::Info, &format!("value={}", optional(value)));
            }
            "trap" => panic!("{rest}"),
            _ => reject!("unknown command {verb}"),
        }
        Ok(())
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T> {
    match text.parse() {
        Ok(number) => Ok(number),
        Err(_) => reject!("{text} is not a number that fits"),
    }
}

fn level(text: &str) -> Result<Level> {
    Ok(match text {
        "debug" => Level::Debug,
        "info" => Level::Info,
        "warn" => Level::Warn,
        "error" => Level::Error,
        _ => reject!("unknown level {text}"),
    })
}

fn metric(kind: &str, rest: &str) -> Result {
    let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
    match kind {
        "count" => weir_processor::count(name, number(value)?),
        "gauge" => weir_processor::gauge(name, number(value)?),
        "observe" => weir_processor::observe(name, number(value)?),
        _ => reject!("unknown metric {kind}"),
    }
    Ok(())
}

fn set(ctx: &mut Context, name: &str, value: &str) -> Result {
    let (kind, text) = value.split_once(' ').unwrap_or((value, ""));
    match kind {
        "null" => ctx.set(name, Value::Null),
        "bool" => ctx.set(name, text == "true"),
        "int" => ctx.set(name, number::<i64>(text)?),
        "float" => ctx.set(name, number::<f64>(text)?),
        "text" => ctx.set(name, text),
        "bytes" => ctx.set(name, text.as_bytes()),
        "json" => ctx.set(name, Value::Json(text.as_bytes())),
        _ => reject!("unknown kind {kind}"),
    }
    Ok(())
}

/// Logs what the guest sees of the event: its whole context, or one name of it.
fn show(name: &str, ctx: &Context, event: &Event) {
    if !name.is_empty() {
        let value = ctx.get(name).map_or("missing".to_string(), text);
        return weir_processor::log(Level::Info, &format!("{name}={value}"));
    }
    for (name, value) in ctx.iter() {
        weir_processor::log(Level::Info, &format!("{name}={}", text(value)));
    }
    for header in event.headers() {
        weir_processor::log(Level::Info, &format!("header {}={}", header.name, optional(header.value)));
    }
}

fn optional(bytes: Option<&[u8]>) -> String {
    text(bytes.map_or(Value::Null, Value::Bytes))
}

fn text(value: Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => format!("bool {b}"),
        Value::Int(n) => format!("int {n}"),
        Value::Float(x) => format!("float {x}"),
        Value::Text(text) => format!("text {text}"),
        Value::Bytes(bytes) => format!("bytes {}", String::from_utf8_lossy(bytes)),
        Value::Json(json) => format!("json {}", String::from_utf8_lossy(json)),
        _ => "unknown".into(),
    }
}
