"""Frames, envelopes, keys, and where an entry stands in a log: sections 2, 4, 6 and 16 of
schemas/PROTOCOL.md. Pure: bytes in, bytes out."""

import base64
import hashlib
import json
import struct
import unicodedata
from datetime import datetime, timedelta, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KINDS = (
    "Query Answer Refusal Page Receipt ReceiptAck Card Document DocumentAck Failed Statement Witness"
    " Witnessed Consistency Image Narrow Standing Heads"
).split()
LARGEST_BODY = dict.fromkeys(KINDS, 60_000)
LARGEST_BODY.update(dict.fromkeys(["Query", "Receipt", "Witness", "Witnessed"], 32_768))
LARGEST_BODY.update(dict.fromkeys(["Page", "Consistency", "Image", "Narrow", "Standing", "Heads"], 262_144))
LARGEST_BODY.update(ReceiptAck=0, DocumentAck=0, Failed=1_024)
# How far ahead of one's own clock a proof may be that is kept.
CLOCK_AHEAD = timedelta(seconds=600)
LARGEST_BESIDE = 16_384
TYPE = "application/vnd.accord.%s"


class Unverifiable(Exception):
    """What came proves nothing."""


def digest(data):
    """SHA-256, as it is written."""
    return hashlib.sha256(data).hexdigest()


def now():
    """This instant, as it is written."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unprintable(text):
    """The first character of a document that does not print as itself, as `U+202E`: section 7 of
    PROTOCOL.md. None in a document that people may sign."""
    for character in text:
        code = ord(character)
        hidden = unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
        hidden |= 0x2060 <= code <= 0x206F or 0xE0000 <= code <= 0xE007F
        if hidden and character not in "\n\t":
            return f"U+{code:04X}"
    return None


# Frames


def write_frame(stream, kind, body=b"", beside=b""):
    """Sends a frame."""
    head = struct.pack(">IBI", 5 + len(beside) + len(body), KINDS.index(kind) + 1, len(beside))
    stream.send(head + beside + body)


def read_frame(stream):
    """The next frame: kind, what stands beside the body (or None), body."""
    length, number, beside = struct.unpack(">IBI", stream.receive(9))
    if not 1 <= number <= len(KINDS):
        raise Unverifiable(f"a frame of unknown kind {number}")
    kind = KINDS[number - 1]
    body = length - 5 - beside
    if beside > LARGEST_BESIDE or not 0 <= body <= LARGEST_BODY[kind]:
        raise Unverifiable(f"a frame {kind} of {length} bytes, {beside} of them beside")
    said = stream.receive(beside)
    return kind, json.loads(said) if said else None, stream.receive(body)


# Keys


def public_text(key):
    """A public key as messages write it."""
    return base64.b64encode(_spki(key)).decode()


def public_key(text):
    """The key that a message writes."""
    return serialization.load_der_public_key(base64.b64decode(text, validate=True))


def raw_key(key):
    """Its 32 bytes."""
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def fingerprint(key):
    """Its fingerprint as people read it out."""
    digits = digest(_spki(key))
    return "-".join(digits[at : at + 4] for at in range(0, 64, 4))


def _spki(key):
    if isinstance(key, Ed25519PrivateKey):
        key = key.public_key()
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


# Envelopes


def compact(value):
    """JSON without white space."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _covered(kind, body):
    kind = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


def seal(kind, body, key):
    """An envelope in its one form."""
    kind = TYPE % kind
    return _form(kind, body, fingerprint(key), key.sign(_covered(kind, body)))


def _form(kind, body, key_id, signature):
    signed = {"keyid": key_id, "sig": base64.b64encode(signature).decode()}
    payload = base64.b64encode(body).decode()
    return compact({"payloadType": kind, "payload": payload, "signatures": [signed]})


def unseal(kind, envelope, key):
    """The body of an envelope of this type, after its form and signature."""
    try:
        read = json.loads(envelope)
        (signed,) = read["signatures"]
        body = base64.b64decode(read["payload"], validate=True)
        signature = base64.b64decode(signed["sig"], validate=True)
        if _form(read["payloadType"], body, signed["keyid"], signature) != envelope:
            raise Unverifiable("the envelope is not in its one form")
        if read["payloadType"] != TYPE % kind:
            raise Unverifiable(f"an envelope of type {read['payloadType']}; expected {TYPE % kind}")
        if signed["keyid"] != fingerprint(key):
            raise Unverifiable(f"signed by {signed['keyid']}; expected {fingerprint(key)}")
        key.verify(signature, _covered(read["payloadType"], body))
    except (KeyError, TypeError, ValueError, InvalidSignature) as error:
        raise Unverifiable(f"no envelope that verifies: {error!r}") from error
    return body


def type_of(envelope):
    """What an envelope says that it is."""
    try:
        return json.loads(envelope)["payloadType"].removeprefix(TYPE % "")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unverifiable(f"no envelope: {error!r}") from error


