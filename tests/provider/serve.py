"""A provider of single sign-on of another make, Canaille, on this machine and in memory alone: one person,
one client, password and one-time code. What it is to be comes as JSON on standard input; it says `ready` once it
serves, and ends with its standard input."""

import datetime
import json
import os
import sys
import threading

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import make_server


def main():
    wanted = json.loads(sys.stdin.readline())
    keys = [ECKey.generate_key("P-256", auto_kid=True), RSAKey.generate_key(2048, auto_kid=True)]
    app = create_app(
        {
            "SECRET_KEY": os.urandom(32).hex(),
            "SERVER_NAME": f"localhost:{wanted['port']}",
            "PREFERRED_URL_SCHEME": "https",
            "CANAILLE": {
                "DATABASE": "memory",
                "AUTHENTICATION_FACTORS": wanted["factors"],
                "JAVASCRIPT": False,
                "HTMX": False,
                "LOGGING": None,
            },
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True) for key in keys]},
        }
    )
    with app.app_context():
        person = models.User(
            formatted_name=wanted["name"],
            given_name=wanted["name"],
            family_name=wanted["name"],
            user_name=wanted["user"],
            emails=[f"{wanted['user']}@example.org"],
            password=wanted["password"],
            secret_token=wanted["otp"],
            last_otp_login=datetime.datetime.now(datetime.timezone.utc),
        )
        Backend.instance.save(person)
        group = models.Group(display_name=wanted["group"], members=[person])
        Backend.instance.save(group)
        client = models.Client(
            client_id=wanted["client"],
            client_id_issued_at=datetime.datetime.now(datetime.timezone.utc),
            client_secret=wanted["secret"],
            client_name="Accord",
            redirect_uris=[wanted["back"]],
            grant_types=["authorization_code"],
            response_types=["code"],
            token_endpoint_auth_method="client_secret_basic",
            scope=["openid", "groups"],
            id_token_signed_response_alg="ES256",
            client_uri=f"https://localhost:{wanted['port']}",
        )
        Backend.instance.save(client)
        client.audience = [client]
        Backend.instance.save(client)
    server = make_server(
        "127.0.0.1",
        wanted["port"],
        app,
        threaded=True,
        ssl_context=(wanted["certificate"], wanted["key"]),
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


main()
