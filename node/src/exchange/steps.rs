//! The steps of an exchange, told as they are done, for whoever measures where its time goes. Nobody
//! listens in service, and then a step costs a look at a flag.

/// A step is done. `name` says which, and of what side.
pub(super) fn done(name: &'static str) {
    tracing::trace!(target: "accord::step", step = name);
}
