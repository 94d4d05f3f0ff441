"""An agency in another language: makes its keys and card, files a written request with an Accord
node, and when that is approved asks one query and checks all that comes back.

Written from schemas/PROTOCOL.md alone, with Python and its package `cryptography` (Debian:
python3-cryptography). It logs what it asks and what it receives, and proves that; it serves no
queries and exports no log, so it is no node: it shows that the document is enough to talk to one.

    ask.py identity HOME AGENCY            keys and card; prints the fingerprint
    ask.py ask HOME OWNER-CARD PLATE       the request, the wait for its approval, the query

Prints one JSON object a line. Exit code 0: answered; 1: refused or denied; 3: could not be done.
"""

import json
import os
import sys
import time
import tomllib
from datetime import datetime, timedelta, timezone

from log import Log
from transport import Connection, PeerError
from messages import (
    Unverifiable,
    check_standing,
    compact,
    digest,
    fingerprint,
    is_of_a_time_to_come,
    now,
    public_key,
    public_text,
    raw_key,
    read_frame,
    seal,
    unprintable,
    seal_card,
    type_of,
    unseal,
    unseal_card,
    unseal_policy,
    write_frame,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

USES = ("agency", "node", "message", "log", "cosigner")
# How long an official may take over the request, in seconds.
PATIENCE = 120


def say(**words):
    print(json.dumps(words), flush=True)


class Agency:
    """Keys and card of this agency, as they stand in its folder."""

    def __init__(self, home):
        with open(os.path.join(home, "keys.json")) as file:
            seeds = json.load(file)
        self.keys = {
            use: Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seeds[use])) for use in USES
        }
        with open(os.path.join(home, "card.json"), "rb") as file:
            self.card = file.read()
        self.id = unseal_card(self.card)["id"]
        self.log = Log(home, self.id, self.keys["log"])
        # The policies that peers have sent, by agency: their word, by which nothing is decided here.
        self.policies = {}

    def seal(self, kind, message):
        return seal(f"{kind}.v1+json", compact(message), self.keys["message"])


