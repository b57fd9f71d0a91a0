// What a browser's visits to an application play on: a server, the application
// and Chromium for a whole block of tests, a fresh tab for each of them.
import { after, afterEach, before, beforeEach } from 'node:test';

import OktaJwtVerifier from '@okta/jwt-verifier';

import { launch, openPage } from '../browser/page.mjs';
import { startServer } from '../devserver/server.mjs';

// stage belongs into a describe. start(usher) starts the application, which has
// an origin and a stop(). What it returns is filled by the time the tests run:
// usher, user, app, tab and page.
export function stage(start) {
  const on = {};
  before(async () => {
    on.usher = await startServer();
    on.user = on.usher.users[0];
    on.browser = await launch();
    on.app = await start(on.usher);
  });
  after(async () => {
    await on.browser?.close();
    await on.app?.stop();
    await on.usher?.stop();
  });
  beforeEach(async () => {
    on.tab = await openPage(on.browser, [on.usher.url, on.app.origin]);
    on.page = on.tab.page;
  });
  afterEach(() => on.tab?.close());
  return on;
}

// verifierOf checks tokens as the application's own server would, by the keys of
// an authorization server: '/oauth2/default', or '' for the organisation's own.
export function verifierOf(on, server) {
  return new OktaJwtVerifier({
    issuer: on.usher.url + server, clientId: on.app.clientId, testing: { disableHttpsCheck: true },
    jwksUri: `${on.usher.url}/oauth2${server && '/default'}/v1/keys`,
  });
}
