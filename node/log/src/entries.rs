//! The constructors of entries, one for each kind: each derives from what it is given what the entry
//! says, what must still hold, what becomes durable with it and what leaves.

pub mod audit;
pub mod authority;
pub mod cards;
pub mod clock;
pub mod exchange;
pub mod people;
pub mod reads;
pub mod retention;
pub mod sign_in;
