//! On what authority reads are released: policies, standing agreements, written requests.

mod cited;
mod party_keys;
mod policies;
mod request_after_refusal;
mod request_races;
mod signed_as_read;
mod signed_documents;
mod signing_agreements;
mod unprintable;
mod validity;
mod whose_agreement;
mod written_requests;
