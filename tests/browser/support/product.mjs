// Where the running product is and who can sign in, as the runner of the tests says.
import { readFileSync } from "node:fs";

function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; make test STEPS=browser starts a product and sets it`);
  return value;
}

export const baseUrl = needed("CHANGKE_BASE_URL").replace(/\/$/, "");

/** The same by its name, to which passkeys, links in e-mails and providers of single sign-on are bound. */
export const namedUrl = baseUrl.replace("//127.0.0.1:", "//localhost:");

/** Where the lines of the SMTP server stand that the product sends its e-mails to. */
export const mailFile = () => needed("CHANGKE_MAIL_FILE");

const signIns = JSON.parse(readFileSync(needed("CHANGKE_SIGN_INS"), "utf8"));

/** Somebody who holds the role; `first` finds one who has yet to replace an initial password. */
export function someone(role, { first = false } = {}) {
  const found = signIns.find((entry) => entry.role === role && Boolean(entry.passwordChangeRequired) === first);
  if (!found) throw new Error(`the sign-ins hold no ${role}${first ? " with an initial password" : ""}`);
  return found;
}
