//! Points in time: milliseconds since 1970 and the ways to write them.

use crate::decimal;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use weir_processor::json::Json;
use weir_processor::{reject, Result};

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A text of RFC 3339, such as `2026-02-28T12:30:00.5+01:00`.
    Rfc3339,
    /// A number of units since 1970: as many as 10 to this for a second.
    Unix(i64),
}

/// The names of the formats, in the order of FORMATS.
pub const NAMES: [&str; 5] = ["rfc3339", "unix_s", "unix_ms", "unix_us", "unix_ns"];

/// The formats.
pub const FORMATS: [Format; 5] =
    [Format::Rfc3339, Format::Unix(0), Format::Unix(3), Format::Unix(6), Format::Unix(9)];

impl Format {
    /// The milliseconds that a value says. An error follows the value's name.
    pub fn read(self, value: Json) -> Result<i64> {
        let text = match value.kind() {
            "a string" => value.as_str().unwrap_or_default(),
            "a number" if self != Format::Rfc3339 => {
                core::str::from_utf8(value.as_bytes()).unwrap_or_default().into()
            }
            kind if self == Format::Rfc3339 => reject!("is {kind}, not a string"),
            kind => reject!("is {kind}, not a number"),
        };
        let ms = match self {
            Format::Rfc3339 => parse(text.as_bytes()),
            Format::Unix(_) if !decimal::is_number(text.as_bytes()) => {
                reject!("is \"{text:.80}\", not a number")
            }
            Format::Unix(digits) => decimal::scaled(text.as_bytes(), 3 - digits),
        };
        match ms {
            Some(ms) => Ok(ms),
            None if self == Format::Rfc3339 => {
                reject!("is \"{text:.80}\", not a time as RFC 3339 writes it: 2026-02-28T12:30:00Z")
            }
            None => reject!("is {text:.80}, out of range"),
        }
    }

    /// Appends the time as a JSON value.
    pub fn write(self, ms: i64, out: &mut Vec<u8>) {
        let text = match self {
            Format::Rfc3339 => format!("\"{}\"", rfc3339(ms)),
            Format::Unix(0) => format!("{}", ms.div_euclid(1000)),
            Format::Unix(digits) => format!("{}", i128::from(ms) * 10i128.pow(digits as u32 - 3)),
        };
        out.extend_from_slice(text.as_bytes());
    }
}

/// The days from 1970-01-01 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here: the day that leap years add comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_year = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    before_year + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The year, month and day that are so many days from 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = year + era * 400;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

/// A time in UTC as RFC 3339 writes it, with milliseconds unless they are 0.
pub fn rfc3339(ms: i64) -> String {
    let (year, month, day) = date(ms.div_euclid(86_400_000));
    let of_day = ms.rem_euclid(86_400_000);
    let (second, fraction) = (of_day / 1000, of_day % 1000);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:03}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Reads the parts of a text from its beginning.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (head, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        let add = |n, byte: &u8| byte.is_ascii_digit().then(|| n * 10 + i64::from(byte - b'0'));
        head.iter().try_fold(0, add)
    }

    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        bytes.contains(first).then_some(*first)
    }

    /// The milliseconds of a fraction, if there is one.
    fn fraction(&mut self) -> Option<i64> {
        if self.0.first() != Some(&b'.') {
            return Some(0);
        }
        let digits = self.0[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (text, rest) = self.0[1..].split_at(digits);
        self.0 = rest;
        let ms = (0..3).fold(0, |ms, at| ms * 10 + text.get(at).map_or(0, |byte| i64::from(byte - b'0')));
        (digits > 0).then_some(ms)
    }
}

/// The milliseconds since 1970 of a text of RFC 3339; digits beyond them are
/// cut off.
fn parse(text: &[u8]) -> Option<i64> {
    let mut cursor = Cursor(text);
    let year = cursor.number(4)?;
    cursor.one_of(b"-")?;
    let month = cursor.number(2)?;
    cursor.one_of(b"-")?;
    let day = cursor.number(2)?;
    cursor.one_of(b"Tt ")?;
    let hour = cursor.number(2)?;
    cursor.one_of(b":")?;
    let minute = cursor.number(2)?;
    cursor.one_of(b":")?;
    let second = cursor.number(2)?;
    let ms = cursor.fraction()?;
    let zone = match cursor.one_of(b"Zz+-")? {
        sign @ (b'+' | b'-') => {
            let hours = cursor.number(2)?;
            cursor.one_of(b":")?;
            let minutes = cursor.number(2)?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 60 + minutes) * if sign == b'-' { -1 } else { 1 }
        }
        _ => 0,
    };
    // A second 60 is a leap second.
    if !cursor.0.is_empty() || hour > 23 || minute > 59 || second > 60 || !(1..=12).contains(&month) {
        return None;
    }
    let days = days(year, month, day);
    if date(days) != (year, month, day) {
        return None;
    }
    Some((((days * 24 + hour) * 60 + minute - zone) * 60 + second) * 1000 + ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_dates() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T12:30:45.120Z", 951_827_445_120),
            ("2026-11-24T21:06:43Z", 1_795_554_403_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ];
        for (text, ms) in cases {
            assert_eq!(parse(text.as_bytes()), Some(ms), "{text}");
            assert_eq!(rfc3339(ms), text);
        }
        for (text, ms) in [
            ("1970-01-01t01:00:00.5+01:00", 500),
            ("1970-01-01 00:00:00.123456789-00:30", 1_800_123),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(ms), "{text}");
        }
    }

    #[test]
    fn every_day_comes_back() {
        for day in (-800_000..3_000_000).step_by(7) {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00",
            "2026-01-01",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00Zx",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00+24:00",
            "+026-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn formats() {
        let read = |format: &str, json: &str| {
            let at = NAMES.iter().position(|name| *name == format).expect(format);
            FORMATS[at].read(Json::parse(json.as_bytes()).expect(json)).map_err(|err| err.to_string())
        };
        assert_eq!(read("unix_s", "1.5"), Ok(1500));
        assert_eq!(read("unix_s", "\"1\""), Ok(1000));
        assert_eq!(read("unix_us", "1999"), Ok(1));
        assert_eq!(read("unix_ns", "1700000000123456789"), Ok(1_700_000_000_123));
        assert_eq!(read("unix_ms", "\"now\""), Err("is \"now\", not a number".to_string()));
        assert_eq!(read("unix_ms", "null"), Err("is null, not a number".to_string()));
        assert_eq!(read("unix_s", "1e20"), Err("is 1e20, out of range".to_string()));
        assert_eq!(read("rfc3339", "5"), Err("is a number, not a string".to_string()));
        assert_eq!(
            read("rfc3339", "\"5\""),
            Err("is \"5\", not a time as RFC 3339 writes it: 2026-02-28T12:30:00Z".to_string())
        );
        let mut out = Vec::new();
        for format in FORMATS {
            format.write(1_500, &mut out);
            out.push(b' ');
        }
        assert_eq!(out, b"\"1970-01-01T00:00:01.500Z\" 1 1500 1500000 1500000000 ");
    }
}
