//! The pages, in a real browser and against hostile requests.

mod administrators;
mod at_size;
mod auditors;
mod awkward;
mod hostile;
mod officers;
mod officials;
mod once;
mod people_at_work;
mod security_keys;
mod single_sign_on;
mod tasks;
mod untrusted;
mod zones;
