//! What the ready-made processors have in common.

#![cfg_attr(not(test), no_std)]

extern crate alloc;
