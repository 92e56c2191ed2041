// Answers 204 when the provider's own library says that the signature is right, and 400 with its
// complaint when it says no.
import { createHmac } from "node:crypto";
import { createServer } from "node:http";

import { verify } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

const stripe = new Stripe("sk_test_not_a_real_key");

const receivers = {
  "/stripe": (body, headers) =>
    stripe.webhooks.constructEvent(
      body,
      headers["stripe-signature"],
      process.env.STRIPE_WEBHOOK_SECRET,
    ),

  "/github": async (body, headers) => {
    const secret = process.env.GITHUB_WEBHOOK_SECRET;
    const right = await verify(secret, body.toString("utf8"), headers["x-hub-signature-256"]);
    if (!right) throw new Error("@octokit/webhooks-methods says no");
  },

  "/standard-webhooks": (body, headers) =>
    new Webhook(process.env.STANDARD_WEBHOOKS_SECRET).verify(body, headers),

  // As Cribbly's guide has it.
  "/cribbly": (body, headers) => {
    const digest = createHmac("sha256", process.env.CRIBBLY_WEBHOOK_SECRET)
      .update(body)
      .digest("hex");
    if (!(headers["x-cribbly-signature"] === digest)) throw new Error("the guide says no");
  },
};

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    await receivers[request.url](Buffer.concat(chunks), request.headers);
    response.writeHead(204).end();
  } catch (error) {
    response.writeHead(400).end(String(error.message ?? error));
  }
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
// Whoever started it keeps its input open; it ends with them.
process.stdin.resume().on("end", () => process.exit(0));
