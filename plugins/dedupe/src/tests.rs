use crate::Dedupe;
use weir_processor::testing::{Host, Input};

fn record(offset: i64, value: &str) -> Input {
    Input { offset, ..Input::new(value).key("k") }
}

/// The sources of what stays of each batch.
fn kept(config: &str, batches: &[&[Input]]) -> Vec<Vec<usize>> {
    let mut host = Host::<Dedupe>::open(config).unwrap_or_else(|err| panic!("open {config}: {err}"));
    let run = |batch: &&[Input]| host.run(batch).events.iter().map(|event| event.source).collect();
    batches.iter().map(run).collect()
}

#[test]
fn drops_what_repeats() {
    let batch = [
        record(0, r#"{"id": 1, "x": 1}"#),
        record(1, r#"{"id": 1, "x": 2}"#),
        record(2, r#"{"id": "1"}"#),
        record(3, r#"{"id": 2}"#),
        record(4, "{}"),
        record(5, "{}"),
    ];
    assert_eq!(kept(r#"{"by": "/id"}"#, &[&batch, &[record(6, r#"{"id": 2}"#)]]), [vec![0, 3, 4, 5], vec![]]);
    assert_eq!(kept(r#"{"by": ["/id", "/x"], "on_missing": "drop"}"#, &[&batch]), [[0, 1]]);
    assert_eq!(kept(r#"{"by": "value"}"#, &[&batch]), [[0, 1, 2, 3, 4]]);
    assert_eq!(kept(r#"{"by": "key"}"#, &[&batch]), [[0]]);
    assert_eq!(
        kept(
            r#"{"by": "/id", "count": 1}"#,
            &[&[batch[0].clone(), batch[3].clone(), record(9, r#"{"id": 1}"#)]]
        ),
        [[0, 1, 2]]
    );
}

/// Pieces do not run into each other.
#[test]
fn pieces_are_apart() {
    let batch = [record(0, r#"{"a": "xy", "b": "z"}"#), record(1, r#"{"a": "x", "b": "yz"}"#)];
    assert_eq!(kept(r#"{"by": ["/a", "/b"]}"#, &[&batch]), [[0, 1]]);
}

/// A record that is read again passes again, and one that repeats it still
/// does not.
#[test]
fn redelivery_is_no_repetition() {
    let (first, second) = (record(0, r#"{"id": 1}"#), record(1, r#"{"id": 1}"#));
    let batch: &[Input] = &[first.clone(), second];
    assert_eq!(kept(r#"{"by": "/id"}"#, &[batch, batch]), [[0], [0]]);
    // Several events that were made of one record repeat each other.
    let twins: &[Input] = &[first.clone(), first];
    assert_eq!(kept(r#"{"by": "/id"}"#, &[twins, twins]), [[0], [0]]);
}

#[test]
fn counts_and_rejects() {
    let mut host = Host::<Dedupe>::open(r#"{"by": "/id", "on_missing": "reject"}"#)
        .unwrap_or_else(|err| panic!("{err}"));
    let ran =
        host.run(&[record(0, r#"{"id": 1}"#), record(1, r#"{"id": 1}"#), record(2, "{}"), record(3, "{")]);
    assert_eq!(ran.metrics, [(0, "dedupe_dropped".to_string(), 1.0)]);
    let why: Vec<_> = ran.rejects.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(why, ["field /id is missing or null", "malformed JSON at byte 1: the text ends too early"]);
}

#[test]
fn refuses_a_wrong_config() {
    let cases = [
        ("{}", r#"config key "by" is missing"#),
        (r#"{"by": []}"#, r#"config key "by" is empty"#),
        (r#"{"by": 5}"#, r#"config key "by" is a number, not a list"#),
        (r#"{"by": "/id", "count": 0}"#, r#"config key "count" is 0, not a whole number from 1 to 500000"#),
        (
            r#"{"by": "/id", "seconds": 1.5}"#,
            r#"config key "seconds" is 1.5, not a whole number from 1 to 31536000"#,
        ),
        (
            r#"{"by": "/id", "window": 5}"#,
            r#"unknown config key "window": known are by, count, seconds, on_missing"#,
        ),
    ];
    for (config, why) in cases {
        assert_eq!(Host::<Dedupe>::open(config).err().as_deref(), Some(why), "{config}");
    }
}
