use crate::JsonFilter;
use weir_processor::testing::{Host, Input};

/// Which of the values stay.
fn kept(config: &str, values: &[&str]) -> Vec<usize> {
    let mut host = Host::<JsonFilter>::open(config).unwrap_or_else(|err| panic!("open {config}: {err}"));
    let inputs: Vec<_> = values.iter().map(Input::new).collect();
    let ran = host.run(&inputs);
    assert_eq!(ran.rejects, [], "{config}");
    assert!(ran.events.iter().all(|event| event.same_value), "{config}");
    ran.events.iter().map(|event| event.source).collect()
}

#[test]
fn tests_of_a_field() {
    let values = [
        r#"{"a": 1}"#,
        r#"{"a": 1.0}"#,
        r#"{"a": "1"}"#,
        r#"{"a": null}"#,
        r#"{"a": [1, "x"]}"#,
        "{}",
        r#"{"a": 10}"#,
        r#"{"a": "x\u0079z"}"#,
    ];
    let cases: &[(&str, &[usize])] = &[
        (r#""eq": 1"#, &[0, 1]),
        (r#""eq": "1""#, &[2]),
        (r#""eq": null"#, &[3]),
        (r#""eq": "xyz""#, &[7]),
        (r#""ne": 1"#, &[2, 3, 4, 5, 6, 7]),
        (r#""lt": 10"#, &[0, 1]),
        (r#""le": 10"#, &[0, 1, 6]),
        (r#""gt": 1"#, &[6]),
        (r#""ge": 1"#, &[0, 1, 6]),
        (r#""ge": 1, "lt": 2"#, &[0, 1]),
        (r#""lt": "x""#, &[2]),
        (r#""in": [1, "1", null]"#, &[0, 1, 2, 3]),
        (r#""not_in": [1, "1", null]"#, &[4, 5, 6, 7]),
        (r#""exists": true"#, &[0, 1, 2, 3, 4, 6, 7]),
        (r#""exists": false"#, &[5]),
        (r#""prefix": "xy""#, &[7]),
        (r#""suffix": "yz""#, &[7]),
        (r#""contains": "y""#, &[7]),
        (r#""contains": "x""#, &[4, 7]),
        (r#""contains": 1.0"#, &[4]),
    ];
    for (tests, want) in cases {
        assert_eq!(kept(&format!(r#"{{"keep": {{"field": "/a", {tests}}}}}"#), &values), *want, "{tests}");
    }
}

#[test]
fn conditions_of_conditions() {
    let values = [r#"{"a": 1, "b": {"c": [5]}}"#, r#"{"a": 2, "b": {"c": [6]}}"#, r#"{"a": 3}"#];
    let cases: &[(&str, &[usize])] = &[
        (r#"{"keep": {"all": [{"field": "/a", "gt": 0}, {"field": "/b/c/0", "eq": 6}]}}"#, &[1]),
        (r#"{"keep": {"any": [{"field": "/a", "eq": 3}, {"field": "/b/c/0", "eq": 6}]}}"#, &[1, 2]),
        (r#"{"keep": {"not": {"field": "/b", "exists": true}}}"#, &[2]),
        (r#"{"drop": {"field": "/b", "exists": true}}"#, &[2]),
        (
            r#"{"drop": {"not": {"any": [{"not": {"field": "/a", "ne": 1}}, {"field": "/a", "eq": 2}]}}}"#,
            &[0, 1],
        ),
    ];
    for (config, want) in cases {
        assert_eq!(kept(config, &values), *want, "{config}");
    }
}

#[test]
fn what_is_no_json_is_rejected() {
    let tombstone = Input { value: None, ..Input::default() };
    for (how, kept, rejected) in [("reject", 0, 2), ("keep", 1, 1), ("drop", 0, 1)] {
        let config = format!(r#"{{"keep": {{"field": "", "exists": true}}, "tombstones": "{how}"}}"#);
        let ran = Host::<JsonFilter>::open(&config)
            .expect("a right config")
            .run(&[tombstone.clone(), Input::new("{")]);
        assert_eq!((ran.events.len(), ran.rejects.len()), (kept, rejected), "{how}");
        assert_eq!(
            ran.rejects.last().map(|(_, why)| why.as_str()),
            Some("malformed JSON at byte 1: the text ends too early")
        );
    }
}

#[test]
fn refuses_a_wrong_config() {
    let cases = [
        ("null", r#"the config needs a condition in either "keep" or "drop""#),
        (
            r#"{"kep": {}}"#,
            r#"unknown config key "kep": did you mean "keep"? known are keep, drop, tombstones"#,
        ),
        (r#"{"keep": {}}"#, r#"config key "keep" needs one of all, any, not, field"#),
        (r#"{"keep": []}"#, r#"config key "keep" is an array, not an object"#),
        (r#"{"keep": {"all": []}}"#, r#"config key "keep.all" is empty"#),
        (
            r#"{"keep": {"all": [{"eq": 1}]}}"#,
            r#"config key "keep.all[0]" needs one of all, any, not, field"#,
        ),
        (
            r#"{"keep": {"not": {"field": "a.b", "eq": 1}}}"#,
            r#"config key "keep.not.field" is a.b, which is no JSON pointer: write /a/b"#,
        ),
        (
            r#"{"drop": {"all": [{"field": "/a", "eq": 1}], "eq": 1}}"#,
            r#"config key "drop.eq" needs a "field" beside it"#,
        ),
        (
            r#"{"drop": {"field": "/a"}}"#,
            r#"config key "drop.field" has no test beside it: give one of eq, ne, lt, le, gt, ge, in, not_in, exists, prefix, suffix, contains"#,
        ),
        (
            r#"{"drop": {"field": "/a", "lt": true}}"#,
            r#"config key "drop.lt" is true: only numbers and texts have an order"#,
        ),
        (
            r#"{"drop": {"field": "/a", "in": [1, []]}}"#,
            r#"config key "drop.in[1]" is an array: compare with a string, a number, a boolean or null"#,
        ),
        (
            r#"{"drop": {"field": "/a", "equals": 1}}"#,
            r#"unknown config key "drop.equals": known are all, any, not, field, eq, ne, lt, le, gt, ge, in, not_in, exists, prefix, suffix, contains"#,
        ),
    ];
    for (config, why) in cases {
        assert_eq!(Host::<JsonFilter>::open(config).err().as_deref(), Some(why), "{config}");
    }
}
