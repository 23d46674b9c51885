//! From the text of an expression to the program that runs it.

use super::{Assert, Step};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use weir_processor::Error;

/// What an expression may grow to: a limit for memory, of which each step takes
/// some for each group.
const MOST_STEPS: usize = 4000;
const MOST_GROUPS: usize = 32;
const MOST_REPEATS: usize = 1000;
const MOST_DEPTH: usize = 50;

enum Node {
    Char(Vec<(char, char)>, bool),
    Assert(Assert),
    Group(Option<usize>, Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Repeat { node: Box<Node>, least: usize, most: Option<usize>, greedy: bool },
}

type Names = Vec<Option<String>>;

/// Why an expression is none; where is where the parser stands.
type Result<T = ()> = core::result::Result<T, &'static str>;

/// Compiles an expression; the names are those of the groups.
#[cold]
pub(super) fn compile(text: &str) -> weir_processor::Result<(Vec<Step>, Names)> {
    let mut parser =
        Parser { text: text.chars().collect(), at: 0, fold: false, depth: 0, names: Vec::from([None]) };
    parser.fold = parser.eat("(?i)");
    match parser.program() {
        Ok(steps) => Ok((steps, parser.names)),
        Err(why) => {
            let at = parser.at + 1;
            Err(Error::new(format!("is no regular expression: {why}, at character {at}")))
        }
    }
}

struct Parser {
    text: Vec<char>,
    at: usize,
    fold: bool,
    depth: usize,
    names: Names,
}

impl Parser {
    fn program(&mut self) -> Result<Vec<Step>> {
        let node = self.any()?;
        if self.at < self.text.len() {
            return Err("a ) without a ( before it");
        }
        let mut steps = Vec::new();
        emit(&Node::Group(Some(0), Box::new(node)), &mut steps)?;
        steps.push(Step::Match);
        Ok(steps)
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, text: &str) -> bool {
        let here = self.text[self.at..].iter().copied();
        let found = text.chars().zip(here).filter(|(a, b)| a == b).count() == text.chars().count();
        self.at += if found { text.chars().count() } else { 0 };
        found
    }

    fn any(&mut self) -> Result<Node> {
        let mut ways = Vec::from([self.all()?]);
        while self.eat("|") {
            ways.push(self.all()?);
        }
        Ok(Node::Any(ways))
    }

    fn all(&mut self) -> Result<Node> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek().filter(|c| !matches!(c, '|' | ')')) {
            let node = self.one(c)?;
            nodes.push(self.repeated(node)?);
        }
        Ok(Node::All(nodes))
    }

    fn one(&mut self, c: char) -> Result<Node> {
        if matches!(c, '*' | '+' | '?' | '{') {
            return Err("nothing to repeat: write a backslash before the sign itself");
        }
        self.at += 1;
        Ok(match c {
            '.' => Node::Char(Vec::from([('\n', '\n')]), true),
            '^' => Node::Assert(Assert::Start),
            '$' => Node::Assert(Assert::End),
            '(' => return self.group(),
            '[' => return self.class(),
            '\\' => match self.peek() {
                Some('b') | Some('B') => {
                    self.at += 1;
                    Node::Assert(Assert::Boundary(self.text[self.at - 1] == 'b'))
                }
                _ => {
                    let (ranges, negated) = self.escape()?;
                    self.folded(ranges, negated)
                }
            },
            c => self.folded(Vec::from([(c, c)]), false),
        })
    }

