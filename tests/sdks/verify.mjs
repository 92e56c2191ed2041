// Verifies recorded requests with the providers' own npm packages.
//
// Reads the cases of `tests/data/signatures` as JSON lines on standard input, and writes a line
// `{"id", "sdk", "verified"}` for each case that a package installed in the folder of the first
// argument can verify.

import { generateKeyPairSync } from "node:crypto";
import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const packages = createRequire(join(process.argv[2], "package.json"));
const load = (name) => packages(name);

let now = 0;
Date.now = () => now * 1000;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(now * 1000);
    else super(...given);
  }
};

const sdks = {
  github: {
    name: "@octokit/webhooks-methods",
    async verify({ text, secret, header }, name) {
      // The package refuses an empty payload before it looks at the signature.
      if (text === "") return null;
      const file = join(process.argv[2], "node_modules", name, "dist-node/index.js");
      const { verify } = await import(pathToFileURL(file).href);
      return verify(secret, text, header("x-hub-signature-256"));
    },
  },
  linear: {
    name: "@linear/sdk/webhooks",
    verify({ body, secret, header }, name) {
      const { LinearWebhookClient } = load(name);
      const time = JSON.parse(body.toString()).webhookTimestamp;
      return new LinearWebhookClient(secret).verify(body, header("linear-signature"), time);
    },
  },
  mux: {
    name: "@mux/mux-node",
    async verify({ text, secret, headers }, name) {
      const { Mux } = load(name);
      const client = new Mux({ tokenId: "unused", tokenSecret: "unused" });
      await client.webhooks.verifySignature(text, headers, secret);
    },
  },
  paddle: {
    name: "@paddle/paddle-node-sdk",
    verify({ text, secret, header }, name) {
      const { Paddle } = load(name);
      return new Paddle("unused").webhooks.isSignatureValid(text, secret, header("paddle-signature"));
    },
  },
  workos: {
    name: "@workos-inc/node",
    async verify({ text, secret, header }, name) {
      const { WorkOS } = load(name);
      const { webhooks } = new WorkOS("unused");
      // The package takes the parsed body, and hashes it written again.
      if (JSON.stringify(JSON.parse(text)) !== text) return null;
      const payload = JSON.parse(text);
      return webhooks.verifyHeader({ payload, sigHeader: header("workos-signature"), secret });
    },
  },
  discord: {
    name: "discord-interactions",
    verify({ body, secret, header }, name) {
      const { verifyKey } = load(name);
      const time = header("x-signature-timestamp");
      return verifyKey(body, header("x-signature-ed25519"), time, secret);
    },
  },
  line: {
    name: "@line/bot-sdk",
    verify({ body, secret, header }, name) {
      return load(name).validateSignature(body, secret, header("x-line-signature"));
    },
  },
  sanity: {
    name: "@sanity/webhook",
    async verify({ text, secret, header }, name) {
      await load(name).assertValidSignature(text, header("sanity-webhook-signature"), secret);
    },
  },
  pusher: {
    name: "pusher",
    verify({ text, secret, header, headers }, name) {
      const client = new (load(name))({ appId: "1", key: header("x-pusher-key"), secret });
      return client.webhook({ headers, rawBody: text }).isValid();
    },
  },
  clerk: {
    name: "@clerk/backend/webhooks",
    async verify({ text, secret, headers, url }, name) {
      const request = new Request(url, { method: "POST", headers, body: text });
      await load(name).verifyWebhook(request, { signingSecret: secret });
    },
  },
  alipay: {
    name: "alipay-sdk",
    verify({ text, secret }, name) {
      const { AlipaySdk } = load(name);
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
      const client = new AlipaySdk({
        appId: "unused",
        privateKey: privateKey.export({ type: "pkcs1", format: "pem" }),
        // The package takes PKCS #8 without its first and last line.
        alipayPublicKey: secret.replaceAll(/-----[^-]+-----|\n/g, ""),
      });
      return client.checkNotifySignV2(Object.fromEntries(new URLSearchParams(text)));
    },
  },
  "aws-sns": {
    name: "sns-validator",
    verify({ text, secret }, name) {
      // The certificate of the case instead of the one at SigningCertURL.
      load("https").get = (_, respond) => {
        const response = new EventEmitter();
        respond(Object.assign(response, { statusCode: 200 }));
        response.emit("data", secret);
        response.emit("end");
        return new EventEmitter();
      };
      const Validator = load(name);
      return new Promise((resolve, reject) => {
        new Validator().validate(JSON.parse(text), (error) => (error ? reject(error) : resolve()));
      });
    },
  },
  "mercado-pago": {
    name: "mercadopago",
    verify({ secret, header, url }, name) {
      load(name).WebhookSignatureValidator.validate({
        xSignature: header("x-signature"),
        xRequestId: header("x-request-id"),
        dataId: new URL(url).searchParams.get("data.id"),
        secret,
      });
    },
  },
  easypost: {
    name: "@easypost/api",
    verify({ body, secret, headers }, name) {
      const EasyPost = load(name);
      const named = { ...headers, "X-Hmac-Signature": headers["x-hmac-signature"] };
      new (EasyPost.default ?? EasyPost)("unused").Utils.validateWebhook(body, named, secret);
    },
  },
  shopify: {
    name: "@shopify/shopify-api",
    async verify({ text, secret, headers, url }, name) {
      load(`${name}/adapters/node`);
      const { shopifyApi, LogSeverity } = load(name);
      const api = shopifyApi({
        apiKey: "unused",
        apiSecretKey: secret,
        apiVersion: "2025-01",
        hostName: "app.example",
        isEmbeddedApp: false,
        logger: { level: LogSeverity.Error, log: () => {} },
      });
      const rawRequest = { method: "POST", url, headers };
      return (await api.webhooks.validate({ rawBody: text, rawRequest, rawResponse: {} })).valid;
    },
  },
  hubspot: {
    name: "@hubspot/api-client",
    verify({ text, secret, header, url, method }, name) {
      const { Signature } = load(name);
      return Signature.isValid({
        signatureVersion: "v3",
        signature: header("x-hubspot-signature-v3"),
        method,
        clientSecret: secret,
        requestBody: text,
        url,
        timestamp: Number(header("x-hubspot-request-timestamp")),
      });
    },
  },
  contentful: {
    name: "@contentful/node-apps-toolkit",
    verify({ text, secret, headers, path, method }, name) {
      return load(name).verifyRequest(secret, { path, headers, method, body: text }, 30);
    },
  },
  getstream: {
    name: "stream-chat",
    verify({ body, secret, header }, name) {
      const { StreamChat } = load(name);
      new StreamChat("unused", secret).verifyAndParseWebhook(body, header("x-signature"));
    },
  },
  stripe: {
    name: "stripe",
    verify({ text, secret, header }, name) {
      const { webhooks } = new (load(name))("unused");
      webhooks.signature.verifyHeader(text, header("stripe-signature"), secret, 300);
    },
  },
  telnyx: {
    name: "telnyx",
    async verify({ text, secret, headers }, name) {
      const { Telnyx } = load(name);
      await new Telnyx({ apiKey: "unused", publicKey: secret }).webhooks.unwrap(text, { headers });
    },
  },
  mollie: {
    name: "mollie-api-typescript",
    verify({ text, secret, header }, name) {
      const { SignatureValidator } = load(name);
      return new SignatureValidator(secret).validatePayload(text, header("x-mollie-signature"));
    },
  },
  polar: {
    name: "@polar-sh/sdk/webhooks",
    verify({ text, secret, headers }, name) {
      try {
        load(name).validateEvent(text, headers, secret);
      } catch (error) {
        // The type of an event is looked up after its signature was verified.
        if (error.constructor.name === "WebhookVerificationError") throw error;
      }
    },
  },
};

