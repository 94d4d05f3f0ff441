"""A client of an Accord node for programs of its agency, such as dispatch and records systems.

Written by `generate` from the OpenAPI document of /api/v1: change that, and write it anew. Python 3.11 or
later and nothing else.

    accord = Accord("https://node.example:8443", token, certificate="node.pem")
    waits = accord.begin_session()
    print("open", waits["address"], "and type", waits["code"])
    accord.wait_for_person(waits)
    for answer in accord.ask(draft, idempotency_key=str(uuid.uuid4())):
        print(answer["owner"], answer["outcome"], len(answer["reads"]))

As a program it asks for one person, waits for her, asks what a file says, and shows what comes:

    accord_client.py https://node.example:8443 --token-file token --certificate node.pem ask query.json
"""

import argparse
import contextlib
import http.client
import json
import ssl
import sys
import time
import urllib.parse
import uuid
from pathlib import Path

VERSION = "1"
PROBLEM = "application/problem+json"
LINES = "application/x-ndjson"


class Problem(Exception):
    """Why something was not done (RFC 9457). What it is stands in `code`, which is stable."""

    def __init__(self, problem):
        super().__init__(f"{problem.get('code')}: {problem.get('detail')}")
        self.problem = problem
        self.status = problem.get("status")
        self.code = problem.get("code")
        self.detail = problem.get("detail")
        self.citations = problem.get("citations", [])
        self.reasons = problem.get("reasons", [])


def _part(value):
    """A value as a part of a path."""
    return urllib.parse.quote(str(value), safe="")