def identity(home, agency):
    """Makes keys and a card without addresses: this node is reached over what it dialled."""
    os.makedirs(home, mode=0o700)
    seeds = {use: os.urandom(32).hex() for use in USES}
    keys = {use: Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seeds[use])) for use in USES}
    card = {
        "id": agency,
        "name": "An agency of another make",
        "kind": "police",
        "state": "CA",
        "version": 1,
        "at": now(),
        "addresses": [],
        **{f"{use}_key": public_text(key) for use, key in keys.items()},
    }
    envelope = seal_card(card, keys)
    descriptor = os.open(os.path.join(home, "keys.json"), os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(seeds, file)
    with open(os.path.join(home, "card.json"), "wb") as file:
        file.write(envelope)
    say(agency=agency, fingerprint=fingerprint(keys["agency"]))


def owner_of(path):
    """The card of the owner. Here the file is trusted; a node would compare the fingerprint."""
    with open(path, "rb") as file:
        return unseal_card(file.read())


def dial(owner, agency):
    for address in owner["addresses"]:
        parts = address.split("/")
        if parts[1:2] == ["ip4"] and parts[3:4] == ["tcp"] and len(parts) == 5:
            node_key = raw_key(public_key(owner["node_key"]))
            return Connection(parts[2], int(parts[4]), agency.keys["node"], node_key)
    raise PeerError(f"the card of {owner['id']} has no TCP address over IPv4: {owner['addresses']}")


def converse(stream, kind, body, beside=b""):
    """Opens a conversation; the reply, unless it is Failed."""
    write_frame(stream, kind, body, beside)
    reply = read_frame(stream)
    if reply[0] == "Failed":
        raise PeerError(f"the owner could not: {reply[2].decode(errors='replace')}")
    return reply


def file_request(stream, agency, owner, plate):
    """Files a written request for one plate, once; its id and its exact bytes."""
    request = f"{agency.id}/req-{os.urandom(16).hex()}"
    since = (datetime.now(timezone.utc) - timedelta(days=7)).isoformat(timespec="milliseconds")
    body = "\n".join(
        f'{key} = "{value}"'
        for key, value in {
            "id": request,
            "from": agency.id,
            "to": owner["id"],
            "requested_by": "Maria Reyes",
            "user": "mreyes",
            "purpose": "stolen_vehicle",
            "case": "26-00417",
            "reason": "Stolen vehicle seen near the station on Saturday night",
            "at": now(),
        }.items()
    )
    body += (
        f'\n[scope]\nplates = ["{plate}"]\nuses = 1\n'
        f'from = "{since.replace("+00:00", "Z")}"\n'
    )
    envelope = seal("request.v1+toml", body.encode(), agency.keys["message"])
    kind, _, _ = converse(stream, "Document", envelope)
    if kind != "DocumentAck":
        raise Unverifiable(f"a request was answered by {kind}")
    return request, body.encode()


def await_decision(connection, agency, owner, request, body):
    """Serves what the owner opens until its decision about the request is here."""
    until = time.monotonic() + PATIENCE
    while stream := connection.accept(until):
        try:
            kind, _, said = read_frame(stream)
        except PeerError:
            continue
        if kind == "Card":
            held = agency.policies.get(owner["id"])
            greeting = {"held": None} | ({"policy": digest(held["text"].encode())} if held else {})
            write_frame(stream, "Card", agency.card, compact(greeting))
        elif kind == "Heads":
            # It has signed no agreement, so no other log concerns both.
            write_frame(stream, "Heads", compact({"heads": []}))
        elif kind == "Standing":
            show_standing(stream, agency, owner, said)
        elif kind == "Document":
            if type_of(said) == "policy.v1+json":
                agency.policies[owner["id"]] = unseal_policy(said, owner)
                write_frame(stream, "DocumentAck")
                continue
            text = unseal("decision.v1+toml", said, public_key(owner["message_key"])).decode()
            if (hidden := unprintable(text)) is not None:
                why = {"code": "refused", "message": f"it holds the character {hidden}"}
                write_frame(stream, "Failed", compact(why))
                continue
            decided = tomllib.loads(text)
            write_frame(stream, "DocumentAck")
            if decided["request"] == request and decided["request_digest"] == digest(body):
                return decided
        else:
            failed = {"code": "unavailable", "message": "this agency answers nothing"}
            write_frame(stream, "Failed", compact(failed))
    raise PeerError(f"{request} was not decided within {PATIENCE} s")


def show_standing(stream, agency, owner, request):
    """Shows the owner where entries about it stand."""
    shown = agency.log.standing(owner["id"], request)
    if shown is None:
        why = {"code": "unverifiable", "message": "a request for no proof, or for too many"}
        return write_frame(stream, "Failed", compact(why))
    write_frame(stream, "Standing", compact(shown))


def access_of(query, sent, outcome):
    """What an entry says of a query."""
    said = {"outcome": outcome, "query_id": query["id"], "query_digest": digest(sent)}
    said |= {"requester": query["from"], "owner": query["to"], "asked_at": query["at"]}
    return said | {name: query[name] for name in ("search", "authority", "why", "elements")}


def entry_shown(stream, owner, agency, query, sent, reply):
    """Asks the owner where its entry of the reply stands, and checks what it shows."""
    meant = {
        "query": digest(bytes.fromhex(query["id"])),
        "envelope": digest(sent + b"\n" + reply),
    }
    unknown = {name: digest(value.encode()) for name, value in meant.items()}
    request = compact({"entries": [meant, unknown]})
    kind, _, said = converse(stream, "Standing", request)
    if kind != "Standing":
        raise Unverifiable(f"a request for proofs was answered by {kind}")
    (proof,) = json.loads(said)["proofs"]
    check_standing(proof, owner, meant | {"peer": agency.id})
    return proof["log"]


def attested(agency, person):
    """That this agency vouches for a person, with its agency key: an owner judges it where it comes."""
    moment = datetime.now(timezone.utc)
    ends = (moment + timedelta(days=90)).isoformat(timespec="milliseconds")
    said = {"agency": agency.id} | person | {"at": now(), "ends": ends.replace("+00:00", "Z")}
    signed = seal("attestation.v1+json", compact(said), agency.keys["agency"])
    if len(signed) > 1024:
        raise Unverifiable(f"an attestation of {len(signed)} bytes; at most 1024 are read")
    return person | {"attestation": signed.decode()}


def sign_in(agency, actor):
    """Puts on record that its person signed in; what the query says of it. Section 12: a word that the
    log does not bear out is found by whoever reads the log."""
    token, card, when = os.urandom(32), os.urandom(8).hex(), now()
    session = {"id": digest(token)[:16], "way": "password_and_card", "proved_at": when}
    actor["auth"] = f"session {session['id']}, password and code card, terminal"
    until = datetime.now(timezone.utc) + timedelta(hours=12)
    agency.log.append(
        "sign_in.succeeded",
        None,
        None,
        None,
        actor,
        session=session["id"],
        way=session["way"],
        authenticators=[card],
        client="terminal",
        again=False,
        until=until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    return session


def query_for(agency, owner, request, plate, session):
    moment = datetime.now(timezone.utc)
    since = (moment - timedelta(days=7) + timedelta(minutes=1)).isoformat(timespec="milliseconds")
    return {
        "id": os.urandom(16).hex(),
        "from": agency.id,
        "to": owner["id"],
        "authority": request,
        "at": now(),
        "search": os.urandom(16).hex(),
        "requester": attested(agency, {
            "user": "mreyes",
            "full_name": "Maria Reyes",
            "title": "Detective",
            "roles": ["sworn"],
            "trained_on": f"{moment.date() - timedelta(days=30)}T00:00:00.000Z",
        }) | {"session": session},
        "why": {
            "purpose": "stolen_vehicle",
            "offense": "10851(a) CVC",
            "offenses": ["VC 10851(a)"],
            "vehicle_role": "stolen",
            "case": "26-00417",
            "reason": "Stolen vehicle seen near the station on Saturday night",
            "suspicion": "The victim followed the car to the harbour",
        },
        "elements": {
            "kind": "exact",
            "plate": plate,
            "from": since.replace("+00:00", "Z"),
            "until": now(),
        },
        "limit": 10,
    }


def check_reply(kind, beside, envelope, agency, owner, query, sent):
    """The signed answer or refusal, after the checks of section 9 that need no pages."""
    if kind not in ("Answer", "Refusal"):
        raise Unverifiable(f"a query was answered by {kind}")
    body = unseal(f"{kind.lower()}.v1+json", envelope, public_key(owner["message_key"]))
    said = json.loads(body)
    bound = {
        "query_id": query["id"],
        "query_digest": digest(sent),
        "from": owner["id"],
        "to": agency.id,
    }
    for name, value in bound.items():
        if said[name] != value:
            raise Unverifiable(f"`{name}` is {said[name]!r}; expected {value!r}")
    if beside:
        logged = {
            "kind": "query.answered" if kind == "Answer" else "query.refused",
            "peer": agency.id,
            "query": digest(bytes.fromhex(query["id"])),
            "envelope": digest(sent + b"\n" + envelope),
        }
        check_standing(beside, owner, logged)
    return said


def pages_of(stream, answer, query):
    """The reads, each page by its digest, each read one that was asked for."""
    reads = []
    for expected in answer["pages"]:
        kind, _, page = read_frame(stream)
        lines = page.decode().splitlines()
        found = (digest(page), len(page), len(lines))
        if kind != "Page" or found != (expected["digest"], expected["bytes"], expected["reads"]):
            raise Unverifiable(f"a page is {found}; expected {expected}")
        reads += map(json.loads, lines)
    released, elements = answer["released"], query["elements"]
    for read in reads:
        if read["plate"] != elements["plate"]:
            raise Unverifiable("a read of another plate")
        if not released["from"] <= read["at"] < released["until"]:
            raise Unverifiable(f"a read of {read['at']}, outside of what was released")
    if len(reads) != answer["count"] or len(reads) > query["limit"]:
        raise Unverifiable(f"{len(reads)} reads; the answer says {answer['count']}")
    return reads


def ask(home, card, plate):
    agency, owner = Agency(home), owner_of(card)
    connection = dial(owner, agency)
    stream = connection.open()
    request, body = file_request(stream, agency, owner, plate)
    say(request=request, cipher=connection.cipher)
    decided = await_decision(connection, agency, owner, request, body)
    say(request=request, verdict=decided["verdict"])
    if decided["verdict"] != "approved":
        return 1
    actor = {"user": "mreyes", "full_name": "Maria Reyes", "agency": agency.id}
    query = query_for(agency, owner, request, plate, sign_in(agency, actor))
    sent = agency.seal("query", query)
    access = access_of(query, sent, "sent")
    entry = agency.log.append("query.sent", owner["id"], query["id"], sent, actor, access=access)
    standing = compact(agency.log.proof(entry))
    kind, beside, envelope = converse(stream, "Query", sent, standing)
    said = check_reply(kind, beside, envelope, agency, owner, query, sent)
    proven = beside["log"] if beside and not is_of_a_time_to_come(beside) else None
    if kind == "Refusal":
        codes = [reason["code"] for reason in said["reasons"]]
        say(query_id=query["id"], outcome="refused", reasons=codes, proven=proven)
        return 1
    reads = pages_of(stream, said, query)
    receipt = {
        "query_id": query["id"],
        "answer_digest": digest(envelope),
        "from": agency.id,
        "to": owner["id"],
        "at": now(),
    }
    receipt = agency.seal("receipt", receipt)
    access = access_of(query, sent, "answered")
    access |= {"basis": said["basis"], "count": said["count"], "answer_digest": digest(envelope)}
    entry = agency.log.append(
        "answer.received",
        owner["id"],
        query["id"],
        envelope,
        actor,
        access=access,
        receipt_digest=digest(receipt),
    )
    kind, _, _ = converse(stream, "Receipt", receipt, compact(agency.log.proof(entry)))
    if kind != "ReceiptAck":
        raise Unverifiable(f"a receipt was answered by {kind}")
    shown = entry_shown(stream, owner, agency, query, sent, envelope)
    basis = said["basis"]["authority"]
    say(
        query_id=query["id"],
        outcome="answered",
        basis=basis,
        reads=reads,
        proven=proven,
        shown=shown,
    )
    return 0


def main(words):
    match words:
        case ["identity", home, agency]:
            return identity(home, agency)
        case ["ask", home, card, plate]:
            return ask(home, card, plate)
    sys.exit(__doc__)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, PeerError, Unverifiable) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(3)
