// Written by `hookglass export --with node`. Run with `node --test`.
//
// `fixtures` is for your own tests: send `request` to your handler, with `testKey` as its secret.
import assert from "node:assert/strict";
import { createHmac, timingSafeEqual } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("./", import.meta.url);
// Providers that sign only the body: HMAC-SHA256 as lowercase hex.
const plain = new Set([{{plain}}]);

function load(name) {
  const fixture = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
  const { body, body_base64: base64, ...request } = fixture.request;
  const bytes = base64 === null ? Buffer.from(body, "utf8") : Buffer.from(base64, "base64");
  const header = (wanted) =>
    request.headers.find(([name]) => name.toLowerCase() === wanted.toLowerCase())?.[1];
  return { ...fixture, request: { ...request, body: bytes, header }, testKey: fixture.signature.test_key };
}

export const fixtures = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map(load)
  .filter((fixture) => fixture.schema === "hookglass.fixture/1");

export function isSigned({ request, signature, testKey }) {
  const digest = createHmac("sha256", testKey).update(request.body).digest("hex");
  const sent = Buffer.from(request.header(signature.headers[0]) ?? "").subarray(-digest.length);
  return sent.length === digest.length && timingSafeEqual(sent, Buffer.from(digest));
}

test("there are fixtures", () => assert.notEqual(fixtures.length, 0));

for (const fixture of fixtures) {
  test(`${fixture.name} is whole and has the signature that it says`, () => {
    const length = fixture.request.header("content-length");
    if (length !== undefined) assert.equal(fixture.request.body.length, Number(length));
    if (plain.has(fixture.provider) && fixture.testKey !== null) {
      assert.equal(isSigned(fixture), fixture.signature.verdict === "verified");
    }
  });
}
