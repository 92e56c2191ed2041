"""Verifies recorded requests with the providers' own Python packages.

Reads the cases of `tests/data/signatures` as JSON lines on standard input, and writes a line
`{"id", "sdk", "verified"}` for each case that an installed package can verify.
"""

import base64
import datetime
import importlib
import json
import sys
import time
from urllib.parse import parse_qsl

NOW = 0
time.time = lambda: NOW


class Clock(datetime.datetime):
    """Time of the case, for packages that read `datetime.now`."""

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(NOW, tz)

    @classmethod
    def utcnow(cls):
        return cls.fromtimestamp(NOW, datetime.timezone.utc).replace(tzinfo=None)


def module(name):
    """Imports a module, and sets its clock."""
    loaded = importlib.import_module(name)
    if getattr(loaded, "datetime", None) is datetime.datetime:
        loaded.datetime = Clock
    return loaded


def stripe(case):
    verify = module("stripe").WebhookSignature.verify_header
    return verify(case.text, case.header("stripe-signature"), case.secret, 300)


def slack(case):
    return module("slack_sdk.signature").SignatureVerifier(case.secret).is_valid_request(
        case.body, case.headers
    )


class Form(dict):
    """Fields of a form that may be repeated, as web frameworks pass them to the package."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.pairs = pairs

    def getlist(self, wanted):
        return [value for name, value in self.pairs if name == wanted]


def svix(case):
    module("standardwebhooks.webhooks")
    # Supabase's secrets have the version of the scheme before them.
    verifier = module("svix.webhooks").Webhook(case.secret.removeprefix("v1,"))
    verifier.verify(case.text, case.headers)
    return True


def standard_webhooks(case):
    verifier = module("standardwebhooks.webhooks").Webhook(case.secret)
    verifier.verify(case.text, case.headers, json_parse=False)
    return True


def openai(case):
    client = module("openai").OpenAI(api_key="unused", webhook_secret=case.secret)
    client.webhooks.verify_signature(case.text, case.headers)
    return True


def twilio(case):
    validator = module("twilio.request_validator").RequestValidator(case.secret)
    is_form = case.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    params = Form(parse_qsl(case.text, keep_blank_values=True)) if is_form else case.text
    return validator.validate(case.url, params, case.header("x-twilio-signature"))


def square(case):
    return module("square.utils.webhooks_helper").verify_signature(
        request_body=case.text,
        signature_header=case.header("x-square-hmacsha256-signature"),
        signature_key=case.secret,
        notification_url=case.url,
    )


def line(case):
    validator = module("linebot.v3.webhook").SignatureValidator(case.secret)
    return validator.validate(case.text, case.header("x-line-signature"))


def adyen(case):
    verify = module("Adyen.util").is_valid_hmac_notification
    items = json.loads(case.text)["notificationItems"]
    # A copy: the package removes the signature from the item that it verifies.
    return bool(items) and all(
        verify(json.loads(json.dumps(item["NotificationRequestItem"])), case.secret)
        for item in items
    )


def elevenlabs(case):
    module("elevenlabs.webhooks_custom")
    client = module("elevenlabs.client").ElevenLabs(api_key="unused")
    client.webhooks.construct_event(case.text, case.header("elevenlabs-signature"), case.secret)
    return True


def razorpay(case):
    client = module("razorpay").Client(auth=("unused", "unused"))
    return client.utility.verify_webhook_signature(
        case.text, case.header("x-razorpay-signature"), case.secret
    )


def telnyx(case):
    client = module("telnyx").Telnyx(api_key="unused", public_key=case.secret)
    client.webhooks.unwrap(case.text, headers=case.headers)
    return True


def paddle(case):
    module("paddle_billing.Notifications.Verifier")
    notifications = module("paddle_billing.Notifications")

    class Request:
        body = case.body
        content = case.body
        data = case.body
        headers = {"Paddle-Signature": case.header("paddle-signature")}

    secret = notifications.Secret(case.secret)
    return notifications.Verifier(5).verify(Request(), secret)


def workos(case):
    client = module("workos").WorkOSClient(api_key="unused", client_id="unused")
    client.webhooks.verify_header(
        event_body=case.body,
        event_signature=case.header("workos-signature"),
        secret=case.secret,
    )
    return True


def dropbox_sign(case):
    sdk = module("dropbox_sign")
    event = sdk.EventCallbackRequest.init(json.loads(dict(parse_qsl(case.text))["json"]))
    return sdk.EventCallbackHelper.is_valid(case.secret, event)


def cloudinary(case):
    sdk = module("cloudinary.utils")
    module("cloudinary").config(api_secret=case.secret)
    return sdk.verify_notification_signature(
        case.text, case.header("x-cld-timestamp"), case.header("x-cld-signature")
    )


def coinbase_commerce(case):
    verify = module("coinbase_commerce.webhook").WebhookSignature.verify_sig_header
    verify(case.text, case.header("x-cc-webhook-signature"), case.secret)
    return True


def gocardless(case):
    parse = module("gocardless_pro.webhooks").parse
    try:
        parse(case.text, case.secret, case.header("webhook-signature"))
    except KeyError:
        pass  # The events are read after the signature was verified.
    return True


def sendgrid(case):
    verifier = module("sendgrid.helpers.eventwebhook").EventWebhook(case.secret)
    prefix = "x-twilio-email-event-webhook-"
    return verifier.verify_signature(
        case.text, case.header(prefix + "signature"), case.header(prefix + "timestamp")
    )


def hubspot(case):
    module("hubspot.utils.signature")
    sdk = module("hubspot.utils.signature").Signature
    version = case.header("x-hubspot-signature-version") or "v3"
    return sdk.is_valid(
        case.header("x-hubspot-signature-v3" if version == "v3" else "x-hubspot-signature"),
        case.secret,
        case.text,
        http_uri=case.url,
        http_method=case.method,
        signature_version=version,
        timestamp=case.header("x-hubspot-request-timestamp"),
    )


def easypost(case):
    headers = {"X-Hmac-Signature": case.header("x-hmac-signature")}
    module("easypost.util").validate_webhook(case.body, headers, case.secret)
    return True


def viber(case):
    api = module("viberbot").Api(
        module("viberbot.api.bot_configuration").BotConfiguration(
            auth_token=case.secret, name="unused", avatar="unused"
        )
    )
    return api.verify_signature(case.body, case.header("x-viber-content-signature"))


SDKS = {
    "workos": workos,
    "dropbox-sign": dropbox_sign,
    "cloudinary": cloudinary,
    "coinbase-commerce": coinbase_commerce,
    "gocardless": gocardless,
    "sendgrid": sendgrid,
    "easypost": easypost,
    "viber": viber,
    **dict.fromkeys(["hubspot", "hubspot-v1", "hubspot-v2"], hubspot),
    "stripe": stripe,
    "slack": slack,
    "openai": openai,
    "twilio": twilio,
    "square": square,
    "line": line,
    "adyen": adyen,
    "elevenlabs": elevenlabs,
    "razorpay": razorpay,
    "telnyx": telnyx,
    "paddle": paddle,
    **dict.fromkeys(
        ["svix", "clerk", "resend", "brex", "loops", "supabase", "render"], svix
    ),
    **dict.fromkeys(["standard-webhooks", "replicate", "incident-io", "etsy"], standard_webhooks),
}


class Case:
    """One recorded request, as the packages take it."""

    def __init__(self, line, secret):
        self.body = base64.b64decode(line["body_base64"])
        self.text = self.body.decode("utf-8")
        self.headers = {}
        for name, value in line["headers"]:
            self.headers.setdefault(name.lower(), value)
        self.secret = secret
        self.method = line.get("method", "POST")
        self.url = line.get("public_url") or "https://hooks.example.com" + line.get("path", "/")

    def header(self, name):
        return self.headers.get(name, "")


def verified(verify, line):
    """Returns whether one of the secrets verifies; a package refuses by `False` or an exception."""
    for secret in line.get("secrets") or [line["secret"]]:
        try:
            if verify(Case(line, secret)) is not False:
                return True
        except ImportError:
            raise
        except Exception as error:
            if "--why" in sys.argv:
                print(line["id"], repr(error), file=sys.stderr)
    return False


def main():
    global NOW
    missing = set()
    for text in sys.stdin:
        line = json.loads(text)
        verify = SDKS.get(line.get("provider"))
        if verify is None or verify in missing:
            continue
        NOW = line.get("now", 0)
        try:
            result = verified(verify, line)
        except ImportError:
            missing.add(verify)
            continue
        print(json.dumps({"id": line["id"], "sdk": verify.__name__, "verified": result}))


main()
