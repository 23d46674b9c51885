//! What was seen: a ring in the order of time, and a table to find things in it.

use alloc::vec::Vec;

/// Where an event came from.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin {
    pub partition: u64,
    pub offset: i64,
}

/// Whether something was seen.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    Never,
    Before,
    /// It is the same record, read again: what became of it the first time may
    /// have been lost.
    Again,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    digest: u128,
    origin: Origin,
    time: i64,
    batch: u64,
}

pub struct Window {
    /// The entries, from `head` on, in the order in which they came.
    ring: Vec<Entry>,
    head: usize,
    len: usize,
    most: usize,
    /// How long an entry counts, in nanoseconds.
    age: Option<i64>,
    now: i64,
    /// For each digest, at its place or behind it, 1 + its place in the ring.
    table: Vec<u32>,
}

impl Window {
    pub fn new(most: usize, age: Option<i64>) -> Self {
        let table = alloc::vec![0; (most * 2).next_power_of_two()];
        Window { ring: Vec::new(), head: 0, len: 0, most, age, now: 0, table }
    }

    /// Forgets what is too old at a time.
    pub fn expire(&mut self, now: i64) {
        self.now = now;
        let Some(age) = self.age else { return };
        while self.len > 0 && now.saturating_sub(self.ring[self.head].time) >= age {
            self.forget();
        }
    }

    /// Notes a digest, and tells whether it was there.
    pub fn see(&mut self, digest: &[u8; 32], origin: Origin, batch: u64) -> Seen {
        let digest = digest.iter().take(16).fold(0, |n, byte| n << 8 | u128::from(*byte));
        let slot = self.slot(digest);
        if let Some(at) = self.table[slot].checked_sub(1) {
            let entry = &mut self.ring[at as usize];
            if entry.origin != origin || entry.batch == batch {
                return Seen::Before;
            }
            entry.batch = batch;
            return Seen::Again;
        }
        let mut slot = slot;
        if self.len == self.most {
            self.forget();
            slot = self.slot(digest);
        }
        let entry = Entry { digest, origin, time: self.now, batch };
        let at = (self.head + self.len) % self.most;
        match self.ring.get_mut(at) {
            Some(old) => *old = entry,
            None => self.ring.push(entry),
        }
        self.len += 1;
        self.table[slot] = at as u32 + 1;
        Seen::Never
    }

    fn home(&self, digest: u128) -> usize {
        digest as usize & (self.table.len() - 1)
    }

    /// The slot of a digest, or the free one where it would be.
    fn slot(&self, digest: u128) -> usize {
        let mut slot = self.home(digest);
        while let Some(at) = self.table[slot].checked_sub(1) {
            if self.ring[at as usize].digest == digest {
                break;
            }
            slot = (slot + 1) & (self.table.len() - 1);
        }
        slot
    }

    /// Forgets the oldest entry, and moves up those that stand behind it in
    /// the table because of it.
    fn forget(&mut self) {
        let mask = self.table.len() - 1;
        let mut free = self.slot(self.ring[self.head].digest);
        self.head = (self.head + 1) % self.most;
        self.len -= 1;
        let mut slot = free;
        loop {
            self.table[free] = 0;
            loop {
                slot = (slot + 1) & mask;
                let Some(at) = self.table[slot].checked_sub(1) else { return };
                let home = self.home(self.ring[at as usize].digest);
                // It may move when its home is not between the two slots.
                if slot.wrapping_sub(home) & mask >= slot.wrapping_sub(free) & mask {
                    break;
                }
            }
            self.table[free] = self.table[slot];
            free = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// The window agrees with a plain list, whatever happens.
    #[test]
    fn agrees_with_a_list() {
        for most in [1, 2, 3, 8, 50] {
            let mut window = Window::new(most, Some(40));
            let mut list: VecDeque<(u8, i64)> = VecDeque::new();
            let mut state = 7u64;
            for step in 0..20_000i64 {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let n = (state >> 57) as u8;
                // Digests that all want the same few slots.
                let mut digest = [0; 32];
                (digest[0], digest[15]) = (n, n % 3);
                window.expire(step);
                list.retain(|(_, time)| step - time < 40);
                let known = list.iter().any(|(other, _)| *other == n);
                let seen = window.see(&digest, Origin { partition: 0, offset: step }, step as u64);
                assert_eq!(seen == Seen::Before, known, "step {step}, window of {most}");
                if !known {
                    if list.len() == most {
                        list.pop_front();
                    }
                    list.push_back((n, step));
                }
                assert_eq!(window.len, list.len());
            }
        }
    }
}