def unseal_policy(envelope, card):
    """The policy by which an agency says that it decides: section 5 of PROTOCOL.md."""
    policy = json.loads(unseal("policy.v1+json", envelope, public_key(card["message_key"])))
    if set(policy) != {"agency", "version", "since", "text"} or policy["agency"] != card["id"]:
        raise Unverifiable("a policy that is not its sender's")
    size = len(policy["text"].encode()) + sum(policy["text"].count(c) for c in '"\\\n\t\r')
    if size > 40_960 or unprintable(policy["text"]) is not None:
        raise Unverifiable("a policy that is too long, or holds what does not print")
    return policy


# Cards

# Who signs for themselves in a card, beside the agency key that signs the card itself.
PROVEN = ("node", "message", "log", "cosigner")


def _statement(card, use, key):
    """What a key signs to prove that it is that of this use in this version of the card."""
    lines = (card["id"], str(card["version"]), use, card["agency_key"], public_text(key))
    statement = "".join(f"{line}\n" for line in lines)
    return _covered("application/vnd.accord.possession.v1+text", statement.encode())


def seal_card(card, keys):
    """A card, proven by every key that it names."""
    possession = {
        use: base64.b64encode(keys[use].sign(_statement(card, use, keys[use]))).decode()
        for use in PROVEN
    }
    return seal("card.v1+json", compact(card | {"possession": possession}), keys["agency"])


def unseal_card(envelope):
    """The card, after the signature of every key that it names; whose agency key it is, people say."""
    if len(envelope) > 8192:
        raise Unverifiable(f"a card of {len(envelope)} bytes; at most 8192 are read")
    try:
        claimed = json.loads(base64.b64decode(json.loads(envelope)["payload"], validate=True))
        card = json.loads(unseal("card.v1+json", envelope, public_key(claimed["agency_key"])))
        if len({card[f"{use}_key"] for use in ("agency", *PROVEN)}) != 5:
            raise Unverifiable("a card that uses one key twice")
        for use in PROVEN:
            key = public_key(card[f"{use}_key"])
            proof = base64.b64decode(card["possession"][use], validate=True)
            key.verify(proof, _statement(card, use, key))
    except (KeyError, TypeError, ValueError, InvalidSignature) as error:
        raise Unverifiable(f"no card whose keys are proven: {error!r}") from error
    return card


# The tree of a log


def check_standing(standing, card, expected):
    """That an entry with these values in its header stands in the log of the agency of `card`."""
    text, _, signatures = standing["checkpoint"].partition("\n\n")
    origin, size, root = text.split("\n")
    if origin != f"accord/{card['id']}" or int(size) != standing["log"]["size"]:
        raise Unverifiable(f"the signed head is of `{origin}`, size {size}")
    key = public_key(card["log_key"])
    _check_note(text + "\n", signatures, origin, key)
    header = standing["header"].encode()
    index = standing["log"]["index"]
    if _root(header, index, int(size), standing["inclusion"]) != base64.b64decode(root):
        raise Unverifiable(f"entry {index} is not proven to stand in the log of {origin}")
    entry = json.loads(header)
    for name, value in {"index": index, **expected}.items():
        if entry[name] != value:
            raise Unverifiable(f"the header's `{name}` is {entry[name]!r}; expected {value!r}")


def is_of_a_time_to_come(standing):
    """Whether the entry is further ahead of this clock than clocks may be apart: then it is not kept,
    since whoever keeps it says that it was there before."""
    at = datetime.fromisoformat(json.loads(standing["header"])["at"].replace("Z", "+00:00"))
    return at > datetime.now(timezone.utc) + CLOCK_AHEAD


def _check_note(text, signatures, origin, key):
    raw = raw_key(key)
    key_id = hashlib.sha256(origin.encode() + b"\n\x01" + raw).digest()[:4]
    for line in signatures.splitlines():
        dash, name, value = line.split(" ")
        signature = base64.b64decode(value)
        if dash == "\u2014" and name == origin and signature[:4] == key_id:
            try:
                Ed25519PublicKey.from_public_bytes(raw).verify(signature[4:], text.encode())
            except InvalidSignature as error:
                raise Unverifiable(f"the signed head of {origin} does not verify") from error
            return
    raise Unverifiable(f"no signature of {origin} by the log key of its card")


def _root(leaf, index, size, proof):
    """RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        raise Unverifiable(f"entry {index} of a log of {size}")
    node, last = hashlib.sha256(b"\x00" + leaf).digest(), size - 1
    for step in proof:
        if not last:
            raise Unverifiable("the proof of inclusion is too long")
        step = bytes.fromhex(step)
        if index % 2 or index == last:
            node = hashlib.sha256(b"\x01" + step + node).digest()
            while not index % 2 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + step).digest()
        index, last = index >> 1, last >> 1
    if last:
        raise Unverifiable("the proof of inclusion is too short")
    return node
