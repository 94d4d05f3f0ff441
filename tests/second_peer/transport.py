"""TCP, libp2p TLS, multistream-select and yamux, as section 1 of schemas/PROTOCOL.md asks for them.

One connection, dialled by this side, read and written by one thread. Nothing here knows what an
agency or a query is.
"""

import os
import socket
import struct
import tempfile
import time
from datetime import datetime, timedelta, timezone

# TLS_AES_256_GCM_SHA384 and nothing else. Python cannot say so itself, OpenSSL's configuration can,
# and it is read when the module below is loaded.
_configuration = tempfile.NamedTemporaryFile("w", suffix=".cnf")
_configuration.write(
    "openssl_conf = all\n[all]\nssl_conf = tls\n[tls]\nsystem_default = suites\n"
    "[suites]\nCiphersuites = TLS_AES_256_GCM_SHA384\nGroups = X25519:P-256:P-384\n"
)
_configuration.flush()
os.environ["OPENSSL_CONF"] = _configuration.name

import ssl  # noqa: E402

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: E402

PROTOCOL = "/accord/exchange/1"
EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.53594.1.1")
PROVES = b"libp2p-tls-handshake:"
# A libp2p PublicKey message: type Ed25519, 32 bytes.
ED25519 = bytes.fromhex("08011220")

DATA, WINDOW, PING, GO_AWAY = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8
FIRST_WINDOW = 256 * 1024


class PeerError(Exception):
    """The other side is not who it must be, or does not speak as the protocol says."""


def _der(tag, body):
    length = bytes([len(body)]) if len(body) < 128 else bytes([0x81, len(body)])
    return bytes([tag]) + length + body


def _octets(der):
    """The two octet strings of the extension's sequence; all of them are shorter than 128 bytes."""
    if der[0] != 0x30 or der[1] != len(der) - 2:
        raise PeerError(f"the certificate's extension is no sequence: {der.hex()}")
    parts, rest = [], der[2:]
    while rest:
        if rest[0] != 0x04 or rest[1] > 127 or len(rest) < 2 + rest[1]:
            raise PeerError(f"the certificate's extension is malformed: {der.hex()}")
        parts.append(rest[2 : 2 + rest[1]])
        rest = rest[2 + rest[1] :]
    if len(parts) != 2:
        raise PeerError(f"the certificate's extension has {len(parts)} parts; expected 2")
    return parts


