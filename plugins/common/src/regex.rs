//! Regular expressions in time that grows with the text and nothing else: all
//! ways to match are followed at once, so that no expression and no text can
//! make it slow.
//!
//! The syntax: characters; `.`, any but a line feed; classes `[a-z_]`, `[^0-9]`,
//! `\d \w \s` and `\D \W \S`, which know ASCII; groups `(...)`, `(?P<name>...)`
//! or `(?<name>...)`, `(?:...)`; `|`; `* + ? {2} {2,} {2,5}` and the same with a
//! `?` behind, which match as little as they can; `^ $ \b \B`; `\n \t \r \f \v
//! \x41`; a backslash before a sign; `(?i)` at the beginning, which makes ASCII
//! letters match both cases. Of several matches at a place the first alternative
//! wins.

mod parse;
mod run;

use alloc::string::String;
use alloc::vec::Vec;
use weir_processor::Result;

/// A step of the program that an expression is.
enum Step {
    /// A character of these ranges, or of none of them.
    Char(Vec<(char, char)>, bool),
    /// Goes on at both places, preferably at the first.
    Split(usize, usize),
    Jump(usize),
    /// Notes the place in a slot.
    Save(usize),
    Assert(Assert),
    Match,
}

#[derive(Clone, Copy)]
enum Assert {
    Start,
    End,
    Boundary(bool),
}

/// No place: a group that took no part.
pub const NONE: usize = usize::MAX;

/// A compiled expression, with the memory to run it.
pub struct Regex {
    steps: Vec<Step>,
    names: Vec<Option<String>>,
    ways: run::Ways,
}

impl Regex {
    /// Compiles an expression; an error says what is wrong and where.
    #[cold]
    pub fn parse(text: &str) -> Result<Self> {
        let (steps, names) = parse::compile(text)?;
        let ways = run::Ways::new(steps.len(), 2 * names.len());
        Ok(Regex { steps, names, ways })
    }

    /// The names of the groups; the first is the whole match.
    pub fn names(&self) -> &[Option<String>] {
        &self.names
    }

    /// The first match that begins at a place or behind it: where each group
    /// begins and ends, in pairs, the whole match first.
    pub fn find(&mut self, text: &str, from: usize) -> Option<&[usize]> {
        self.ways.find(&self.steps, text, from)
    }

    /// Appends a text with every match replaced; false, and nothing is
    /// appended, when there is none.
    pub fn replace(&mut self, text: &str, with: &str, out: &mut Vec<u8>) -> bool {
        let (mut from, mut copied, mut found) = (0, 0, false);
        while let Some(&[start, end, ..]) = self.find(text, from) {
            out.extend_from_slice(&text.as_bytes()[copied..start]);
            out.extend_from_slice(with.as_bytes());
            (copied, found) = (end, true);
            from = end;
            if start == end {
                // Behind an empty match the search goes on at the next character.
                from += width(text.as_bytes().get(end).copied().unwrap_or(0));
            }
            if from > text.len() {
                break;
            }
        }
        if found {
            out.extend_from_slice(&text.as_bytes()[copied..]);
        }
        found
    }
}

/// How many bytes a character has that begins with this one.
fn width(first: u8) -> usize {
    match first {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests;
