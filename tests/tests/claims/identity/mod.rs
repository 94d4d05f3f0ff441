//! Who an agency is: its card, and its keys while they are exchanged.

mod agency_key;
mod cards;
mod node_key;
mod signing_keys;
