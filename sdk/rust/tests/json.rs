//! The JSON reader against the grammar: what it takes, what it refuses, what it
//! finds.

use weir_processor::json::{find, members, quote, Json};

const GOOD: &[&str] = &[
    "0",
    "-0",
    "10.25e-3",
    "1E+2",
    "true",
    "false",
    "null",
    r#""""#,
    r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
    "\"é😀\"",
    r#""\ud800""#,
    "[]",
    "[ ]",
    "{ }",
    " \t\r\n[1 , 2 ,[3],{}] \n",
    r#"{"a":1,"b":{"c":[true,null]},"":""}"#,
    "\"\u{7f}\"",
];

const BAD: &[&str] = &[
    "",
    " ",
    "01",
    "-",
    "+1",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x1",
    "NaN",
    "Infinity",
    "tru",
    "nul",
    "truex",
    "'a'",
    "\"",
    "\"a",
    r#""\"#,
    r#""\x""#,
    r#""\u12g4""#,
    r#""\u12"#,
    "\"\n\"",
    "\"\u{1}\"",
    "\"\0\"",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1}",
    "{",
    "{,}",
    "{1:2}",
    r#"{"a"}"#,
    r#"{"a":}"#,
    r#"{"a":1"#,
    r#"{"a":1,}"#,
    r#"{"a":1]"#,
    r#"{"a" 1}"#,
    "1 2",
    "{} x",
    "[]]",
    "\0",
    "1\0",
];

#[test]
fn takes_what_is_json_and_nothing_else() {
    for text in GOOD {
        let got = Json::parse(text.as_bytes());
        assert_eq!(got.map(Json::as_bytes), Ok(text.trim().as_bytes()), "{text}");
    }
    for text in BAD {
        assert!(Json::parse(text.as_bytes()).is_err(), "{text:?} was taken");
    }
    for bytes in [
        &b"\"\xff\""[..],
        b"\"\xc3\"",
        b"{\"\xed\xa0\x80\":1}",
        b"\xef\xbb\xbf1",
        b"\"aaaaaaaaaaaa\xe2\x82\"",
    ] {
        assert!(Json::parse(bytes).is_err(), "{bytes:?} was taken");
    }
}

#[test]
fn says_what_is_wrong_and_where() {
    let cases = [
        ("{\"a\": 01}", "malformed JSON at byte 7: a number cannot begin with 0"),
        ("{\"a\" 1}", "malformed JSON at byte 5: expected ':' after a name"),
        ("[1 2]", "malformed JSON at byte 3: expected ',' or ']' after an item"),
        ("{\"a\":1 2}", "malformed JSON at byte 7: expected ',' or '}' after a member"),
        ("{a:1}", "malformed JSON at byte 1: expected a name in quotes"),
        ("[1,2", "malformed JSON at byte 4: the text ends too early"),
        ("\"a\tb\"", "malformed JSON at byte 2: a control character in a string"),
        ("\"\\q\"", "malformed JSON at byte 2: an unknown escape in a string"),
        ("nope", "malformed JSON at byte 0: expected a value"),
        ("1 1", "malformed JSON at byte 2: more text after the value"),
    ];
    for (text, why) in cases {
        let err = Json::parse(text.as_bytes()).expect_err(text);
        assert_eq!(err.to_string(), why, "{text}");
    }
    let err = Json::parse(b"[\"ok\", \"aaaaaaaaaa\xffbb\"]").expect_err("not UTF-8");
    assert_eq!((err.at, err.to_string().ends_with("a string is not UTF-8")), (18, true));
}

/// All ways to read a text agree on whether it is well-formed, and none panics.
#[test]
fn agrees_with_itself_on_broken_texts() {
    let text = r#"{"id": "x\u00e9é\n", "w": [1, -2.5e3, {"k": [true, false, null]}], "": {"a.b": "0123456789abcdef"}}"#;
    let mut tried = 0;
    let mut check = |bytes: &[u8]| {
        let whole = Json::parse(bytes).is_ok();
        assert_eq!(find(bytes, "w.x").is_ok(), whole, "find in {:?}", String::from_utf8_lossy(bytes));
        if bytes.trim_ascii_start().starts_with(b"{") {
            let walked = members(bytes).is_ok_and(|members| members.into_iter().all(|member| member.is_ok()));
            assert_eq!(walked, whole, "members of {:?}", String::from_utf8_lossy(bytes));
        }
        tried += 1;
        whole
    };
    let bytes = text.as_bytes();
    assert!(check(bytes));
    for at in 0..bytes.len() {
        assert!(!check(&bytes[..at]), "cut at {at}");
        for byte in b"\"\\{}[],:0e-. \0\x1f\x80\xffx" {
            let mut changed = bytes.to_vec();
            changed[at] = *byte;
            check(&changed);
            changed.insert(at, b',');
            check(&changed);
        }
    }
    assert!(tried > 3000);
}

