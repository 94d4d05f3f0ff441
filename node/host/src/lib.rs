//! What the node takes from the machine that it runs on: the folder that is its home, files that only
//! it may read, the address of its database, the TLS suites that it speaks, the
//! certificate authorities that it trusts, how it calls servers by them, and threads for what takes long.

pub mod authorities;
pub mod cipher_suites;
pub mod database;
pub mod home;
pub mod home_flaws;
pub mod https;
pub mod off_thread;
pub mod owner;
pub mod uptime;
