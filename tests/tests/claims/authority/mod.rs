//! On what authority reads are released: policies, standing agreements, written requests.

mod cited;
mod one_way;
mod party_keys;
mod policies;
mod posted_policies;
mod records_custodian;
mod request_after_refusal;
mod request_races;
mod signed_as_read;
mod signed_documents;
mod signing_agreements;
mod unprintable;
mod validity;
mod whose_agreement;
mod written_requests;
