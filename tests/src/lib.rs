//! What claims across nodes are made of: federations of real nodes, each in a home of its own.
//!
//! An [`agency::Agency`] is a node in this process, made as `accord init` makes it, on a clock of its
//! own and on a [`faulty_store::FaultyStore`] that fails when it is told to. A
//! [`command_line::CliAgency`] is a node of the real binary, worked by commands. A
//! [`raw_peer::RawPeer`] is an agency whose node is none of ours: it speaks the wire directly and says
//! whatever a claim needs it to say. [`federation`] makes agencies known to each other and signs
//! agreements between them, [`fixtures`] are the values that they exchange, [`logs`] reads what
//! stands in a node's log, and an [`auditor`] has files alone.
//!
//! Nothing here waits for a fixed time: what takes time is awaited with [`wait::eventually`]. Nothing
//! changes what a process has one of, since `cargo test` runs claims as threads of one.

pub mod agency;
pub mod auditor;
pub mod binary;
pub mod browser;
pub mod canaille;
pub mod client_certificate;
pub mod command_line;
pub mod dispatch;
pub mod faulty_store;
pub mod federation;
pub mod fixtures;
pub mod forged_answer;
pub mod hostile_log;
pub mod https;
pub mod identity;
pub mod key_rotation;
pub mod logs;
pub mod looks;
pub mod many_owners;
pub mod officials;
pub mod photographs;
pub mod policy_cases;
pub mod policy_sections;
pub mod proposals;
pub mod provider;
pub mod raw_peer;
pub mod records_system;
pub mod side;
pub mod signing_in;
pub mod site;
pub mod socket;
pub mod sources;
pub mod tampering;
pub mod wait;
pub mod wire;
pub mod written_requests;
