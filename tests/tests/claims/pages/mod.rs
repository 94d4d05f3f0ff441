//! The pages, in a real browser and against hostile requests.

mod hostile;
mod people_at_work;
mod security_keys;
mod single_sign_on;
mod untrusted;
