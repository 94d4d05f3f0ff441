//! Single sign-on by OpenID Connect: a provider that the agency trusts says who somebody is there, how she
//! proved it, and when.
//!
//! The browser carries a request there and its answer back (authorization code flow with PKCE, RFC 7636). What
//! the request was stands sealed in a cookie of that browser alone, and the answer counts only beside it: nothing is
//! held in memory, and nobody can be made to sign in as somebody else. What the provider then says is
//! verified, and says nothing yet of who that is here: a person is known by the issuer and the subject
//! that were bound to her, never by a name.

mod client;
mod error;
mod id_token;
mod metadata;
mod request;
mod settings;
mod word;

pub use client::{Provider, UnfitProvider};
pub use error::SignOnError;
pub use request::{Answer, Began, Purpose, Returned};
pub use settings::{Groups, LONGEST_HOURS, Settings, TwoFactors};
pub use word::Word;
