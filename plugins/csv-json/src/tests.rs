use crate::CsvJson;
use weir_processor::testing::{Host, Input};

/// The values of the events, one a line, or why there is none.
fn run(config: &str, value: &str) -> Result<String, String> {
    let mut ran = Host::<CsvJson>::open(config)?.run(&[Input::new(value)]);
    match ran.rejects.pop() {
        Some((_, why)) => Err(why),
        None => {
            let values = ran.events.into_iter().map(|event| event.value.unwrap_or_default());
            Ok(String::from_utf8(values.collect::<Vec<_>>().join(&b'~')).expect("UTF-8"))
        }
    }
}

#[test]
fn to_json() {
    let cases = [
        (r#"{"to": "json"}"#, "id,name\n1,x\n2,y\n", r#"{"id":"1","name":"x"}~{"id":"2","name":"y"}"#),
        (r#"{"to": "json"}"#, "\u{feff}id\r\n\r\n1", r#"{"id":"1"}"#),
        (r#"{"to": "json"}"#, "a,b\n\"x, \"\"y\"\"\nz\",\n", r#"{"a":"x, \"y\"\nz","b":""}"#),
        (r#"{"to": "json"}"#, "a,b", ""),
        (r#"{"to": "json"}"#, "", ""),
        (r#"{"to": "json", "columns": ["a", "b"]}"#, "1,2", r#"{"a":"1","b":"2"}"#),
        (r#"{"to": "json", "columns": ["a", "b"], "header": true}"#, "x,y\n1,2", r#"{"a":"1","b":"2"}"#),
        (r#"{"to": "json", "separator": "\t"}"#, "a\tb,c\n1\t2", r#"{"a":"1","b,c":"2"}"#),
        (
            r#"{"to": "json", "types": {"n": "number", "b": "boolean"}}"#,
            "n,b,s\n1.50,true,5\n,,\n",
            r#"{"n":1.50,"b":true,"s":"5"}~{"n":null,"b":null,"s":""}"#,
        ),
        (r#"{"to": "json", "rows": "array"}"#, "a\n1\n2", r#"[{"a":"1"},{"a":"2"}]"#),
        (r#"{"to": "json", "rows": "array"}"#, "a\n", "[]"),
    ];
    for (config, value, want) in cases {
        assert_eq!(run(config, value).as_deref(), Ok(want), "{config} on {value:?}");
    }
}

#[test]
fn to_csv() {
    let cases = [
        (r#"{"a": 1, "b": "x", "c": true}"#, "1,x"),
        (r#"{"b": "x, \"y\"\n", "a": null}"#, ",\"x, \"\"y\"\"\n\""),
        (r#"{"a": "", "b": [1, {"k": "v"}]}"#, "\"\",\"[1, {\"\"k\"\": \"\"v\"\"}]\""),
        (r#"[{"a": 1}, {"b": 2}]"#, "1,\r\n,2"),
        ("[]", ""),
    ];
    for (value, want) in cases {
        assert_eq!(run(r#"{"to": "csv", "columns": ["a", "b"]}"#, value).as_deref(), Ok(want), "{value}");
    }
    let config = r#"{"to": "csv", "columns": ["a", "b;c"], "header": true, "separator": ";"}"#;
    assert_eq!(run(config, r#"{"a": "1,2", "b;c": 3}"#).as_deref(), Ok("a;\"b;c\"\r\n1,2;3"));
}

#[test]
fn comes_back() {
    let csv = "a,b\r\n1,\"x\"\"y\r\n,\"\r\n\"\",z";
    let json = run(r#"{"to": "json", "rows": "array"}"#, csv).expect("well-formed");
    assert_eq!(run(r#"{"to": "csv", "columns": ["a", "b"], "header": true}"#, &json).as_deref(), Ok(csv));
}

#[test]
fn rejects() {
    let json = r#"{"to": "json", "types": {"n": "number", "b": "boolean"}}"#;
    let csv = r#"{"to": "csv", "columns": ["a"]}"#;
    let cases = [
        (json, "a,b\n1", "row 2 has 1 field, not 2"),
        (json, "a\n\"x", "row 2, field 1: the quote is not closed"),
        (json, "a,b\n1,x\"y", "row 2, field 2: a quote in a field that does not begin with one"),
        (json, "a\n\"x\"y", "row 2, field 1: text behind the closing quote"),
        (json, "a\nx\ry", "row 2, field 1: a carriage return outside of quotes"),
        (json, "n\n1x", "row 2: column n is \"1x\", not a number"),
        (json, "b\nyes", "row 2: column b is \"yes\", not true or false"),
        (json, "a,a\n1,2", "the header has \"a\" twice"),
        (csv, "5", "the value is a number, not an object or an array of objects"),
        (csv, "[{}, 5]", "item 1 is a number, not an object"),
        (csv, "{", "malformed JSON at byte 1: the text ends too early"),
    ];
    for (config, value, why) in cases {
        assert_eq!(run(config, value).err().as_deref(), Some(why), "{config} on {value:?}");
    }
}

#[test]
fn refuses_a_wrong_config() {
    let cases = [
        ("{}", r#"config key "to" is missing"#),
        (r#"{"to": "xml"}"#, r#"config key "to" is "xml", not one of json, csv"#),
        (r#"{"to": "csv"}"#, r#"config key "columns" is missing: it says what to write, and in which order"#),
        (r#"{"to": "csv", "columns": []}"#, r#"config key "columns" is empty"#),
        (r#"{"to": "csv", "columns": ["a", "a"]}"#, r#"config key "columns" has "a" twice"#),
        (
            r#"{"to": "csv", "columns": ["a"], "types": {}}"#,
            r#"config key "types" goes with "to: json" only"#,
        ),
        (
            r#"{"to": "json", "header": false}"#,
            r#"config key "header" is false, so "columns" has to name the columns"#,
        ),
        (
            r#"{"to": "json", "separator": "||"}"#,
            r#"config key "separator" is not one ASCII character other than a quote or a line end"#,
        ),
        (
            r#"{"to": "json", "columns": ["a", "b"], "types": {"c": "number"}}"#,
            r#"config key "types" names "c", which is no column: there are a, b"#,
        ),
        (
            r#"{"to": "json", "types": {"c": "int"}}"#,
            r#"config key "types.c" is "int", not one of string, number, boolean"#,
        ),
    ];
    for (config, why) in cases {
        assert_eq!(run(config, "").err().as_deref(), Some(why), "{config}");
    }
}