    fn group(&mut self) -> Result<Node> {
        let mut number = None;
        if !self.eat("?:") {
            let name = match self.eat("?P<") || self.eat("?<") {
                true => Some(self.name()?),
                false if self.peek() == Some('?') => {
                    return Err("an unknown kind of group: there are (?:...) and (?<name>...)");
                }
                false => None,
            };
            if self.names.len() > MOST_GROUPS {
                return Err("more than 32 groups: write (?:...) where nothing is kept");
            }
            number = Some(self.names.len());
            self.names.push(name);
        }
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err("groups deeper than 50");
        }
        let inner = self.any()?;
        self.depth -= 1;
        match self.eat(")") {
            true => Ok(Node::Group(number, Box::new(inner))),
            false => Err("a ( without a ) behind it"),
        }
    }

    fn name(&mut self) -> Result<String> {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
            self.at += 1;
        }
        if name.is_empty() || !self.eat(">") {
            return Err("a name of a group is of letters, digits and _ and ends with >");
        }
        if self.names.iter().any(|other| other.as_ref() == Some(&name)) {
            return Err("another group has that name");
        }
        Ok(name)
    }

    fn class(&mut self) -> Result<Node> {
        let negated = self.eat("^");
        let mut ranges = Vec::new();
        let start = self.at;
        loop {
            let Some(c) = self.peek() else { return Err("a [ without a ] behind it") };
            self.at += 1;
            let mut first = c;
            match c {
                ']' if self.at > start + 1 => break,
                '\\' => {
                    let (set, inverse) = self.escape()?;
                    match set[..] {
                        [(a, b)] if a == b && !inverse => first = a,
                        _ => {
                            ranges.extend(if inverse { inverted(set) } else { set });
                            continue;
                        }
                    }
                }
                _ => {}
            }
            let mut last = first;
            if self.peek() == Some('-') && self.text.get(self.at + 1).is_some_and(|c| *c != ']') {
                self.at += 1;
                last = self.text[self.at];
                self.at += 1;
                if last == '\\' {
                    match self.escape()? {
                        (set, false) if set.len() == 1 && set[0].0 == set[0].1 => last = set[0].0,
                        _ => return Err("a range that ends with a class"),
                    }
                }
                if last < first {
                    return Err("a range that ends before it begins");
                }
            }
            ranges.push((first, last));
        }
        Ok(self.folded(ranges, negated))
    }

    /// What stands behind a backslash: ranges, or all but these.
    fn escape(&mut self) -> Result<(Vec<(char, char)>, bool)> {
        let Some(c) = self.peek() else { return Err("a backslash at the end") };
        self.at += 1;
        let one = match c {
            'd' | 'D' => return Ok((Vec::from([('0', '9')]), c == 'D')),
            'w' | 'W' => {
                return Ok((Vec::from([('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]), c == 'W'));
            }
            's' | 'S' => return Ok((Vec::from([('\t', '\r'), (' ', ' ')]), c == 'S')),
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => {
                let digits = self.text.get(self.at..self.at + 2).unwrap_or_default();
                let code = digits.iter().try_fold(0, |n, digit| Some(n * 16 + digit.to_digit(16)?));
                self.at += digits.len();
                match code.and_then(char::from_u32).filter(|_| digits.len() == 2) {
                    Some(c) => c,
                    None => return Err("\\x needs two hexadecimal digits"),
                }
            }
            c if c.is_ascii_alphanumeric() => return Err("an unknown escape"),
            c => c,
        };
        Ok((Vec::from([(one, one)]), false))
    }

    /// With (?i), the ranges and the other cases of their letters.
    fn folded(&self, mut ranges: Vec<(char, char)>, negated: bool) -> Node {
        for at in 0..if self.fold { ranges.len() } else { 0 } {
            let (first, last) = ranges[at];
            for c in ('A'..='Z').chain('a'..='z').filter(|c| (first..=last).contains(c)) {
                let other = (c as u8 ^ 0x20) as char;
                ranges.push((other, other));
            }
        }
        Node::Char(ranges, negated)
    }

    fn repeated(&mut self, mut node: Node) -> Result<Node> {
        while let Some(c) = self.peek().filter(|c| matches!(c, '*' | '+' | '?' | '{')) {
            self.at += 1;
            let (least, most) = match c {
                '*' => (0, None),
                '+' => (1, None),
                '?' => (0, Some(1)),
                _ => self.counts()?,
            };
            let greedy = !self.eat("?");
            node = Node::Repeat { node: Box::new(node), least, most, greedy };
        }
        Ok(node)
    }

    fn counts(&mut self) -> Result<(usize, Option<usize>)> {
        let least = self.count();
        let most = match self.eat(",") {
            true if self.peek() == Some('}') => Ok(None),
            true => self.count().map(Some).ok_or(()),
            false => least.map(Some).ok_or(()),
        };
        match (least, most, self.eat("}")) {
            (Some(least), Ok(most), true) if most.is_none_or(|most| least <= most) => Ok((least, most)),
            _ => Err("a count is written {2}, {2,} or {2,5}, up to 1000"),
        }
    }

    fn count(&mut self) -> Option<usize> {
        let mut n = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            n = Some(n.unwrap_or(0) * 10 + digit as usize).filter(|n| *n <= MOST_REPEATS);
            n?;
            self.at += 1;
        }
        n
    }
}

/// All but these ranges, which are in order and apart.
fn inverted(ranges: Vec<(char, char)>) -> Vec<(char, char)> {
    let (mut inverse, mut next) = (Vec::new(), 0u32);
    for (first, last) in ranges {
        if let (Some(from), Some(to)) = (char::from_u32(next), char::from_u32((first as u32).wrapping_sub(1)))
        {
            if from <= to {
                inverse.push((from, to));
            }
        }
        next = last as u32 + 1;
    }
    inverse.push((char::from_u32(next).unwrap_or_default(), char::MAX));
    inverse
}

fn emit(node: &Node, steps: &mut Vec<Step>) -> Result {
    if steps.len() > MOST_STEPS {
        return Err("its repetitions make it larger than 4000 steps");
    }
    match node {
        Node::Char(ranges, negated) => steps.push(Step::Char(ranges.clone(), *negated)),
        Node::Assert(assert) => steps.push(Step::Assert(*assert)),
        Node::All(nodes) => {
            for node in nodes {
                emit(node, steps)?;
            }
        }
        Node::Group(None, inner) => emit(inner, steps)?,
        Node::Group(Some(number), inner) => {
            steps.push(Step::Save(2 * number));
            emit(inner, steps)?;
            steps.push(Step::Save(2 * number + 1));
        }
        Node::Any(ways) => emit_any(ways, steps)?,
        Node::Repeat { node, least, most, greedy } => emit_repeat(node, *least, *most, *greedy, steps)?,
    }
    Ok(())
}

fn emit_any(ways: &[Node], steps: &mut Vec<Step>) -> Result {
    let mut ends = Vec::new();
    for (at, way) in ways.iter().enumerate() {
        let split = steps.len();
        let last = at + 1 == ways.len();
        if !last {
            steps.push(Step::Jump(0));
        }
        emit(way, steps)?;
        if !last {
            ends.push(steps.len());
            steps.push(Step::Jump(0));
            steps[split] = Step::Split(split + 1, steps.len());
        }
    }
    let end = steps.len();
    ends.into_iter().for_each(|jump| steps[jump] = Step::Jump(end));
    Ok(())
}

fn emit_repeat(
    node: &Node,
    least: usize,
    most: Option<usize>,
    greedy: bool,
    steps: &mut Vec<Step>,
) -> Result {
    for _ in 0..least {
        emit(node, steps)?;
    }
    let split =
        |inside, behind| if greedy { Step::Split(inside, behind) } else { Step::Split(behind, inside) };
    let start = steps.len();
    let Some(most) = most else {
        steps.push(Step::Jump(0));
        emit(node, steps)?;
        steps.push(Step::Jump(start));
        steps[start] = split(start + 1, steps.len());
        return Ok(());
    };
    let mut splits = Vec::new();
    for _ in least..most {
        splits.push(steps.len());
        steps.push(Step::Jump(0));
        emit(node, steps)?;
    }
    let end = steps.len();
    splits.into_iter().for_each(|at| steps[at] = split(at + 1, end));
    Ok(())
}
