//! On what authority reads are released: policies, standing agreements, written requests.

mod policies;
mod request_after_refusal;
mod request_races;
mod signed_documents;
mod signing_agreements;
mod validity;
mod written_requests;
