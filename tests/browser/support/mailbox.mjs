// What the product has sent by e-mail. The SMTP server is started with the product, since the product is told where it is.
import { readFileSync } from "node:fs";
import { mailFile } from "./product.mjs";

const patience = 60_000;

function messages() {
  const lines = readFileSync(mailFile(), "utf8").split("\n");
  // The last line may be half written.
  return lines.slice(0, -1).map((line) => JSON.parse(line)).filter((said) => said.to);
}

/** The messages to an address, once there are as many. */
export async function mailTo(address, count = 1) {
  const until = Date.now() + patience;
  for (;;) {
    const found = messages().filter(({ to }) => to.includes(address));
    if (found.length >= count) return found;
    if (Date.now() > until) throw new Error(`${found.length} of ${count} messages to ${address}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The address that a message leads to. */
export function linkIn({ parts }) {
  return /https?:\/\/\S+\/set-password#[\w-]+/.exec(parts["text/plain"])[0];
}
