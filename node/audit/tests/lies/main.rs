//! Logs that lie: each is made as an agency could make it that has its own keys and no others, numbers,
//! tree and signed head fitting. What they say is held against what was signed.

#![cfg(test)]

mod bodies;
mod changes;
mod clocks;
mod decided;
mod destroyed;
mod entries;
mod extracts;
mod fabricated;
mod heads;
mod held_against;
mod holds;
mod keys;
mod looks;
mod papers;
mod pinned;
mod reconciled;
mod sessions;
mod signers;
mod spoilt;
mod times;
