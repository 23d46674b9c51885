//! What the ready-made processors have in common: JSON pointers, edits of a
//! document that keep the bytes of what stays, exact numbers, and time.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod decimal;
pub mod edit;
pub mod field;
pub mod hash;
pub mod pointer;
pub mod regex;
pub mod template;
pub mod time;

/// Tells whether a text holds another.
pub fn contains(text: &[u8], part: &[u8]) -> bool {
    let Some(first) = part.first() else { return true };
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(part) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

#[cfg(test)]
mod tests {
    #[test]
    fn contains() {
        for (text, part, want) in [
            ("abc", "", true),
            ("", "a", false),
            ("aab", "ab", true),
            ("aab", "ba", false),
            ("ab", "abc", false),
        ] {
            assert_eq!(super::contains(text.as_bytes(), part.as_bytes()), want, "{part} in {text}");
        }
    }
}
