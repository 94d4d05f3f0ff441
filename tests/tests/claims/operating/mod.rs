//! A node as those who operate it see it: commands, backups, databases, operational logs.

mod backup;
mod bad_input;
mod clock;
mod command_line;
mod doctor;
mod errors;
mod files_asked_for;
mod https;
mod moving_to_postgresql;
mod operational_logs;
mod owned_tasks;
mod policy_commands;
mod postgresql;
mod putting_back;
mod strangers;
