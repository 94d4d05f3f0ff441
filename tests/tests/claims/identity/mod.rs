//! Who an agency is: its card, and its keys while they are exchanged.

mod agency_key;
mod card_bounds;
mod cards;
mod node_key;
mod possession;
mod signing_keys;
