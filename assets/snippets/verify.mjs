// Verifies delivery {{delivery}} from {{title}}, with the standard library of Node alone:
//
//   hookglass show {{delivery}} --body | {{variable}}='…' node verify.mjs
//
// Exits with 0 if the signature is right, and with 1 if it is not.{{notes}}
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

const setting = (name) => {
  if (process.env[name]) return process.env[name];
  console.error(`${name} is not set`);
  process.exit(2);
};

// Verify the raw bytes: JSON that is parsed and serialized again has another signature.
const body = readFileSync(0);
const secret = setting({{setting}});
const key = {{key}};
{{values}}
{{entries}}
const content = (value) => Buffer.concat([{{content}}]);
const digest = (value) => {{digest}};
const equal = (one, other) =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

const verified = received.some((value) =>
  entries(value).some((entry) => equal(entry, digest(value))),
);
console.log(verified ? "verified" : "not verified");
process.exitCode = verified ? 0 : 1;
