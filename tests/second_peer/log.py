"""The log of this agency: entries in order, each durable before what depends on it, and the proofs of
where they stand. Sections 13 and 16 of schemas/PROTOCOL.md; a file in its folder, a line an entry."""

import base64
import hashlib
import json
import os

from messages import compact, digest, now, raw_key

# Most entries of one request for proofs.
MOST_ENTRIES = 32


def leaf(header):
    return hashlib.sha256(b"\x00" + header.encode()).digest()


def _node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(count):
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    """RFC 9162, section 2.1.1."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    left = _split(len(leaves))
    return _node(root(leaves[:left]), root(leaves[left:]))


def inclusion(index, leaves):
    """RFC 9162, section 2.1.3.1: from the leaf's sibling up."""
    if len(leaves) < 2:
        return []
    left = _split(len(leaves))
    if index < left:
        return inclusion(index, leaves[:left]) + [root(leaves[left:])]
    return inclusion(index - left, leaves[left:]) + [root(leaves[:left])]


class Log:
    """The log in the folder of an agency, whose heads are signed with `key`."""

    def __init__(self, home, agency, key):
        self.agency, self.key = agency, key
        self.path = os.path.join(home, "log.jsonl")
        self.headers = []
        if os.path.exists(self.path):
            with open(self.path) as file:
                self.headers = [json.loads(line)["header"] for line in file]

    def append(self, kind, peer, query_id, envelope, actor, **said):
        """Appends an entry, of an exchange with `peer` where there is one; it is durable when this
        returns. Its index."""
        index, at = len(self.headers), now()
        event = {"kind": kind, **said}
        body = compact({"at": at, "actor": actor, "event": event}).decode()
        salt = os.urandom(32)
        known = [json.loads(header)["peer"] for header in self.headers]
        header = {
            "v": 1,
            "index": index,
            "at": at,
            "kind": kind,
            "peer": peer,
            "peer_seq": known.count(peer) + 1 if peer else None,
            "query": digest(bytes.fromhex(query_id)) if query_id else None,
            "body": digest(salt + body.encode()),
            "envelope": digest(envelope) if envelope else None,
        }
        header = compact(header).decode()
        entry = {"header": header, "salt": salt.hex(), "body": body}
        entry["envelope"] = envelope.decode() if envelope else None
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(compact(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.headers.append(header)
        return index

    def head(self):
        """The signed head, a C2SP signed note."""
        origin = f"accord/{self.agency}"
        top = base64.b64encode(root([leaf(header) for header in self.headers])).decode()
        text = f"{origin}\n{len(self.headers)}\n{top}\n"
        raw = raw_key(self.key.public_key())
        key_id = hashlib.sha256(origin.encode() + b"\n\x01" + raw).digest()[:4]
        signature = base64.b64encode(key_id + self.key.sign(text.encode())).decode()
        return f"{text}\n\u2014 {origin} {signature}\n"

    def proof(self, index):
        """The proof of an entry."""
        leaves = [leaf(header) for header in self.headers]
        return {
            "log": {"index": index, "size": len(leaves)},
            "header": self.headers[index],
            "inclusion": [step.hex() for step in inclusion(index, leaves)],
            "checkpoint": self.head(),
        }

    def standing(self, peer, request):
        """What is shown to `peer`, which asks where entries about it stand."""
        asked = json.loads(request)["entries"]
        if not 1 <= len(asked) <= MOST_ENTRIES:
            return None
        proofs = []
        for one in asked:
            for index, header in enumerate(map(json.loads, self.headers)):
                if header["peer"] == peer and all(header[name] == one[name] for name in one):
                    proofs.append(self.proof(index))
                    break
        return {"proofs": proofs}
