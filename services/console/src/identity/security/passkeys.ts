// Passkeys: the service's options and the browser's answers travel as JSON in the form of WebAuthn Level 3.

/** Browsers keep passkeys from pages that did not come over HTTPS (or from this very machine). */
export function passkeysSupported(): boolean {
  return (
    typeof PublicKeyCredential !== "undefined" &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function" &&
    typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function"
  );
}

/** The options themselves; some libraries wrap them as they go into `navigator.credentials`. */
export function publicKeyOf<T>(optionsJson: string): T {
  const options = JSON.parse(optionsJson) as { publicKey?: T } & T;
  return options.publicKey ?? options;
}

/** Asks the browser for a passkey that is registered already. */
export async function provePasskey(optionsJson: string): Promise<string> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(publicKeyOf(optionsJson));
  return answerOf(await navigator.credentials.get({ publicKey }));
}

/** Lets the browser make a new passkey. */
export async function makePasskey(optionsJson: string): Promise<string> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(publicKeyOf(optionsJson));
  return answerOf(await navigator.credentials.create({ publicKey }));
}

function answerOf(credential: Credential | null): string {
  if (!(credential instanceof PublicKeyCredential)) throw new DOMException("", "NotAllowedError");
  return JSON.stringify(credential.toJSON());
}

/** The person closed the browser's dialog, or let it run out: nothing went wrong that a message would help with. */
export function isDismissed(fault: unknown): boolean {
  return fault instanceof DOMException && (fault.name === "NotAllowedError" || fault.name === "AbortError");
}
