"""Written by `hookglass export --with {{with}}`. Run with `{{command}}`.

`fixtures()` is for your own tests: send its request to your handler, with `test_key` as its secret.
"""

import base64
import hashlib
import hmac
import json
import pathlib

import pytest

FOLDER = pathlib.Path(__file__).parent
# Providers that sign only the body: HMAC-SHA256 as lowercase hex.
PLAIN = {{{plain}}}


class Fixture:
    def __init__(self, content):
        request = content["request"]
        self.content = content
        self.name, self.provider = content["name"], content["provider"]
        self.method, self.target = request["method"], request["target"]
        self.headers = [(name, value) for name, value in request["headers"]]
        if request["body_base64"] is None:
            self.body = request["body"].encode()
        else:
            self.body = base64.b64decode(request["body_base64"])
        self.test_key = content["signature"]["test_key"]
        self.verdict = content["signature"]["verdict"]

    def header(self, wanted):
        found = (value for name, value in self.headers if name.lower() == wanted.lower())
        return next(found, None)

    def is_signed(self):
        digest = hmac.new(self.test_key.encode(), self.body, hashlib.sha256).hexdigest()
        sent = self.header(self.content["signature"]["headers"][0]) or ""
        return hmac.compare_digest(sent[-len(digest):].encode(), digest.encode())


def fixtures():
    """Returns the fixtures in this folder, by name."""
    contents = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    is_fixture = lambda one: isinstance(one, dict) and one.get("schema") == "hookglass.fixture/1"
    return [Fixture(one) for one in contents if is_fixture(one)]


def test_there_are_fixtures():
    assert fixtures()


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda fixture: fixture.name)
def test_is_whole_and_has_the_signature_that_it_says(fixture):
    length = fixture.header("content-length")
    if length is not None:
        assert len(fixture.body) == int(length)
    if fixture.provider in PLAIN and fixture.test_key is not None:
        assert fixture.is_signed() == (fixture.verdict == "verified")
