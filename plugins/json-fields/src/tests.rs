use crate::JsonFields;
use weir_processor::testing::{Host, Input};

fn run(config: &str, value: &str) -> Result<(String, bool), String> {
    let mut host = Host::<JsonFields>::open(config)?;
    let mut ran = host.run(&[Input::new(value)]);
    match ran.rejects.pop() {
        Some((_, why)) => Err(why),
        None => {
            let event = ran.events.remove(0);
            let value = String::from_utf8(event.value.unwrap_or_default()).map_err(|err| err.to_string())?;
            Ok((value, event.same_value))
        }
    }
}

#[test]
fn changes_members() {
    let cases = [
        (
            r#"{"keep": ["a", "c"]}"#,
            r#"{"a": 1, "b": 2, "c": {"d": [1, 2]}}"#,
            r#"{"a":1,"c":{"d": [1, 2]}}"#,
        ),
        (r#"{"drop": ["a"]}"#, r#"{"a": 1, "b": 1.50}"#, r#"{"b":1.50}"#),
        (r#"{"drop": ["a"]}"#, r#"{"a": 1, "\u0061": 2}"#, r#"{}"#),
        (r#"{"keep": []}"#, r#"{"a": 1}"#, r#"{}"#),
        (r#"{"rename": {"a": "x\"y"}}"#, r#"{"a": 1, "b": 2}"#, r#"{"x\"y":1,"b":2}"#),
        (r#"{"rename": {"a": "b"}}"#, r#"{"b": 2, "a": 1}"#, r#"{"b":1}"#),
        (r#"{"rename": {"a": "b"}}"#, r#"{ "b": 2 }"#, r#"{ "b": 2 }"#),
        (r#"{"rename": {"a": "b", "b": "a"}}"#, r#"{"a": 1, "b": 2}"#, r#"{"b":1,"a":2}"#),
        (r#"{"set": {"a": null, "z": {"n": 1}}}"#, r#"{"a": 1, "b": 2}"#, r#"{"a":null,"b":2,"z":{"n": 1}}"#),
        (r#"{"set": {"a": 5}}"#, r#"{"\u0061": 1}"#, r#"{"\u0061":5}"#),
        (r#"{"set": {"b": 5}, "rename": {"a": "b"}}"#, r#"{"a": 1}"#, r#"{"b":5}"#),
        (r#"{"set": {"a": 5}, "rename": {"a": "b"}}"#, r#"{"a": 1}"#, r#"{"b":1,"a":5}"#),
        (r#"{"set": {"a": 5}, "drop": ["a"]}"#, r#"{"a": 1}"#, r#"{"a":5}"#),
        (r#"{"set": {"a": 5}}"#, r#"{}"#, r#"{"a":5}"#),
    ];
    for (config, value, want) in cases {
        assert_eq!(run(config, value).map(|got| got.0).as_deref(), Ok(want), "{config} on {value}");
    }
}

#[test]
fn passes_on_what_does_not_change() {
    let cases = [
        (r#"{"keep": ["a", "b"]}"#, r#"{"a": 1, "b": 2}"#),
        (r#"{"drop": ["x"]}"#, r#" { } "#),
        (r#"{"set": {"a": 1}}"#, r#"{"a": 1}"#),
        (r#"{"rename": {"x": "y"}}"#, r#"{"y": 1}"#),
    ];
    for (config, value) in cases {
        assert_eq!(run(config, value), Ok((value.to_string(), true)), "{config} on {value}");
    }
}

#[test]
fn rejects_what_is_no_object() {
    let cases = [
        ("[1]", "the value is an array, not an object"),
        ("\"{\"", "the value is a string, not an object"),
        ("", "malformed JSON at byte 0: the text ends too early"),
        ("{\"a\": 1} x", "malformed JSON at byte 9: more text after the value"),
        ("{\"a\" 1}", "malformed JSON at byte 5: expected ':' after a name"),
    ];
    for (value, why) in cases {
        assert_eq!(run(r#"{"keep": ["a"]}"#, value), Err(why.to_string()), "{value}");
    }
}

#[test]
fn refuses_a_wrong_config() {
    let cases = [
        ("null", "the config does nothing: give at least one of keep, drop, rename, set"),
        ("{}", "the config does nothing: give at least one of keep, drop, rename, set"),
        ("7", "the config is a number, not an object"),
        (
            r#"{"kep": []}"#,
            r#"unknown config key "kep": did you mean "keep"? known are keep, drop, rename, set"#,
        ),
        (r#"{"keep": "a"}"#, r#"config key "keep" is a string, not a list"#),
        (r#"{"drop": [1]}"#, r#"config key "drop[0]" is a number, not a string"#),
        (r#"{"rename": []}"#, r#"config key "rename" is an array, not an object"#),
        (r#"{"rename": {"a": 1}}"#, r#"config key "rename.a" is a number, not a name"#),
        (r#"{"rename": {"a": "c", "b": "c"}}"#, r#"two members are renamed to "c""#),
        (r#"{"set": [1]}"#, r#"config key "set" is an array, not an object"#),
        (r#"{"keep": ["a"], "drop": ["a"]}"#, r#"member "a" is both in keep and in drop"#),
        (r#"{"rename": {"a": "b"}, "drop": ["a"]}"#, r#"member "a" is both in drop and in rename"#),
        (
            r#"{"rename": {"a": "b"}, "keep": ["b"]}"#,
            r#"member "a" is in rename but not in keep: add it to keep"#,
        ),
    ];
    for (config, why) in cases {
        assert_eq!(Host::<JsonFields>::open(config).err().as_deref(), Some(why), "{config}");
    }
}
