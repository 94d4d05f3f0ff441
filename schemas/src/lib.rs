//! What crosses a wire or enters a log.
//!
//! This crate is pure: bytes in, values out. It performs no I/O, reads no clock and draws no
//! random numbers; time and randomness are parameters. Everything an agency signs, sends or
//! appends to its audit log is defined here, so that another implementation can be written from
//! this crate and `PROTOCOL.md` alone.

mod access;
pub mod address;
pub mod agency;
pub mod alarm;
pub mod alike;
pub mod answer;
pub mod area;
pub mod attestation;
pub mod attested;
pub mod authenticator;
pub mod authority;
pub mod body;
pub mod bundle;
pub mod card;
pub mod checkpoint;
mod citation;
pub mod correction;
pub mod device;
pub mod digest;
pub mod draft;
pub mod duty;
pub mod entry;
pub mod entry_proof;
pub mod envelope;
pub mod event;
pub mod evidence;
pub mod exchange;
pub mod finding;
mod fits;
pub mod frame;
pub mod image;
pub mod incident;
pub mod key;
pub mod key_use;
pub mod merkle;
pub mod misread;
pub mod names;
pub mod note;
pub mod offense;
pub mod outcome;
pub mod pattern;
pub mod plate;
pub mod possession;
pub mod posted;
pub mod program;
pub mod proof;
pub mod purpose;
pub mod query;
pub mod ranges;
pub mod read;
pub mod redaction;
pub mod refusal;
pub mod session;
pub mod standing;
pub mod statement;
pub mod statute;
pub mod text;
pub mod time;
pub mod transfer;
pub mod user;
pub mod witness;
pub mod work;
