// Written by `hookglass export --with {{with}}`: the fixtures in this folder, for your own tests. Send
// `request` to your handler, with `testKey` as its secret.
const { createHmac, timingSafeEqual } = require("node:crypto");
const { readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");

// Providers that sign only the body: HMAC-SHA256 as lowercase hex.
const plain = new Set([{{plain}}]);

function load(name) {
  const fixture = JSON.parse(readFileSync(join(__dirname, name), "utf8"));
  if (fixture?.schema !== "hookglass.fixture/1") return [];
  const { body, body_base64: base64, ...request } = fixture.request;
  const bytes = base64 === null ? Buffer.from(body, "utf8") : Buffer.from(base64, "base64");
  const header = (wanted) =>
    request.headers.find(([name]) => name.toLowerCase() === wanted.toLowerCase())?.[1];
  return [{ ...fixture, request: { ...request, body: bytes, header }, testKey: fixture.signature.test_key }];
}

const fixtures = readdirSync(__dirname)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .flatMap(load);

function isSigned({ request, signature, testKey }) {
  const digest = createHmac("sha256", testKey).update(request.body).digest("hex");
  const sent = Buffer.from(request.header(signature.headers[0]) ?? "").subarray(-digest.length);
  return sent.length === digest.length && timingSafeEqual(sent, Buffer.from(digest));
}

// Returns why a fixture is not as it was written; undefined if it is.
function flaw(fixture) {
  const length = fixture.request.header("content-length");
  if (length !== undefined && fixture.request.body.length !== Number(length)) {
    return `the body has ${fixture.request.body.length} bytes, and Content-Length is ${length}`;
  }
  const isChecked = plain.has(fixture.provider) && fixture.testKey !== null;
  if (isChecked && isSigned(fixture) !== (fixture.signature.verdict === "verified")) {
    return `the signature is not ${fixture.signature.verdict}`;
  }
  return undefined;
}

module.exports = { fixtures, flaw, isSigned };
