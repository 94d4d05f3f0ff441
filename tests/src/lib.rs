//! Federations of real nodes for the claims in `tests/`.
//!
//! An [`agency::Agency`] is a node in a home of its own, made as `accord init` makes it, on a
//! clock of its own and on a [`faulty::Faulty`] store that fails when it is told to. A
//! [`raw::RawPeer`] is an agency whose node is none of ours: it speaks the wire directly and says
//! whatever a claim needs it to say. [`federation`] makes them known to each other and signs
//! agreements between them; [`log`] reads what stands in a node's log; [`command`] runs the real
//! binary.
//!
//! Nothing here waits for a fixed time: what takes time is awaited with [`wait::eventually`].

pub mod agency;
pub mod auditor;
pub mod command;
pub mod faulty;
pub mod federation;
pub mod identity;
pub mod judged;
pub mod log;
pub mod making;
pub mod officials;
pub mod photographs;
pub mod raw;
pub mod requests;
pub mod rotating;
pub mod tampering;
pub mod texts;
pub mod wait;
pub mod wire;
