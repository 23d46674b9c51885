//! Processors against the fake host. What every SDK has to do is in the
//! conformance kit; here is what only Rust has, and what a native test sees
//! better.

use weir_processor::testing::{run, Host, Input, Pair, Ran};
use weir_processor::{Batch, Config, Context, Event, Processor, Result, Value};

fn sources(ran: &Ran) -> Vec<usize> {
    ran.events.iter().map(|event| event.source).collect()
}

fn inputs(count: usize) -> Vec<Input> {
    (0..count)
        .map(|i| Input::new(format!("value {i}")).key("k").header("h", "1").pair("n", i as u32))
        .collect()
}

#[test]
fn passes_on_without_a_copy() {
    let ran = run(|_, _| Ok(()), &inputs(5));
    assert_eq!(sources(&ran), [0, 1, 2, 3, 4]);
    for (i, event) in ran.events.iter().enumerate() {
        assert!(event.same_value, "event {i} was copied");
        assert_eq!(event.value, Some(format!("value {i}").into_bytes()));
        assert_eq!(event.context, [("n".to_string(), Pair::Int(i as i64))]);
    }
}

#[test]
fn slices_of_the_batch_are_referred_to() {
    let ran = run(
        |_, event| {
            event.set_value(&event.value()[6..]);
            Ok(())
        },
        &inputs(2),
    );
    assert_eq!(ran.events[1].value.as_deref(), Some(&b"1"[..]));
    assert!(ran.events[1].same_value);
}

#[test]
fn edits_do_not_show_through() {
    let ran = run(
        |_, event| {
            let before = event.value();
            event.edit_value(|value| value.make_ascii_uppercase());
            event.emit();
            event.edit_value(|value| value[0] = b'x');
            assert_eq!(&before[..5], b"value");
            Ok(())
        },
        &inputs(1),
    );
    let values: Vec<_> = ran.events.iter().map(|event| event.value.as_deref()).collect();
    assert_eq!(values, [Some(&b"VALUE 0"[..]), Some(&b"xALUE 0"[..])]);
}

#[test]
fn a_failed_setter_rejects_and_the_first_reason_counts() {
    let ran = run(
        |ctx, event| {
            ctx.set("kafka_topic", 5);
            ctx.set("kafka_offset", 6);
            event.emit();
            Ok(())
        },
        &inputs(1),
    );
    assert_eq!(ran.rejects, [(0, "context kafka_topic must be text".to_string())]);
}

#[test]
fn errors_of_others_become_rejects() {
    let ran = run(
        |_, event| {
            let _: u32 = event.as_str()?.parse()?;
            Ok(())
        },
        &[Input::new("12"), Input::new("x")],
    );
    assert_eq!(sources(&ran), [0]);
    assert_eq!(ran.rejects, [(1, "invalid digit found in string".to_string())]);
}

#[test]
fn null_is_not_json() {
    let ran = run(|_, event| event.number("a").map(|_| ()), &[Input::default()]);
    assert_eq!(ran.rejects, [(0, "field \"a\": the value is null".to_string())]);
}

/// Emits, drops and passes by its own rules on the whole batch.
struct Whole(fn(&mut Batch));

impl Processor for Whole {
    fn open(config: Config<'_>) -> Result<Self> {
        Ok(Whole(match config.json.as_str().as_deref() {
            Some("reverse") => |batch| (0..batch.len()).rev().for_each(|i| batch.run(i, |_, _| Ok(()))),
            Some("each twice") => |batch| {
                batch.each(|_, _| Ok(()));
                batch.each(|_, _| Ok(()));
            },
            Some("drop, then run") => |batch| {
                batch.each(|_, event| {
                    event.drop();
                    Ok(())
                });
                batch.run(1, |_, event| {
                    event.emit();
                    Ok(())
                });
            },
            _ => weir_processor::reject!("unknown way {}", config.json),
        }))
    }

    fn process(&mut self, _: &mut Context, _: &mut Event) -> Result {
        Ok(())
    }

    fn process_batch(&mut self, batch: &mut Batch) {
        self.0(batch);
    }
}

#[test]
fn whole_batches() {
    let cases: [(&str, &[usize]); 3] =
        [("reverse", &[3, 2, 1, 0]), ("each twice", &[0, 1, 2, 3, 0, 1, 2, 3]), ("drop, then run", &[1, 1])];
    for (way, want) in cases {
        let mut host = Host::<Whole>::open(&format!("{way:?}")).expect(way);
        for _ in 0..3 {
            assert_eq!(sources(&host.run(&inputs(4))), want, "{way}");
        }
    }
    assert_eq!(Host::<Whole>::open("1").err().as_deref(), Some("unknown way 1"));
}

#[test]
fn every_mix_of_drops_and_emits_keeps_order() {
    // Three bits an event: how often it is emitted, and whether it is dropped.
    for seed in 0..4096u32 {
        let mut want = Vec::new();
        for i in 0..4 {
            let bits = seed >> (3 * i) & 7;
            want.extend(vec![i as usize; (bits >> 1) as usize + usize::from(bits & 1 == 0)]);
        }
        let mut i = 0;
        let ran = run(
            |_, event| {
                let bits = seed >> (3 * i) & 7;
                i += 1;
                (0..bits >> 1).for_each(|_| event.emit());
                if bits & 1 == 1 {
                    event.drop();
                }
                Ok(())
            },
            &inputs(4),
        );
        assert_eq!(sources(&ran), want, "seed {seed}");
    }
}

#[test]
fn context_grows_and_shrinks() {
    let ran = run(
        |ctx, event| {
            for i in 0..20 {
                ctx.set(&format!("n{i}"), Value::Int(i));
            }
            event.emit();
            for i in 0..20 {
                ctx.remove(&format!("n{i}"));
            }
            ctx.set("n", "last");
            Ok(())
        },
        &inputs(2),
    );
    assert_eq!(ran.events[0].context.len(), 21);
    assert_eq!(ran.events[1].context, [("n".to_string(), Pair::Text("last".into()))]);
    assert_eq!(ran.events[2].context[20], ("n19".to_string(), Pair::Int(19)));
}

#[test]
fn large_outputs_outgrow_the_arena() {
    let ran = run(
        |_, event| {
            event.set_value(&vec![event.value()[6]; 100_000]);
            Ok(())
        },
        &inputs(9),
    );
    for (i, event) in ran.events.iter().enumerate() {
        let value = event.value.as_deref().expect("a value");
        assert!(value.len() == 100_000 && value.iter().all(|&byte| byte == b'0' + i as u8), "event {i}");
    }
}
