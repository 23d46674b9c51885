use super::*;

/// The groups of the first match, joined by `|`; `-` is a group that took no
/// part.
fn find(expression: &str, text: &str) -> Option<String> {
    let mut regex = Regex::parse(expression).unwrap_or_else(|err| panic!("{expression} {err}"));
    let found = regex.find(text, 0)?;
    let groups = found.chunks(2).map(|pair| if pair[0] == NONE { "-" } else { &text[pair[0]..pair[1]] });
    Some(groups.collect::<Vec<_>>().join("|"))
}

#[test]
fn finds() {
    let cases = [
        ("", "abc", Some("")),
        ("b", "abc", Some("b")),
        ("a.c", "xabcx", Some("abc")),
        ("a.c", "a\nc", None),
        ("^b", "ab", None),
        ("^b|a", "xa", Some("a")),
        ("(^b)?a", "xa", Some("a|-")),
        ("b$", "ab", Some("b")),
        ("^$", "", Some("")),
        ("a*", "aaa", Some("aaa")),
        ("a*?", "aaa", Some("")),
        ("a+?b", "aaab", Some("aaab")),
        ("<.+?>", "<a><b>", Some("<a>")),
        ("a|ab", "ab", Some("a")),
        ("ab|a", "ab", Some("ab")),
        ("(a|ab)(c|bcd)", "abcd", Some("abcd|a|bcd")),
        ("(a)|(b)", "b", Some("b|-|b")),
        ("(a*)*", "aa", Some("aa|aa")),
        ("(a*)+", "b", Some("|")),
        ("(?:ab)+", "ababa", Some("abab")),
        ("x{2}", "xxx", Some("xx")),
        ("x{2,}", "xxx", Some("xxx")),
        ("x{1,2}y", "xxxy", Some("xxy")),
        ("x{0}y", "xy", Some("y")),
        ("(?P<year>\\d{4})-(?<month>\\d\\d)", "on 2026-11-24", Some("2026-11|2026|11")),
        ("[a-c_]+", "xab_cx", Some("ab_c")),
        ("[^a-c]+", "abxyc", Some("xy")),
        ("[]x]+", "a]x", Some("]x")),
        ("[a-]+", "b-a", Some("-a")),
        ("[\\d\\-x]+", "ab3-x", Some("3-x")),
        ("[\\D]+", "12ab3", Some("ab")),
        ("\\w+@\\w+\\.com", "mail me@ex.com", Some("me@ex.com")),
        ("\\bis\\b", "this is", Some("is")),
        ("\\Bis", "this is", Some("is")),
        ("\\x41\\.", "A.", Some("A.")),
        ("(?i)straSSe", "STRASSE", Some("STRASSE")),
        ("(?i)[a-c]+", "AbC", Some("AbC")),
        ("é+", "caféé", Some("éé")),
        (".", "é", Some("é")),
        ("[α-ω]+", "abγδ", Some("γδ")),
        ("(foo|bar)?baz", "barbaz", Some("barbaz|bar")),
        ("\\S+\\s", "a\u{a0}b c", Some("a\u{a0}b ")),
    ];
    for (expression, text, want) in cases {
        assert_eq!(find(expression, text).as_deref(), want, "{expression} in {text:?}");
    }
}

#[test]
fn replaces() {
    let cases = [
        ("\\d+", "a1b22", Some("a#b#")),
        ("x", "abc", None),
        ("x*", "abc", Some("#a#b#c#")),
        ("", "é", Some("#é#")),
        ("b$", "abb", Some("ab#")),
        ("^a", "aaa", Some("#aa")),
    ];
    for (expression, text, want) in cases {
        let mut out = Vec::new();
        let found = Regex::parse(expression).expect(expression).replace(text, "#", &mut out);
        let got = String::from_utf8(out).expect("UTF-8");
        assert_eq!(found.then_some(got.as_str()), want, "{expression} in {text:?}");
    }
}

#[test]
fn says_what_is_wrong() {
    let cases = [
        ("(a", "a ( without a ) behind it, at character 3"),
        ("a)", "a ) without a ( before it, at character 2"),
        ("[a", "a [ without a ] behind it, at character 3"),
        ("*a", "nothing to repeat: write a backslash before the sign itself, at character 1"),
        ("a{2", "a count is written {2}, {2,} or {2,5}, up to 1000, at character 4"),
        ("a{3,2}", "a count is written {2}, {2,} or {2,5}, up to 1000, at character 7"),
        ("\\q", "an unknown escape, at character 3"),
        ("a\\", "a backslash at the end, at character 3"),
        ("(?=a)", "an unknown kind of group: there are (?:...) and (?<name>...), at character 2"),
        ("(?<a>x)(?<a>y)", "another group has that name, at character 13"),
        ("[z-a]", "a range that ends before it begins, at character 5"),
    ];
    for (expression, why) in cases {
        let got = Regex::parse(expression).err().map(|err| err.message().to_string());
        assert_eq!(got, Some(format!("is no regular expression: {why}")), "{expression}");
    }
    let deep = Regex::parse(&"(".repeat(100)).err().map(|err| err.message().to_string());
    assert!(deep.is_some_and(|why| why.contains("more than 32 groups")));
    let large = Regex::parse("((a{1000}){1000}){1000}").err().map(|err| err.message().to_string());
    assert!(large.is_some_and(|why| why.contains("larger than 4000 steps")));
}

/// What others take exponential time for.
#[test]
fn takes_linear_time() {
    let text = "a".repeat(20_000);
    assert_eq!(find("(a*)*b", &text), None);
    assert_eq!(find("(a|a)*$", &text).map(|found| found.len()), Some(20_002));
}
