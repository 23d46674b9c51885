//! Numbers: the double nearest to a decimal text. The result is always the
//! exact one; the standard library's reader does the same and weighs 17 KB.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// The powers of 5 that 64 bits hold.
const SMALL: [u64; 28] = {
    let mut powers = [1; 28];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 5;
        at += 1;
    }
    powers
};

/// The 64 highest bits of every 28th power of 5, from 5^-364 to 5^308, rounded.
const LARGE: [u64; 25] = [
    0xe1afa13afbd14d6e,
    0xe3e27a444d8d98b8,
    0xe61acf033d1a45df,
    0xe858ad248f5c22ca,
    0xea9c227723ee8bcb,
    0xece53cec4a314ebe,
    0xef340a98172aace5,
    0xf18899b1bc3f8ca2,
    0xf3e2f893dec3f126,
    0xf64335bcf065d37d,
    0xf8a95fcf88747d94,
    0xfb158592be068d2f,
    0xfd87b5f28300ca0e,
    0x8000000000000000,
    0x813f3978f8940984,
    0x82818f1281ed44a0,
    0x83c7088e1aab65db,
    0x850fadc09923329e,
    0x865b86925b9bc5c2,
    0x87aa9aff79042287,
    0x88fcf317f22241e2,
    0x8a5296ffe33cc930,
    0x8bab8eefb6409c1a,
    0x8d07e33455637eb3,
    0x8e679c2f5e44ff8f,
];
const LARGE_FIRST: i32 = -13;

/// The powers of 10 that doubles hold exactly.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// No double needs more digits to be told from its neighbours; of those
/// beyond, it only counts whether one is not 0.
const DIGITS: usize = 770;

/// A number without its sign: `mantissa` times 10 to the `exponent`, and a
/// little more where digits were left out.
struct Decimal {
    mantissa: u64,
    exponent: i32,
    rest: bool,
}

/// The double nearest to a number of JSON; infinity when it is too large.
pub(super) fn double(text: &[u8]) -> f64 {
    let (sign, text) = match text.strip_prefix(b"-") {
        Some(text) => (1 << 63, text),
        None => (0, text),
    };
    f64::from_bits(sign | magnitude(text).to_bits())
}

fn magnitude(text: &[u8]) -> f64 {
    let number = decimal(text);
    let exact = EXACT.get(number.exponent.unsigned_abs() as usize);
    if let (Some(power), false, true) = (exact, number.rest, number.mantissa <= 1 << 53) {
        let mantissa = number.mantissa as f64;
        return if number.exponent < 0 { mantissa / power } else { mantissa * power };
    }
    if number.mantissa == 0 || number.exponent < -345 {
        return 0.0;
    }
    if number.exponent > 308 {
        return f64::INFINITY;
    }
    let (bits, exponent) = binary(&number);
    nearest(text, bits, exponent, if number.rest { ERROR_OF_REST } else { ERROR })
}

/// Reads up to 19 digits; 0s in front do not count.
fn decimal(text: &[u8]) -> Decimal {
    let mut number = Decimal { mantissa: 0, exponent: 0, rest: false };
    let mut digits = 0;
    let mut behind = false;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'.' => behind = true,
            b'0'..=b'9' => {
                let taken = digits < 19;
                if taken {
                    number.mantissa = number.mantissa * 10 + u64::from(byte - b'0');
                    digits += usize::from(number.mantissa > 0);
                }
                number.rest |= !taken && byte != b'0';
                // A digit in front that is left out makes ten times more of the
                // others, one behind the point that is taken a tenth.
                number.exponent += i32::from(!taken && !behind) - i32::from(taken && behind);
            }
            _ => {
                number.exponent = number.exponent.saturating_add(written_exponent(&text[at + 1..]));
                break;
            }
        }
    }
    number
}

/// The number behind the `e`, at most some millions.
fn written_exponent(text: &[u8]) -> i32 {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let add = |n: i32, byte: &u8| (n * 10 + i32::from(byte - b'0')).min(100_000_000);
    let n = digits.iter().fold(0, add);
    if text.first() == Some(&b'-') {
        -n
    } else {
        n
    }
}

/// How far the bits that binary returns may be from the truth, either way: by
/// what three roundings lose, or by a digit in the 19th place.
const ERROR: u64 = 8;
const ERROR_OF_REST: u64 = 64;