#[test]
fn strings_end_where_they_end() {
    for special in ["\"", "\\n", "é", "\u{7f}", "\\u0041"] {
        for before in 0..20 {
            for after in 0..20 {
                let inner = format!("{}{special}{}", "a".repeat(before), "b".repeat(after));
                let inner = if special == "\"" { inner.replace('"', "\\\"") } else { inner };
                let text = format!("[\"{inner}\",1]");
                let items: Vec<_> =
                    Json::parse(text.as_bytes()).expect(&text).items().expect("an array").collect();
                assert_eq!(items[0].as_bytes().len(), inner.len() + 2, "{text}");
                assert_eq!(items[1].as_i64(), Some(1), "{text}");
            }
        }
    }
}

#[test]
fn finds_members_by_path() {
    let text =
        br#"{"a": {"b": 1, "c.d": 2}, "a.b": 3, "\u0065": 4, "x": {"y": 5}, "x": {"z": 6}, "l": [{"m": 7}]}"#;
    let cases = [
        ("a.b", Some("3")),
        ("a.c.d", Some("2")),
        ("e", Some("4")),
        ("x.z", Some("6")),
        ("x.y", None),
        ("a", Some(r#"{"b": 1, "c.d": 2}"#)),
        ("l.m", None),
        ("nothing", None),
        ("", None),
        (".", None),
    ];
    for (path, want) in cases {
        let got = find(text, path).expect("well-formed");
        assert_eq!(got.map(Json::as_bytes), want.map(str::as_bytes), "{path}");
    }
    assert_eq!(find(b"[1]", "a"), Ok(None));
    assert!(find(br#"{"a": 1, "b": }"#, "a").is_err(), "what stands behind the field counts too");
}

#[test]
fn numbers() {
    let floats = [
        ("0", 0.0),
        ("-0", -0.0),
        ("10", 10.0),
        ("10.5", 10.5),
        ("1e999", f64::INFINITY),
        ("0.1", 0.1),
        ("9007199254740993", 9007199254740992.0),
        ("123456789012345678901234567890", 1.2345678901234568e29),
        ("2.2250738585072011e-308", 2.225073858507201e-308),
    ];
    for (text, want) in floats {
        let got = Json::parse(text.as_bytes()).expect(text).as_f64();
        assert_eq!(got.map(f64::to_bits), Some(want.to_bits()), "{text}");
    }
    let ints = [
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("-0", Some(0)),
        ("1.0", None),
        ("1e2", None),
        ("\"1\"", None),
    ];
    for (text, want) in ints {
        assert_eq!(Json::parse(text.as_bytes()).expect(text).as_i64(), want, "{text}");
    }
}

#[test]
fn strings_decode_and_encode() {
    let cases = [
        (r#""plain""#, "plain"),
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u00e9\u20AC""#, "é€"),
        (r#""\ud83d\ude00!""#, "😀!"),
        (r#""\ud83d!""#, "\u{fffd}!"),
        (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
    ];
    for (text, want) in cases {
        let json = Json::parse(text.as_bytes()).expect(text);
        assert_eq!(json.as_str().as_deref(), Some(want), "{text}");
        assert!(json.is_text(want), "{text}");
        assert!(!json.is_text("other"), "{text}");
        let mut quoted = Vec::new();
        quote(&mut quoted, want);
        assert_eq!(Json::parse(&quoted).expect("quoted").as_str().as_deref(), Some(want), "{text}");
    }
    assert!(!Json::parse(br#""a\nb""#).expect("json").is_text("a\\nb"));
}

#[test]
fn nesting_is_bounded() {
    for (levels, taken) in [
        (1, true),
        (62, true),
        (63, true),
        (64, true),
        (65, true),
        (504, true),
        (505, false),
        (100_000, false),
    ] {
        let arrays = "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(Json::parse(arrays.as_bytes()).is_ok(), taken, "{levels} arrays");
        let objects = "{\"a\":".repeat(levels) + "1" + &"}".repeat(levels);
        assert_eq!(Json::parse(objects.as_bytes()).is_ok(), taken, "{levels} objects");
    }
    // Kinds are remembered across the words that hold them.
    let mixed = "[{\"a\":".repeat(100) + "1" + &"}]".repeat(100);
    assert!(Json::parse(mixed.as_bytes()).is_ok());
    assert!(Json::parse(mixed.replace("}]", "]}").as_bytes()).is_err());
}
