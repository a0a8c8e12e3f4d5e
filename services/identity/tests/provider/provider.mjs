// A real OpenID Connect provider whose people sign in without a form. The tests say by `POST /control/…` who sits at the
// browser, and change what the provider does. Ends with its standard input.

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [callback, signedOut] = process.argv.slice(2);
const accounts = new Map();
let present;
let down = false;
let provider;

function keys() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { keys: [{ ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" }] };
}

function start(issuer) {
  const made = new Provider(issuer, {
    clients: [
      {
        client_id: "changke",
        client_secret: "a-secret-between-us",
        redirect_uris: [callback],
        post_logout_redirect_uris: [signedOut],
        response_types: ["code"],
        grant_types: ["authorization_code"],
      },
    ],
    claims: {
      openid: ["sub", "amr"],
      profile: ["name", "preferred_username"],
      email: ["email", "email_verified"],
      groups: ["groups"],
    },
    scopes: ["openid", "profile", "email", "groups"],
    conformIdTokenClaims: false,
    cookies: { keys: ["only for tests"] },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    jwks: keys(),
    pkce: { required: () => true },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...accounts.get(sub) }) }),
    async loadExistingGrant(context) {
      const { client, session } = context.oidc;
      const grant = new made.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope("openid profile email groups");
      await grant.save();
      return grant;
    },
  });
  return made;
}

async function control(path, request) {
  let text = "";
  for await (const piece of request) text += piece;
  const { sub, ...claims } = JSON.parse(text || "{}");
  if (path === "/control/present") {
    accounts.set(sub, claims);
    present = sub;
  } else if (path === "/control/rotate") {
    provider = start(provider.issuer);
  } else if (path === "/control/down") {
    down = true;
  } else if (path === "/control/up") {
    down = false;
  }
}

const server = createServer(async (request, response) => {
  const path = request.url.split("?")[0];
  if (path.startsWith("/control/")) {
    await control(path, request);
    response.end();
  } else if (down) {
    request.socket.destroy();
  } else if (path.startsWith("/interaction/")) {
    const login = { accountId: present, amr: accounts.get(present)?.amr };
    await provider.interactionFinished(request, response, { login });
  } else {
    provider.callback()(request, response);
  }
});
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = start(issuer);
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit());