const missing = new Set();

/** Returns the verdict of a package; null if it cannot judge the case. */
async function isVerified(line, sdk) {
  const headers = {};
  for (const [name, value] of line.headers) headers[name.toLowerCase()] ??= value;
  const body = Buffer.from(line.body_base64, "base64");
  const path = line.path ?? "/hooks";
  for (const secret of line.secrets?.length ? line.secrets : [line.secret]) {
    try {
      const given = {
        body,
        text: body.toString(),
        headers,
        header: (name) => headers[name] ?? "",
        secret,
        method: line.method ?? "POST",
        path,
        url: line.public_url ?? `https://hooks.example.com${path}`,
      };
      const result = await sdk.verify(given, sdk.name);
      if (result === null) return null;
      if (result !== false) return true;
    } catch (error) {
      if (["MODULE_NOT_FOUND", "ERR_PACKAGE_PATH_NOT_EXPORTED"].includes(error.code)) throw error;
      if (process.argv.includes("--why")) console.error(line.id, error.message);
    }
  }
  return false;
}

for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text);
  const sdk = sdks[line.provider];
  if (!sdk || missing.has(sdk.name)) continue;
  now = line.now ?? 0;
  try {
    const verified = await isVerified(line, sdk);
    if (verified !== null) {
      process.stdout.write(`${JSON.stringify({ id: line.id, sdk: sdk.name, verified })}\n`);
    }
  } catch (error) {
    if (process.argv.includes("--why")) console.error(sdk.name, error.code);
    missing.add(sdk.name);
  }
}