class Accord:
    """A node, as one program of its agency reaches it."""

    def __init__(self, address, token, *, certificate=None, shows=None, context=None, timeout=120):
        """`certificate` is a PEM file: the node's own, or of the authority that signed it. A program that is
        known by a certificate has no token (None) and `shows` the PEM files of its certificate and key.
        `timeout` is in seconds, for each word of an answer."""
        url = urllib.parse.urlsplit(address)
        if url.scheme != "https" or not url.hostname:
            raise ValueError(f"{address!r} is no address of a node; expected https://HOST:PORT")
        self.host, self.port = url.hostname, url.port or 443
        self.token, self.session, self.timeout = token, None, timeout
        self.person = None  # a user name to ask for without a session, where the policies admit it
        self.context = context or ssl.create_default_context(cafile=certificate)
        if shows:
            self.context.load_cert_chain(*shows)

    def wait_for_person(self, waits, pause=2.0):
        """Waits until she has approved what `begin_session` told; from then on, requests are hers."""
        while (signed_in := self.finish_session({"secret": waits["secret"]})) is None:
            time.sleep(pause)
        self.session = signed_in["token"]
        return signed_in

    def person_by_provider(self, provider, id_token, notice):
        """Asks for whoever signed in to this program at the agency's provider, by the ID token that it got for her and
        the digest of the notice that she read (`notice()`); from then on, requests are hers."""
        shown = {"provider": provider, "id_token": id_token, "notice": notice}
        self.session = (signed_in := self.session_by_provider(shown))["token"]
        return signed_in

    def every_record(self, after=None):
        """Every record behind `after`, a page after the other: (records, where to go on from)."""
        while True:
            page = self.records(after=after)
            after = page["next"]
            yield page["records"], after
            if not page["more"]:
                return

    def _request(self, method, path, body=None, raw=None, query=None, headers=None):
        wanted = {name: value for name, value in (query or {}).items() if value is not None}
        target = f"/api/v{VERSION}{path}" + (f"?{urllib.parse.urlencode(wanted)}" if wanted else "")
        sent = {name: value for name, value in (headers or {}).items() if value is not None}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.session:
            sent["Accord-Session"] = self.session
        elif self.person:
            sent["Accord-Person"] = self.person
        if raw is not None:
            sent["Content-Type"] = "application/octet-stream"
        elif body is not None:
            raw, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        connection = http.client.HTTPSConnection(
            self.host, self.port, timeout=self.timeout, context=self.context
        )
        try:
            connection.request(method, target, body=raw, headers=sent)
            response = connection.getresponse()
            if response.status >= 300:
                raise Problem(self._problem(response))
        except BaseException:
            connection.close()
            raise
        return connection, response

    @staticmethod
    def _problem(response):
        said = response.read()
        if response.headers.get_content_type() == PROBLEM:
            return {**json.loads(said), "status": response.status}
        return {"status": response.status, "code": "unexplained", "detail": response.reason}

    def _answer(self, *asked, **how):
        connection, response = self._request(*asked, **how)
        with contextlib.closing(connection), response:
            said = response.read()
            if response.headers.get_content_type() == "application/json":
                return json.loads(said)
            return said.decode()

    def _lines(self, *asked, **how):
        # Asked at once, and not when the first line is looked at.
        connection, response = self._request(*asked, **how)
        return self._each(connection, response)

    @staticmethod
    def _each(connection, response):
        with contextlib.closing(connection), response:
            for line in response:
                told = json.loads(line)
                error = told.get("error")
                if isinstance(error, dict) and "code" in error and "status" in error:
                    raise Problem(error)
                yield told

    def entry(self, index, *, accord_audit=None):
        """One entry, whole, with its envelopes and the proof of its place.

        `accord_audit`: Under which of the person's open audits this is looked at, where she has
        several: its number, as `audits` tells it. The one that she has open alone needs no word;
        where the policy demands one and none is open, nothing is shown (`audit_not_open`).

        It takes scope `audit` and a person's session.
        """
        return self._answer(
            "GET",
            f"/audit/entries/{_part(index)}",
            headers={"Accord-Audit": accord_audit},
        )

    def log(self, body, *, accord_audit=None):
        """Entries of the log that fit all that is given, in order, a line each. The next page is
        `after` the index of the last.

        `body` is as the schema `EntriesWanted` of the document has it.

        `accord_audit`: Under which of the person's open audits this is looked at, where she has
        several: its number, as `audits` tells it. The one that she has open alone needs no word;
        where the policy demands one and none is open, nothing is shown (`audit_not_open`).

        It takes scope `audit` and a person's session.
        """
        return self._lines("POST", "/audit/log", body, headers={"Accord-Audit": accord_audit})

    def who_saw(self, body, *, accord_audit=None):
        """Who saw reads of a plate: entries, a line each.

        `body` is as the schema `WhoSawPlate` of the document has it.

        `accord_audit`: Under which of the person's open audits this is looked at, where she has
        several: its number, as `audits` tells it. The one that she has open alone needs no word;
        where the policy demands one and none is open, nothing is shown (`audit_not_open`).

        It takes scope `audit` and a person's session.
        """
        return self._lines("POST", "/audit/plate", body, headers={"Accord-Audit": accord_audit})

    def report(self, kind, *, from_=None, until=None, accord_audit=None):
        """A report of the log.

        `kind`: Which, such as `access`.

        `from_`: Accesses at or after.

        `until`: Accesses before.

        `accord_audit`: Under which of the person's open audits this is looked at, where she has
        several: its number, as `audits` tells it. The one that she has open alone needs no word;
        where the policy demands one and none is open, nothing is shown (`audit_not_open`).

        It takes scope `audit` and a person's session.
        """
        return self._answer(
            "GET",
            "/audit/report",
            query={"kind": kind, "from": from_, "until": until},
            headers={"Accord-Audit": accord_audit},
        )

    def audits(self):
        """The audits that are open, whoever opened them.

        It takes scope `audit` and a person's session.
        """
        return self._answer("GET", "/audits")

    def open_audit(self, body):
        """Opens an audit with its occasion: what the person looks at from then on bears its number,
        until it is closed or 30 days are over.

        `body` is as the schema `AuditOpening` of the document has it.

        It takes scope `audit` and a person's session.
        """
        return self._answer("POST", "/audits", body)

    def close_audit(self, audit, body):
        """Closes an audit, with what came of it.

        `body` is as the schema `AuditClosing` of the document has it.

        It takes scope `audit` and a person's session.
        """
        return self._answer("POST", f"/audits/{_part(audit)}/close", body)

    def document(self):
        """This document."""
        return self._answer("GET", "/openapi.json")

    def explain(self, body):
        """What would be decided, without asking anybody.

        `body` is as the schema `Explain` of the document has it.

        It takes scope `explain` and a person's session, or her name.
        """
        return self._answer("POST", "/policy/explain", body)

    def ask(self, body, *, idempotency_key=None):
        """Asks other agencies: a line for each owner, as it comes. Over `all`, the last line says who
        was not asked, and why.

        `body` is as the schema `Draft` of the document has it.

        `idempotency_key`: What the client calls this question by. The same key with the same body
        asks nobody twice, over restarts of the node too, and answers with what came of it; with
        another body it is refused (`idempotency_key_used`).

        It takes scope `ask` and a person's session, or her name.
        """
        return self._lines("POST", "/queries", body, headers={"Idempotency-Key": idempotency_key})

    def past_queries(self, body):
        """What the person has asked before, the newest first, a line each. The next page is `after`
        the entry of the last.

        `body` is as the schema `PastWanted` of the document has it.

        It takes scope `ask` and a person's session.
        """
        return self._lines("POST", "/queries/past", body)

    def query(self, id):
        """One of them, by its id or what no other begins with.

        It takes scope `ask` and a person's session.
        """
        return self._answer("GET", f"/queries/{_part(id)}")

    def ask_again(self, id):
        """Shows a kept answer again, or asks again under its id what was not answered.

        It takes scope `ask` and a person's session.
        """
        return self._answer("POST", f"/queries/{_part(id)}/again")

    def photographs(self, id):
        """The photographs of a kept answer, a line each.

        It takes scope `ask` and a person's session.
        """
        return self._lines("POST", f"/queries/{_part(id)}/photographs")

    def import_reads(self, body, file, *, format=None, mapping=None, camera=None, zone=None):
        """Brings reads in: the body is a file, and lines say how far it is; the last one sums up.

        `body` is bytes, or what yields some.

        `file`: What the file is called.

        `format`: Its format; found out without it.

        `mapping`: The text of a mapping file.

        `camera`: The camera of records that name none.

        `zone`: The zone of times that have none.

        It takes scope `import` and a person's session.
        """
        return self._lines(
            "POST",
            "/reads",
            raw=body,
            query={"file": file, "format": format, "mapping": mapping, "camera": camera, "zone": zone},
        )

    def search_own(self, body):
        """Searches the agency's own reads.

        `body` is as the schema `Draft` of the document has it.

        It takes scope `ask` and a person's session.
        """
        return self._answer("POST", "/reads/search", body)

    def records(self, *, after=None, limit=None):
        """Records of requests for reads, for the records system: from any place on, in order, none
        twice.

        `after`: Those behind this place: `next` of the page before.

        `limit`: At most so many.

        It takes scope `records`.
        """
        return self._answer("GET", "/records", query={"after": after, "limit": limit})

    def requests(self):
        """Written requests, sent and received.

        It takes scope `requests` and a person's session.
        """
        return self._answer("GET", "/requests")

    def submit_request(self, body):
        """Files a written request and sends it to its owner.

        `body` is as the schema `Submission` of the document has it.

        It takes scope `requests` and a person's session.
        """
        return self._answer("POST", "/requests", body)

    def request(self, id):
        """One of them.

        It takes scope `requests` and a person's session.
        """
        return self._answer("GET", f"/requests/{_part(id)}")

    def withdraw_request(self, id):
        """Withdraws one of the agency's own.

        It takes scope `requests` and a person's session.
        """
        return self._answer("POST", f"/requests/{_part(id)}/withdraw")

    def session(self):
        """Whose the session is that is shown, and how long yet.

        It takes a person's session.
        """
        return self._answer("GET", "/session")

    def begin_session(self):
        """Begins to wait for a person who lets the program ask for her: show her `address` and `code`."""
        return self._answer("POST", "/session")

    def finish_session(self, body):
        """Fetches the session that she approved; null while she has not.

        `body` is as the schema `SessionSecret` of the document has it.
        """
        return self._answer("POST", "/session/finish", body)

    def notice(self):
        """The notice that a person reads before a program signs her in by a provider, and its digest."""
        return self._answer("GET", "/session/notice")

    def session_by_provider(self, body):
        """Opens the session of somebody who signed in to the program at the agency's provider: by the
        ID token that the program got for her, once for each time that she proved herself there.

        `body` is as the schema `ProviderToken` of the document has it.
        """
        return self._answer("POST", "/session/provider", body)

    def sign_out(self):
        """Ends the session that is shown.

        It takes a person's session.
        """
        return self._answer("POST", "/sign-out")

    def waiting(self):
        """What waits for the person.

        It takes scope `ask` and a person's session.
        """
        return self._answer("GET", "/waiting")


