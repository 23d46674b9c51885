//! Running a program: all ways at once, in the order of preference.

use super::{width, Assert, Step, NONE};
use alloc::vec::Vec;

/// The ways that are open at one place of the text.
#[derive(Default)]
struct Open {
    /// The steps, the preferred ones first.
    steps: Vec<usize>,
    /// For each step the round in which it was added, and its slots.
    round: Vec<usize>,
    slots: Vec<usize>,
}

/// What a run needs, kept for its memory.
pub(super) struct Ways {
    slots: usize,
    now: Open,
    next: Open,
    round: usize,
    /// Steps to add, and slots to put back after those before.
    stack: Vec<Todo>,
    current: Vec<usize>,
    found: Vec<usize>,
}

enum Todo {
    Step(usize),
    Restore(usize, usize),
}

/// A place in a text and what is around it.
#[derive(Clone, Copy)]
struct Place<'t> {
    text: &'t [u8],
    at: usize,
}

impl Ways {
    pub fn new(steps: usize, slots: usize) -> Self {
        let open = || Open {
            steps: Vec::with_capacity(steps),
            round: alloc::vec![0; steps],
            slots: alloc::vec![NONE; steps * slots],
        };
        Ways {
            slots,
            now: open(),
            next: open(),
            round: 0,
            stack: Vec::new(),
            current: alloc::vec![NONE; slots],
            found: alloc::vec![NONE; slots],
        }
    }

    pub fn find(&mut self, program: &[Step], text: &str, from: usize) -> Option<&[usize]> {
        let mut place = Place { text: text.as_bytes(), at: from };
        let mut matched = false;
        // An expression that begins with ^ matches at the first place or nowhere.
        let first = program.iter().find(|step| !matches!(step, Step::Save(_)));
        let anchored = matches!(first, Some(Step::Assert(Assert::Start)));
        self.now.steps.clear();
        self.round += 1;
        loop {
            if !matched && (!anchored || place.at == from) {
                // A match that begins here is worth less than those begun before.
                self.current.fill(NONE);
                add(program, self.round, &mut self.now, &mut self.stack, &mut self.current, 0, place);
            }
            if self.now.steps.is_empty() && (matched || anchored) {
                break;
            }
            let c = place.char();
            self.round += 1;
            self.next.steps.clear();
            for &step in &self.now.steps {
                let slots = &self.now.slots[step * self.slots..][..self.slots];
                match &program[step] {
                    Step::Match => {
                        self.found.copy_from_slice(slots);
                        matched = true;
                        break;
                    }
                    Step::Char(ranges, negated) if c.is_some_and(|c| within(ranges, c) != *negated) => {
                        self.current.copy_from_slice(slots);
                        let after = place.after();
                        add(
                            program,
                            self.round,
                            &mut self.next,
                            &mut self.stack,
                            &mut self.current,
                            step + 1,
                            after,
                        );
                    }
                    _ => {}
                }
            }
            core::mem::swap(&mut self.now, &mut self.next);
            if c.is_none() {
                break;
            }
            place = place.after();
        }
        matched.then_some(&self.found[..])
    }
}

fn within(ranges: &[(char, char)], c: char) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Adds a step and all that can be reached from it without a character.
fn add(
    program: &[Step],
    round: usize,
    open: &mut Open,
    stack: &mut Vec<Todo>,
    slots: &mut [usize],
    step: usize,
    place: Place,
) {
    stack.push(Todo::Step(step));
    while let Some(todo) = stack.pop() {
        let step = match todo {
            Todo::Step(step) => step,
            Todo::Restore(slot, old) => {
                slots[slot] = old;
                continue;
            }
        };
        if core::mem::replace(&mut open.round[step], round) == round {
            continue;
        }
        match &program[step] {
            Step::Jump(to) => stack.push(Todo::Step(*to)),
            Step::Split(first, second) => stack.extend([Todo::Step(*second), Todo::Step(*first)]),
            Step::Save(slot) => {
                stack.extend([Todo::Restore(*slot, slots[*slot]), Todo::Step(step + 1)]);
                slots[*slot] = place.at;
            }
            Step::Assert(assert) => {
                if place.holds(*assert) {
                    stack.push(Todo::Step(step + 1));
                }
            }
            Step::Char(..) | Step::Match => {
                open.slots[step * slots.len()..][..slots.len()].copy_from_slice(slots);
                open.steps.push(step);
            }
        }
    }
}

impl Place<'_> {
    /// The character here; none at the end.
    fn char(&self) -> Option<char> {
        let first = *self.text.get(self.at)?;
        if first < 0x80 {
            return Some(first.into());
        }
        let bytes = self.text.get(self.at..self.at + width(first))?;
        core::str::from_utf8(bytes).ok()?.chars().next()
    }

    fn after(self) -> Self {
        let first = self.text.get(self.at).copied().unwrap_or(0);
        Place { at: self.at + width(first), ..self }
    }

    fn holds(&self, assert: Assert) -> bool {
        let word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let before = || self.at.checked_sub(1).and_then(|at| self.text.get(at));
        match assert {
            Assert::Start => self.at == 0,
            Assert::End => self.at >= self.text.len(),
            Assert::Boundary(wanted) => (word(before()) != word(self.text.get(self.at))) == wanted,
        }
    }
}
