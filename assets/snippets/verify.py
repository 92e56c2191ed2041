# Verifies delivery {{delivery}} from {{title}}, with the standard library of Python alone:
#
#   hookglass show {{delivery}} --body | {{variable}}='…' python3 verify.py
#
# Exits with 0 if the signature is right, and with 1 if it is not.{{notes}}
import base64
import hashlib
import hmac
import os
import sys
import unicodedata


def setting(name):
    if os.environ.get(name):
        return os.environ[name]
    print(f"{name} is not set", file=sys.stderr)
    sys.exit(2)


# Verify the raw bytes: JSON that is parsed and serialized again has another signature.
body = sys.stdin.buffer.read()
secret = setting({{setting}})
key = {{key}}
{{values}}

{{entries}}

def content(value):
    return b"".join([{{content}}])


def digest(value):
    return {{digest}}


verified = any(
    hmac.compare_digest(entry.encode(), digest(value).encode())
    for value in received
    for entry in entries(value)
)
print("verified" if verified else "not verified")
sys.exit(0 if verified else 1)