def _described(answer):
    """An answer of one owner, in words."""
    if "not_asked" in answer:
        return "not asked: " + (", ".join(one["owner"] for one in answer["not_asked"]) or "nobody")
    lines = [f"{answer['owner']}: {answer['outcome']}, {len(answer['reads'])} reads"]
    for read in answer["reads"]:
        lines.append(f"  {read['plate']}  {read['at']}  {read.get('camera', '')}")
    lines += [f"  {reason['message']}" for reason in answer["reasons"]]
    if answer.get("error"):
        lines.append(f"  {answer['error']}")
    if answer["reads"]:
        lines += [f"  {notice}" for notice in {answer["own_notice"], answer["notice"]} if notice]
    return "\n".join(lines)


def main():
    arguments = argparse.ArgumentParser(description="Ask an Accord node for a person who lets it.")
    arguments.add_argument("address", help="such as https://node.example:8443")
    shown = arguments.add_mutually_exclusive_group(required=True)
    shown.add_argument("--token-file", type=Path, help="holds the program's token")
    shown.add_argument("--shows", nargs=2, metavar=("CERTIFICATE", "KEY"), help="in the place of a token, in PEM")
    arguments.add_argument("--certificate", help="the node's, or of the authority that signed it")
    arguments.add_argument("command", choices=["ask", "records"])
    arguments.add_argument("what", nargs="?", help="of ask, a file with the query; of records, the last place")
    arguments.add_argument("--key", default=None, help="of a question that is asked again: its UUID")
    given = arguments.parse_args()
    token = given.token_file.read_text(encoding="utf-8").strip() if given.token_file else None
    accord = Accord(given.address, token, certificate=given.certificate, shows=given.shows)
    try:
        if given.command == "records":
            for records, place in accord.every_record(given.what):
                for record in records:
                    print(json.dumps(record))
                print(f"next: {place}", file=sys.stderr)
            return 0
        draft = json.loads(Path(given.what).read_text(encoding="utf-8"))
        waits = accord.begin_session()
        print(f"open {waits['address']} and type {waits['code']}", flush=True)
        accord.wait_for_person(waits)
        for answer in accord.ask(draft, idempotency_key=given.key or str(uuid.uuid4())):
            print(_described(answer), flush=True)
        accord.sign_out()
        return 0
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
