// Starts hookglass for tests in Node: Vitest, Playwright, node:test. Copy this file into your project;
// docs/fixtures-and-ci.md shows it as a fixture. The program is `hookglass`, or what HOOKGLASS names.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const program = process.env.HOOKGLASS ?? "hookglass";
const run = promisify(execFile);

// Listens on a free port with a store of its own. `args` are further flags, e.g. ["--forward", "3000"].
export async function startHookglass(args = []) {
  const folder = await mkdtemp(join(tmpdir(), "hookglass-"));
  const store = join(folder, "deliveries.db");
  const flags = ["--headless", "--bind", "127.0.0.1:0", "--store", store];
  const listener = spawn(program, [...flags, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const said = [];
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: listener.stderr }).on("line", (line) => {
      said.push(line);
      if (line.startsWith("listening on ")) resolve(line.slice("listening on ".length));
    });
    listener.once("error", reject);
    listener.once("close", () => reject(new Error(`hookglass ended: ${said.join("\n")}`)));
  });

  async function lines(command, filter, flags = []) {
    const all = [command, "--json", "--store", store, ...flags, "--", filter];
    try {
      const { stdout } = await run(program, all, { maxBuffer: Infinity });
      return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    } catch (error) {
      throw new Error(error.stderr?.trim() || error.message);
    }
  }

  return {
    url,
    store,
    // Returns the deliveries that match a filter, as JSON Lines have them.
    deliveries: (filter = "") => lines("list", filter),
    // Waits for deliveries that match a filter, and returns them; throws if they do not arrive in time.
    waitFor: (filter = "", { count = 1, timeout = "5s" } = {}) =>
      lines("wait", filter, ["--since", "1d", "--count", `${count}`, "--timeout", timeout]),
    async stop() {
      if (listener.exitCode === null && listener.kill("SIGTERM")) await once(listener, "close");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
