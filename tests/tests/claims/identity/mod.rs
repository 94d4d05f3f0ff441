//! Who an agency is: its card, and its keys while they are exchanged.

mod accounts;
mod agency_key;
mod attested;
mod card_bounds;
mod cards;
mod commands;
mod delegations;
mod devices;
mod duties;
mod figures;
mod incidents;
mod night_desk;
mod node_key;
mod possession;
mod routes;
mod said_of_sessions;
mod second_person;
mod signing_in;
mod signing_in_cli;
mod signing_keys;
mod single_sign_on;
mod single_sign_on_accounts;
mod single_sign_on_programs;
mod suspended;
mod thief;