def _certificate(node_key, folder):
    """A self-signed certificate whose extension ties its key to the node key."""
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    public = node_key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    signed = _der(0x04, ED25519 + public) + _der(0x04, node_key.sign(PROVES + spki))
    now = datetime.now(timezone.utc)
    name = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.UnrecognizedExtension(EXTENSION, _der(0x30, signed)), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = os.path.join(folder, "certificate.pem")
    with open(path, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    return path


def _node_key_of(der):
    """The node key that a certificate proves."""
    certificate = x509.load_der_x509_certificate(der)
    key, signature = _octets(
        certificate.extensions.get_extension_for_oid(EXTENSION).value.value
    )
    if len(key) != 36 or key[:4] != ED25519:
        raise PeerError(f"the node key is not Ed25519: {key.hex()}")
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    Ed25519PublicKey.from_public_bytes(key[4:]).verify(signature, PROVES + spki)
    return key[4:]


def _varint(number):
    out = b""
    while True:
        number, low = number >> 7, number & 0x7F
        if not number:
            return out + bytes([low])
        out += bytes([low | 0x80])


def _agree(channel, protocol):
    """multistream-select 1.0, as the dialling side."""
    for line in ("/multistream/1.0.0", protocol):
        text = line.encode() + b"\n"
        channel.send(_varint(len(text)) + text)
    for expected in ("/multistream/1.0.0", protocol):
        _expect_line(channel, expected)


def _expect_line(channel, expected):
    length = 0
    for shift in (0, 7):
        byte = channel.receive(1)[0]
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    line = channel.receive(length).decode().rstrip("\n")
    if line != expected:
        raise PeerError(f"the peer said `{line}`; expected `{expected}`")


class _Plain:
    """A socket with exact reads."""

    def __init__(self, raw):
        self.raw = raw

    def send(self, data):
        self.raw.sendall(data)

    def receive(self, count):
        data = b""
        while len(data) < count:
            more = self.raw.recv(count - len(data))
            if not more:
                raise PeerError("the connection was closed")
            data += more
        return data


class Stream:
    """A substream."""

    def __init__(self, connection, number):
        self.connection, self.number = connection, number
        self.received, self.ended = bytearray(), False
        self.may_send, self.taken = FIRST_WINDOW, 0

    def send(self, data):
        """Sends all of `data`, as far as the other side's window lets it at a time."""
        while data:
            while not self.may_send:
                self.connection.pump()
            piece, data = data[: self.may_send], data[self.may_send :]
            self.may_send -= len(piece)
            self.connection.frame(DATA, 0, self.number, len(piece), piece)

    def receive(self, count):
        """Exactly `count` bytes."""
        while len(self.received) < count:
            if self.ended:
                raise PeerError("the substream was closed")
            self.connection.pump()
        data = bytes(self.received[:count])
        del self.received[:count]
        self.taken += count
        if self.taken >= FIRST_WINDOW // 2:
            self.connection.frame(WINDOW, 0, self.number, self.taken)
            self.taken = 0
        return data


class Connection:
    """A connection to the node that holds `node_key`; anybody else is left at once."""

    def __init__(self, host, port, own_key, node_key, patience=30):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        # The certificate proves a libp2p key; no authority has signed it.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["libp2p"])
        with tempfile.TemporaryDirectory() as folder:
            context.load_cert_chain(_certificate(own_key, folder))
        raw = socket.create_connection((host, port), timeout=patience)
        _agree(_Plain(raw), "/tls/1.0.0")
        secured = context.wrap_socket(raw)
        if _node_key_of(secured.getpeercert(binary_form=True)) != node_key:
            raise PeerError("another node answers at this address")
        self.cipher = secured.cipher()[0]
        self.wire = _Plain(secured)
        _agree(self.wire, "/yamux/1.0.0")
        self.streams, self.opened, self.incoming = {}, [], 1

    def frame(self, kind, flags, stream, length, data=b""):
        self.wire.send(struct.pack(">BBHII", 0, kind, flags, stream, length) + data)

    def open(self):
        """A new substream, opened by this side: odd numbers."""
        stream = Stream(self, self.incoming)
        self.incoming += 2
        self.streams[stream.number] = stream
        self.frame(WINDOW, SYN, stream.number, 0)
        _agree(stream, PROTOCOL)
        return stream

    def accept(self, until):
        """The next substream that the other side opens, or none by `until` (monotonic)."""
        while not self.opened:
            remaining = until - time.monotonic()
            if remaining <= 0:
                return None
            self.wire.raw.settimeout(remaining)
            try:
                self.pump()
            except TimeoutError:
                return None
            finally:
                self.wire.raw.settimeout(30)
        stream = self.opened.pop(0)
        _expect_line(stream, "/multistream/1.0.0")
        _expect_line(stream, PROTOCOL)
        for line in ("/multistream/1.0.0", PROTOCOL):
            text = line.encode() + b"\n"
            stream.send(_varint(len(text)) + text)
        return stream

    def pump(self):
        """Takes in one yamux frame."""
        version, kind, flags, number, length = struct.unpack(">BBHII", self.wire.receive(12))
        if version:
            raise PeerError(f"yamux version {version}; expected 0")
        if kind == PING:
            if flags & SYN:
                self.frame(PING, ACK, 0, length)
            return
        if kind == GO_AWAY:
            raise PeerError(f"the connection was ended with code {length}")
        if flags & SYN and number % 2 == 0 and number not in self.streams:
            stream = self.streams[number] = Stream(self, number)
            self.opened.append(stream)
            self.frame(WINDOW, ACK, number, 0)
        data = self.wire.receive(length) if kind == DATA else b""
        stream = self.streams.get(number)
        if stream is None:
            return
        stream.received += data
        if kind == WINDOW:
            stream.may_send += length
        if flags & (FIN | RST):
            stream.ended = True
