//! TCP as the transport of libp2p: an IP address with a port of TCP, and nothing else.
//!
//! The stock transport watches the interfaces of the machine, to tell which addresses an unspecified
//! one stands for, and shares its ports with whoever asks the system for the same. A node does
//! neither: its card says where it is reached, and a second node on its port is told so.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{BoxFuture, Ready, ready};
use libp2p::Multiaddr;
use libp2p::core::Transport;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::multiaddr::Protocol;
use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use crate::admission::Watch;
use crate::pending::{Pending, Stream};

/// Connections that the system holds until they are accepted.
const BACKLOG: i32 = 1_024;
/// How long no connection is accepted after that has failed, as when there are no more file
/// descriptors: they come back as connections end.
const PAUSE: Duration = Duration::from_millis(100);
/// Connections that are turned away before others of the swarm have their turn.
const MOST_AT_ONCE: usize = 64;

type Event = TransportEvent<Ready<io::Result<Stream>>, io::Error>;

/// The sockets that are listened on, and what the swarm has not been told yet.
#[derive(Default)]
pub(super) struct Tcp {
    listening: Vec<Listening>,
    untold: VecDeque<Event>,
    /// The places of connections that others open, where those are bounded.
    pending: Option<Arc<Pending>>,
}

struct Listening {
    id: ListenerId,
    socket: TcpListener,
    pause: Option<Pin<Box<Sleep>>>,
}

/// The address of a socket, without the key that may be expected there.
pub(super) fn socket_address(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter().filter(|part| !matches!(part, Protocol::P2p(_)));
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    match (parts.next()?, parts.next()) {
        (Protocol::Tcp(port), None) => Some(SocketAddr::new(ip, port)),
        _ => None,
    }
}

fn multiaddr(address: SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()))
}

/// A socket that listens at `address`, and on no other family of addresses.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A node that is started again does not wait for the connections that it had.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// The error of a port that another program has, in words: the system's are a number.
fn taken(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::AddrInUse {
        let what = "another program listens there already; `ss -ltnp` shows which. End that, or set another `listen` in `accord.toml`";
        return io::Error::new(io::ErrorKind::AddrInUse, what);
    }
    error
}

