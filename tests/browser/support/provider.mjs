// A real provider of OpenID Connect in a process of its own; see services/identity/tests/provider.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { namedUrl } from "./product.mjs";

const folder = fileURLToPath(new URL("../../../services/identity/tests/provider", import.meta.url));

/** Starts a provider that knows the product, until the story ends. */
export async function openProvider(story) {
  const server = spawn("node", ["provider.mjs", `${namedUrl}/sign-on/callback`, `${namedUrl}/sign-in`], {
    cwd: folder,
    stdio: ["pipe", "pipe", "ignore"],
  });
  story.after(async () => {
    server.stdin.end();
    await once(server, "exit");
  });
  const lines = createInterface({ input: server.stdout });
  let issuer = "";
  for await (const line of lines) {
    if (line.startsWith("http://")) {
      issuer = line;
      break;
    }
  }
  // Read on, or it would wait for a reader.
  server.stdout.resume();
  const control = (what, body = {}) => fetch(`${issuer}/control/${what}`, { method: "POST", body: JSON.stringify(body) });
  return {
    issuer,
    clientId: "changke",
    clientSecret: "a-secret-between-us",
    /** Who sits at the browser from now on. */
    present: (person) => control("present", person),
    down: () => control("down"),
    up: () => control("up"),
  };
}
