//! Why a dial came to nothing, in words for the officer who waits: which address, and what happened
//! there. The network library's own texts stay in the operational log.

use std::io::{self, ErrorKind};

use libp2p::multiaddr::Protocol;
use libp2p::swarm::DialError;
use libp2p::{Multiaddr, TransportError};

use crate::link::LinkError;

/// What the caller is told of a dial that failed.
pub(super) fn unreachable(error: &DialError) -> LinkError {
    let (why, at_once) = match error {
        DialError::NoAddresses => ("its card names no address that can be dialled".into(), true),
        DialError::Denied { .. } => ("this node does not admit it now".into(), true),
        DialError::WrongPeerId { address, .. } => {
            let why = format!("another node answers at {}", plain(address));
            return LinkError::AnotherNode { why };
        }
        DialError::LocalPeerId { address } => {
            (format!("this node itself answers at {}", plain(address)), false)
        }
        DialError::Transport(tried) => {
            let told: Vec<String> = tried
                .iter()
                .map(|(address, error)| format!("{} {}", plain(address), happened(error)))
                .collect();
            (told.join(", and "), tried.iter().all(|(_, error)| refused(error)))
        }
        DialError::DialPeerConditionFalse(_) | DialError::Aborted => {
            ("the connection was given up".into(), false)
        }
    };
    LinkError::Unreachable { why, at_once }
}

/// An address without the key that is expected there.
fn plain(address: &Multiaddr) -> String {
    let parts = address.iter().filter(|part| !matches!(part, Protocol::P2p(_)));
    parts.collect::<Multiaddr>().to_string()
}

fn refused(error: &TransportError<io::Error>) -> bool {
    kind(error) == Some(ErrorKind::ConnectionRefused)
}

fn happened(error: &TransportError<io::Error>) -> &'static str {
    match (error, kind(error)) {
        (TransportError::MultiaddrNotSupported(_), _) => "is no address that this node can dial",
        (_, Some(ErrorKind::ConnectionRefused)) => "refuses connections",
        (_, Some(ErrorKind::TimedOut)) => "does not answer",
        (_, Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable)) => {
            "cannot be reached from here"
        }
        _ => "is not a node of that agency, or ended the connection",
    }
}

/// The kind of the system's error that lies at the bottom. On the way up the library wraps it in
/// types that are not its source and cannot be named, so it is told by what all of them print: the
/// text of the system's error, with its number.
fn kind(error: &TransportError<io::Error>) -> Option<ErrorKind> {
    let TransportError::Other(error) = error else { return None };
    let text = error.to_string();
    if text.contains("Timeout has been reached") {
        return Some(ErrorKind::TimedOut);
    }
    let (_, number) = text.rsplit_once("(os error ")?;
    let (number, _) = number.split_once(')')?;
    number.parse().ok().map(|number| io::Error::from_raw_os_error(number).kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_found_under_what_wraps_it() {
        let wrapped =
            |error: io::Error| TransportError::Other(io::Error::other(io::Error::other(error)));
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let refused = std::net::TcpStream::connect(closed).unwrap_err();
        assert_eq!(kind(&wrapped(refused)), Some(ErrorKind::ConnectionRefused));
        assert_eq!(kind(&wrapped(io::Error::other("Handshake failed"))), None);
    }
}