impl Listening {
    fn poll(&mut self, pending: Option<&Pending>, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        for _ in 0..MOST_AT_ONCE {
            let accepted = std::task::ready!(self.socket.poll_accept(cx));
            let watch = match (&accepted, pending) {
                (Ok((_, from)), Some(pending)) => match pending.admit(*from) {
                    Some(watch) => Some(watch),
                    None => continue,
                },
                _ => None,
            };
            return Poll::Ready(self.accepted(accepted, watch));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn accepted(
        &mut self,
        accepted: io::Result<(TcpStream, SocketAddr)>,
        watch: Option<Watch>,
    ) -> Event {
        let listener_id = self.id;
        let event = accepted.and_then(|(stream, from)| {
            let local_addr = multiaddr(stream.local_addr()?);
            let nodelay = stream.set_nodelay(true);
            let upgrade = ready(nodelay.map(|()| Stream::new(stream.compat(), watch)));
            let send_back_addr = multiaddr(from);
            Ok(TransportEvent::Incoming { listener_id, upgrade, local_addr, send_back_addr })
        });
        event.unwrap_or_else(|error| {
            self.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
            TransportEvent::ListenerError { listener_id, error }
        })
    }
}

impl Tcp {
    /// Where connections that others open have the places of `pending`.
    pub(super) fn new(pending: Arc<Pending>) -> Self {
        Self { pending: Some(pending), ..Self::default() }
    }
}

impl Transport for Tcp {
    type Output = Stream;
    type Error = io::Error;
    type ListenerUpgrade = Ready<io::Result<Self::Output>>;
    type Dial = BoxFuture<'static, io::Result<Self::Output>>;

    fn listen_on(
        &mut self,
        listener_id: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<io::Error>> {
        let Some(at) = socket_address(&address) else {
            return Err(TransportError::MultiaddrNotSupported(address));
        };
        let socket = listen(at).map_err(|e| TransportError::Other(taken(e)))?;
        let listen_addr = multiaddr(socket.local_addr().map_err(TransportError::Other)?);
        self.untold.push_back(TransportEvent::NewAddress { listener_id, listen_addr });
        self.listening.push(Listening { id: listener_id, socket, pause: None });
        Ok(())
    }

    fn remove_listener(&mut self, listener_id: ListenerId) -> bool {
        let Some(at) = self.listening.iter().position(|one| one.id == listener_id) else {
            return false;
        };
        self.listening.remove(at);
        self.untold.push_back(TransportEvent::ListenerClosed { listener_id, reason: Ok(()) });
        true
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        _: DialOpts,
    ) -> Result<Self::Dial, TransportError<io::Error>> {
        match socket_address(&address) {
            Some(to) if to.port() != 0 && !to.ip().is_unspecified() => Ok(Box::pin(async move {
                let stream = TcpStream::connect(to).await?;
                stream.set_nodelay(true)?;
                Ok(Stream::new(stream.compat(), None))
            })),
            _ => Err(TransportError::MultiaddrNotSupported(address)),
        }
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some(event) = self.untold.pop_front() {
            return Poll::Ready(event);
        }
        let pending = self.pending.clone();
        for at in 0..self.listening.len() {
            let polled = self.listening.get_mut(at).map(|one| one.poll(pending.as_deref(), cx));
            if let Some(Poll::Ready(event)) = polled {
                // The others come first the next time: one that is flooded keeps none waiting.
                self.listening.rotate_left(at.saturating_add(1));
                return Poll::Ready(event);
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
    use libp2p::core::Endpoint;
    use libp2p::core::transport::{Boxed, PortUse};

    use super::*;

    type Transports = Boxed<Stream>;

    const OPTIONS: DialOpts = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };

    /// Listens; where.
    async fn listening(at: &str) -> (Transports, ListenerId, Multiaddr) {
        let (mut tcp, id) = (Tcp::default().boxed(), ListenerId::next());
        tcp.listen_on(id, at.parse().unwrap()).unwrap();
        let Some(TransportEvent::NewAddress { listener_id, listen_addr }) = tcp.next().await else {
            panic!("no address");
        };
        assert_eq!(listener_id, id);
        (tcp, id, listen_addr)
    }

    /// Dials, and says a word that must arrive.
    async fn meets(listener: &mut Transports, at: Multiaddr) {
        let dialled = Tcp::default().dial(at, OPTIONS).unwrap();
        let (dialled, event) = futures::join!(dialled, listener.next());
        let (upgrade, from) = event.unwrap().into_incoming().unwrap();
        let (mut dialled, mut accepted) = (dialled.unwrap(), upgrade.await.unwrap());
        assert_eq!(from, multiaddr(dialled.get_ref().local_addr().unwrap()));
        assert!(dialled.get_ref().nodelay().unwrap() && accepted.get_ref().nodelay().unwrap());
        dialled.write_all(b"plate").await.unwrap();
        let mut heard = [0; 5];
        accepted.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"plate");
    }

    #[tokio::test]
    async fn who_listens_is_dialled_by_its_real_address_with_or_without_a_key() {
        let key = libp2p::identity::Keypair::generate_ed25519().public().to_peer_id();
        for at in ["/ip4/127.0.0.1/tcp/0", "/ip6/::1/tcp/0"] {
            let (mut listener, _, real) = listening(at).await;
            assert!(!real.to_string().ends_with("/tcp/0"), "{real}");
            meets(&mut listener, real.clone()).await;
            meets(&mut listener, real.with(Protocol::P2p(key))).await;
        }
    }

    #[tokio::test]
    async fn either_family_may_have_every_address_at_one_port() {
        let (mut four, _, real) = listening("/ip4/0.0.0.0/tcp/0").await;
        let Some(Protocol::Tcp(port)) = real.iter().nth(1) else { panic!("{real}") };
        let (mut six, _, _) = listening(&format!("/ip6/::/tcp/{port}")).await;
        meets(&mut four, format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap()).await;
        meets(&mut six, format!("/ip6/::1/tcp/{port}").parse().unwrap()).await;
    }

    #[tokio::test]
    async fn two_sockets_are_served_in_turn() {
        let (mut tcp, one, first) = listening("/ip4/127.0.0.1/tcp/0").await;
        let other = ListenerId::next();
        tcp.listen_on(other, "/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
        let second = tcp.next().await.unwrap().into_new_address().unwrap();
        let dial = |to: &Multiaddr| Tcp::default().dial(to.clone(), OPTIONS).unwrap();
        let dials = futures::future::try_join_all([&first, &first, &second, &second].map(dial));
        let dialled = dials.await.unwrap();
        let mut order = Vec::new();
        for _ in 0..dialled.len() {
            match tcp.next().await {
                Some(TransportEvent::Incoming { listener_id, .. }) => order.push(listener_id),
                other => panic!("{other:?}"),
            }
        }
        assert!(
            order == [one, other, one, other] || order == [other, one, other, one],
            "{order:?}"
        );
    }

    #[tokio::test]
    async fn a_second_one_on_a_port_is_told_and_a_closed_one_gives_it_back() {
        let (mut listener, id, real) = listening("/ip4/127.0.0.1/tcp/0").await;
        let mut second = Tcp::default();
        match second.listen_on(ListenerId::next(), real.clone()) {
            Err(TransportError::Other(error)) => {
                assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            }
            said => panic!("{said:?}"),
        }
        meets(&mut listener, real.clone()).await;
        assert!(listener.remove_listener(id) && !listener.remove_listener(id));
        let closed = listener.next().await;
        assert!(matches!(closed, Some(TransportEvent::ListenerClosed { reason: Ok(()), .. })));
        second.listen_on(ListenerId::next(), real).unwrap();
    }

    #[tokio::test]
    async fn what_is_no_socket_of_tcp_is_not_supported() {
        let mut tcp = Tcp::default();
        for text in [
            "/ip4/127.0.0.1/udp/7420/quic-v1",
            "/ip4/127.0.0.1/udp/7420",
            "/ip4/127.0.0.1/tcp/7420/ws",
            "/dns4/localhost/tcp/7420",
            "/ip4/127.0.0.1",
        ] {
            let address: Multiaddr = text.parse().unwrap();
            let listened = tcp.listen_on(ListenerId::next(), address.clone());
            assert!(matches!(listened, Err(TransportError::MultiaddrNotSupported(_))), "{text}");
            let dialled = tcp.dial(address, OPTIONS).map(drop);
            assert!(matches!(dialled, Err(TransportError::MultiaddrNotSupported(_))), "{text}");
        }
        for text in ["/ip4/127.0.0.1/tcp/0", "/ip4/0.0.0.0/tcp/7420", "/ip6/::/tcp/7420"] {
            let dialled = tcp.dial(text.parse().unwrap(), OPTIONS).map(drop);
            assert!(matches!(dialled, Err(TransportError::MultiaddrNotSupported(_))), "{text}");
        }
    }
}