/// The number as 64 bits, the highest of them set, times a power of 2.
fn binary(number: &Decimal) -> (u64, i32) {
    let (large, small) = (number.exponent.div_euclid(28), number.exponent.rem_euclid(28));
    let mut bits = number.mantissa << number.mantissa.leading_zeros();
    // 10^n is 5^n times 2^n.
    let mut exponent = number.exponent - number.mantissa.leading_zeros() as i32;
    let power = SMALL[small as usize];
    times(&mut bits, &mut exponent, power << power.leading_zeros(), -(power.leading_zeros() as i32));
    let power_exponent = ((28 * large * 152_170) >> 16) - 63;
    times(&mut bits, &mut exponent, LARGE[(large - LARGE_FIRST) as usize], power_exponent);
    (bits, exponent)
}

fn times(bits: &mut u64, exponent: &mut i32, other: u64, other_exponent: i32) {
    let product = u128::from(*bits) * u128::from(other);
    let high = u32::from(product >> 127 == 0);
    *bits = (product << high >> 64) as u64;
    *exponent += other_exponent + 64 - high as i32;
}

/// Rounds to a double. Where the bits cannot tell which of two is nearer, the
/// whole text does.
fn nearest(text: &[u8], bits: u64, exponent: i32, error: u64) -> f64 {
    // Doubles have 53 bits, the smallest ones fewer.
    let left_out = (11 + (-1074 - (exponent + 11)).max(0)) as u32;
    if left_out > 65 {
        return 0.0;
    }
    let (bits, half) = (u128::from(bits), 1u128 << (left_out - 1));
    let kept = (bits >> left_out) as u64;
    let low = bits & (2 * half - 1);
    let up = if low.abs_diff(half) > u128::from(error) {
        low > half
    } else {
        // The middle is (2 * kept + 1) * 2^(exponent + left_out - 1).
        match compare(text, 2 * kept + 1, exponent + left_out as i32 - 1) {
            Ordering::Less => false,
            Ordering::Equal => kept & 1 == 1,
            Ordering::Greater => true,
        }
    };
    let kept = kept + u64::from(up);
    // One more may be a power of 2 beyond 53 bits: the sum carries that over.
    let biased = (exponent + left_out as i32 + 1074) as u64;
    match kept >> 52 {
        0 => f64::from_bits(kept),
        _ if biased >= 2046 => f64::INFINITY,
        _ => f64::from_bits(((biased << 52) + kept).min(f64::INFINITY.to_bits())),
    }
}

/// Compares a decimal text with `bits` times 2 to the `exponent`, exactly.
#[cold]
fn compare(text: &[u8], bits: u64, exponent: i32) -> Ordering {
    let mut left = Big(Vec::new());
    let mut right = Big(Vec::from([bits as u32, (bits >> 32) as u32]));
    let (mut tens, mut digits, mut behind) = (0, 0, false);
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'.' => behind = true,
            b'0'..=b'9' => {
                let taken = digits < DIGITS;
                if taken {
                    left.times_plus(10, u32::from(byte - b'0'));
                } else if byte != b'0' && digits == DIGITS {
                    left.times_plus(10, 1);
                    digits += 1;
                    tens -= 1;
                }
                digits += usize::from(taken && !left.0.is_empty());
                tens += i32::from(!taken && !behind) - i32::from(taken && behind);
            }
            _ => {
                tens += written_exponent(&text[at + 1..]);
                break;
            }
        }
    }
    let fives = if tens < 0 { &mut right } else { &mut left };
    (0..tens.unsigned_abs()).for_each(|_| fives.times_plus(5, 0));
    let twos = tens - exponent;
    let shifted = if twos < 0 { &mut right } else { &mut left };
    shifted.shift(twos.unsigned_abs());
    left.compare(&right)
}

/// A large whole number: 32 bits each, the lowest first.
struct Big(Vec<u32>);

impl Big {
    #[inline(never)]
    fn times_plus(&mut self, factor: u32, mut carry: u32) {
        for part in &mut self.0 {
            let product = u64::from(*part) * u64::from(factor) + u64::from(carry);
            *part = product as u32;
            carry = (product >> 32) as u32;
        }
        if carry > 0 {
            self.0.push(carry);
        }
    }

    fn shift(&mut self, bits: u32) {
        self.times_plus(1 << (bits % 32), 0);
        self.0.splice(0..0, core::iter::repeat_n(0, (bits / 32) as usize));
    }

