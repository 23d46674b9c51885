use crate::Redact;
use weir_processor::testing::{Host, Input};

fn run(config: &str, value: &str) -> Result<String, String> {
    let mut ran = Host::<Redact>::open(config)?.run(&[Input::new(value)]);
    match ran.rejects.pop() {
        Some((_, why)) => Err(why),
        None => Ok(String::from_utf8(ran.events.remove(0).value.unwrap_or_default()).expect("UTF-8")),
    }
}

#[test]
fn redacts() {
    let cases = [
        (r#"{"fields": ["/a"], "remove": true}"#, r#"{"a": 1, "b": [ 2 ]}"#, r#"{"b":[ 2 ]}"#),
        (
            r#"{"fields": ["/a", "/l/*/x"], "set": null}"#,
            r#"{"a": 1, "l": [{"x": 1}, {"y": 2}]}"#,
            r#"{"a":null,"l":[{"x":null},{"y": 2}]}"#,
        ),
        (r#"{"fields": ["/a"], "mask": true}"#, r#"{"a": "příliš"}"#, r#"{"a":"******"}"#),
        (
            r##"{"fields": ["/a"], "mask": {"sign": "#", "keep_first": 1, "keep_last": 2}}"##,
            r#"{"a": "abcdef"}"#,
            r##"{"a":"a###ef"}"##,
        ),
        (r#"{"fields": ["/a"], "mask": {"keep_last": 4}}"#, r#"{"a": "1234"}"#, r#"{"a":"****"}"#),
        (r#"{"fields": ["/a"], "mask": {"keep_last": 4}}"#, r#"{"a": 1234567}"#, r#"{"a":"***4567"}"#),
        (r#"{"fields": ["/a"], "mask": true}"#, r#"{"a": {"x": 1}, "b": 1}"#, r#"{"a":"***","b":1}"#),
        (r#"{"fields": ["/a"], "mask": true}"#, r#"{"a": null}"#, r#"{"a": null}"#),
        (r#"{"fields": ["/a"], "mask": true}"#, "{}", "{}"),
        (
            r#"{"fields": ["/a"], "hash": true}"#,
            r#"{"a": "what do ya want for nothing?"}"#,
            r#"{"a":"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}"#,
        ),
    ];
    for (rule, value, want) in cases {
        let config = format!(r#"{{"rules": [{rule}], "salt": "Jefe"}}"#);
        assert_eq!(run(&config, value).as_deref(), Ok(want), "{rule} on {value}");
    }
}

#[test]
fn several_rules() {
    let config = r#"{"rules": [{"fields": ["/a"], "mask": true}, {"fields": ["/b", "/c"], "remove": true}]}"#;
    assert_eq!(run(config, r#"{"a": "x", "b": 1, "d": 2}"#).as_deref(), Ok(r#"{"a":"*","d":2}"#));
    assert_eq!(run(config, "[").err().as_deref(), Some("malformed JSON at byte 1: the text ends too early"));
}

#[test]
fn refuses_a_wrong_config() {
    let cases = [
        ("{}", r#"config key "rules" is missing"#),
        (r#"{"rules": []}"#, r#"config key "rules" is empty"#),
        (r#"{"rules": [{"mask": true}]}"#, r#"config key "rules[0].fields" names no field"#),
        (
            r#"{"rules": [{"fields": ["/a"]}]}"#,
            r#"config key "rules[0].fields" needs one of remove, set, mask, hash beside it"#,
        ),
        (
            r#"{"rules": [{"fields": ["/a"], "mask": true, "hash": true}]}"#,
            r#"config key "rules[0].fields" needs one of remove, set, mask, hash beside it"#,
        ),
        (
            r#"{"rules": [{"fields": ["/a"], "mask": true}, {"fields": ["/a"], "remove": true}]}"#,
            r#"config key "rules[1].fields" names /a, which is listed twice"#,
        ),
        (
            r#"{"rules": [{"fields": ["a"], "mask": true}]}"#,
            r#"config key "rules[0].fields[0]" is a, which is no JSON pointer: write /a"#,
        ),
        (
            r#"{"rules": [{"fields": ["/a"], "mask": {"sign": "ab"}}]}"#,
            r#"config key "rules[0].mask.sign" is not one character"#,
        ),
        (
            r#"{"rules": [{"fields": ["/a"], "mask": {"keep": 1}}]}"#,
            r#"unknown config key "rules[0].mask.keep": known are sign, keep_first, keep_last"#,
        ),
        (
            r#"{"rules": [{"fields": ["/a"], "hash": true}]}"#,
            r#"the config hashes without a "salt": without one, anyone finds out what was hashed by trying"#,
        ),
        (
            r#"{"rules": [{"fields": ["/a"], "remove": false}]}"#,
            r#"config key "rules[0].remove" is false: leave it out"#,
        ),
    ];
    for (config, why) in cases {
        assert_eq!(run(config, "{}").err().as_deref(), Some(why), "{config}");
    }
}
