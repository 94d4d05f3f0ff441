//! Other implementations of the protocol: how one is examined, and one in Python.

mod conformance_kit;
mod python_peer;