    fn compare(&self, other: &Big) -> Ordering {
        let parts = |big: &Big| big.0.iter().rposition(|&part| part != 0).map_or(0, |at| at + 1);
        let (mine, others) = (parts(self), parts(other));
        mine.cmp(&others).then_with(|| self.0[..mine].iter().rev().cmp(other.0[..others].iter().rev()))
    }
}

#[cfg(test)]
mod tests {
    use super::double;
    use std::format;
    use std::string::String;

    extern crate std;

    fn check(text: &str) {
        let want: f64 = text.parse().expect("a number");
        assert_eq!(double(text.as_bytes()).to_bits(), want.to_bits(), "{text}: want {want:e}");
    }

    /// A sequence of numbers that is the same each time.
    fn random(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn reads_what_the_standard_library_reads() {
        let mut state = 88172645463325252;
        for _ in 0..10_000 {
            let bits = random(&mut state);
            let float = f64::from_bits(bits);
            if float.is_finite() {
                check(&format!("{float:e}"));
                check(&format!("{float:.25e}"));
            }
            check(&format!("{}.{}", bits % 1000, random(&mut state)));
            check(&format!("{}{}e{}", bits, random(&mut state), (random(&mut state) % 700) as i64 - 380));
        }
    }

    /// Halfway between two doubles, and next to it: only all digits tell.
    #[test]
    fn rounds_to_the_nearer_and_to_even() {
        let mut state = 1;
        for round in 0..2000 {
            // Small numbers have the middle's digits in reach of formatting.
            let low = 1.0 + (random(&mut state) >> 12) as f64 / (1u64 << 52) as f64;
            let scale = f64::powi(2.0, round % 60 - 30);
            let (a, b) = (low * scale, f64::from_bits((low * scale).to_bits() + 1));
            let digits = |x: f64| format!("{x:.120}");
            let middle = middle(&digits(a), &digits(b));
            check(&middle);
            check(&format!("{middle}1"));
            check(&format!("{middle}{}1", "0".repeat(800)));
            check(&format!("{}4{}", &middle.trim_end_matches('0').trim_end_matches('5'), "9".repeat(800)));
        }
    }

    /// The decimal text halfway between two texts with as many digits each.
    fn middle(a: &str, b: &str) -> String {
        let (mut sum, mut carry) = (std::vec::Vec::new(), 0);
        for (x, y) in a.bytes().rev().zip(b.bytes().rev()) {
            if x == b'.' {
                sum.push(b'.');
                continue;
            }
            let digit = x - b'0' + y - b'0' + carry;
            sum.push(digit % 10);
            carry = digit / 10;
        }
        let mut half = String::from("");
        for digit in sum.iter().rev() {
            if *digit == b'.' {
                half.push('.');
                continue;
            }
            let digit = digit + 10 * carry;
            half.push((b'0' + digit / 2) as char);
            carry = digit % 2;
        }
        if carry == 1 {
            half.push('5');
        }
        half.trim_start_matches('0').replacen('.', if half.starts_with("0.") { "0." } else { "." }, 1)
    }

    #[test]
    fn reads_the_extremes() {
        for text in [
            "0",
            "-0",
            "0.0",
            "0e999999999999",
            "1e-999999999999",
            "1e999999999999",
            "1e400",
            "-1e400",
            "5e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.797693134862315807e308",
            "1.797693134862315808e308",
            "9007199254740993",
            "9007199254740993.0000000000000000000000001",
            "18446744073709551615",
            "1e22",
            "1e23",
            "0.000000000000000000000000000000000000001e39",
            "123456789012345678901234567890",
            "8.5e-1",
            "1e-5",
        ] {
            check(text);
        }
        let zeros = "0".repeat(1000);
        check(&format!("0.{zeros}1e1000"));
        check(&format!("1{zeros}e-1000"));
        check(&format!("2.4703282292062327208828439643411068618252990130716238221279284125033775363510437593264991818081799618989828234772285886546332835517796989819938739800539093906315035659515570226392290858392449105184435931802849936536152500319370457678249219365623669863658480757001585769269903706311928279558551332927834338409351978015531246597263579574622766465272827220056374006485499977096599470454020828166226237857393450736339007967761930577506740176324673600968951340535537458516661134223766678604860541104064449739{zeros}1e-324"));
    }
}
