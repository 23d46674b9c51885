//! Numbers as JSON writes them, compared and converted without rounding.

use core::cmp::Ordering;

/// A number in parts: the digits from the first that is not 0 to the last, and
/// the place of the first, counted from the decimal point.
struct Parts<'a> {
    negative: bool,
    text: &'a [u8],
    first: usize,
    place: i64,
}

fn parts(text: &[u8]) -> Parts<'_> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let end = text.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
    let exponent = text.get(end + 1..).map_or(0, exponent);
    let text = &text[..end];
    let point = text.iter().position(|&byte| byte == b'.').unwrap_or(text.len()) as i64;
    let first = text.iter().position(|byte| matches!(byte, b'1'..=b'9')).unwrap_or(text.len());
    // Behind the point a place is one byte further to the right.
    let place = point - first as i64 + i64::from(first as i64 > point);
    Parts { negative, text, first, place: place.saturating_add(exponent) }
}

fn exponent(text: &[u8]) -> i64 {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let n = digits.iter().fold(0i64, |n, byte| n.saturating_mul(10).saturating_add(i64::from(byte & 15)));
    if text.first() == Some(&b'-') {
        -n
    } else {
        n
    }
}

impl Parts<'_> {
    fn is_zero(&self) -> bool {
        self.first == self.text.len()
    }

    fn digits(&self) -> impl Iterator<Item = u8> + '_ {
        self.text[self.first..].iter().copied().filter(|&byte| byte != b'.')
    }

    fn compare_magnitude(&self, other: &Parts) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        let (mut mine, mut others) = (self.digits(), other.digits());
        let mut order = self.place.cmp(&other.place);
        while order == Ordering::Equal {
            order = match (mine.next(), others.next()) {
                (None, None) => break,
                (a, b) => a.unwrap_or(b'0').cmp(&b.unwrap_or(b'0')),
            };
        }
        order
    }
}

/// Compares two numbers of JSON exactly: 1.0 and 1 are equal, and whole
/// numbers of any length differ in their last digit.
pub fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    match (a.negative && !a.is_zero(), b.negative && !b.is_zero()) {
        (false, false) => a.compare_magnitude(&b),
        (true, true) => b.compare_magnitude(&a),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// Tells whether a text is a number as JSON writes it.
pub fn is_number(text: &[u8]) -> bool {
    matches!(weir_processor::json::Json::parse(text), Ok(json) if json.kind() == "a number" && json.as_bytes() == text)
}

/// The number times 10 to the `shift`, rounded down, if it fits.
pub fn scaled(text: &[u8], shift: i64) -> Option<i64> {
    let number = parts(text);
    let mut left = number.place.saturating_add(shift);
    if number.is_zero() {
        return Some(0);
    }
    if left > 19 {
        return None;
    }
    let (mut n, mut digits, mut rest) = (0i64, number.digits(), false);
    while left > 0 {
        let digit = i64::from(digits.next().unwrap_or(b'0') - b'0');
        n = n.checked_mul(10)?.checked_sub(digit)?;
        left -= 1;
    }
    rest |= left < 0 || digits.any(|digit| digit != b'0');
    match number.negative {
        true => n.checked_sub(i64::from(rest)),
        false => n.checked_neg(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares() {
        let ascending = [
            "-1e999999999999999999999",
            "-12",
            "-1.5",
            "-1",
            "-0.1",
            "-1e-5",
            "0",
            "1e-999999999999",
            "0.00001",
            "0.1",
            "0.11",
            "1",
            "1.5",
            "9",
            "10",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.1",
            "1e17",
            "1e999999999999999999999",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(compare(a.as_bytes(), b.as_bytes()), i.cmp(&j), "{a} and {b}");
            }
        }
        for (a, b) in [
            ("1", "1.0"),
            ("0", "-0"),
            ("0.0", "0e5"),
            ("100", "1e2"),
            ("0.5", "5e-1"),
            ("12.50", "1250e-2"),
            ("1E+1", "10"),
        ] {
            assert_eq!(compare(a.as_bytes(), b.as_bytes()), Ordering::Equal, "{a} and {b}");
        }
    }

    #[test]
    fn scales() {
        let cases = [
            ("1700000000", 3, Some(1_700_000_000_000)),
            ("1700000000.1239", 3, Some(1_700_000_000_123)),
            ("1.7e9", 3, Some(1_700_000_000_000)),
            ("1700000000123456789", -6, Some(1_700_000_000_123)),
            ("5", -6, Some(0)),
            ("-5", -6, Some(-1)),
            ("-5", 0, Some(-5)),
            ("-1.5", 0, Some(-2)),
            ("0", 3, Some(0)),
            ("9223372036854775807", 0, Some(i64::MAX)),
            ("-9223372036854775808", 0, Some(i64::MIN)),
            ("9223372036854775808", 0, None),
            ("1e30", 0, None),
            ("1e-30", 0, Some(0)),
        ];
        for (text, shift, want) in cases {
            assert_eq!(scaled(text.as_bytes(), shift), want, "{text} by {shift}");
        }
    }

    #[test]
    fn knows_numbers() {
        for (text, want) in [
            ("1", true),
            ("-1.5e3", true),
            ("01", false),
            ("1 ", false),
            ("", false),
            ("true", false),
            ("\"1\"", false),
        ] {
            assert_eq!(is_number(text.as_bytes()), want, "{text}");
        }
    }
}
