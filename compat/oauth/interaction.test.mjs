// The official JavaScript client, two major versions of it, that signs people in
// on the page of the application itself: name and password go over the pipeline,
// and tokens come for the interaction code at its end.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import OktaJwtVerifier from '@okta/jwt-verifier';

import { launch, openPage } from '../browser/page.mjs';
import { startServer } from '../devserver/server.mjs';
import { startFrontend } from './frontend.mjs';

const modules = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../node_modules');

for (const [version, folder] of [['7', '@okta/okta-auth-js'], ['8', 'okta-auth-js-8']]) {
  for (const server of ['/oauth2/default', '']) {
    describe(`okta-auth-js ${version} by interaction code, ${server || 'own server'}`, () => {
      let usher;
      let browser;
      let front;
      let user;
      let tab;
      let page;
      before(async () => {
        usher = await startServer();
        user = usher.users[0];
        browser = await launch();
        front = await startFrontend(usher, path.join(modules, folder, 'dist/okta-auth-js.min.js'), {
          grant_types: ['authorization_code', 'interaction_code', 'refresh_token'],
        });
      });
      after(async () => {
        await browser?.close();
        await front?.stop();
        await usher?.stop();
      });
      beforeEach(async () => {
        tab = await openPage(browser, [usher.url, front.origin]);
        page = tab.page;
        await page.goto(`${front.origin}/start`);
        await load();
      });
      afterEach(() => tab.close());

      const load = () => page.evaluate((options) => {
        window.auth = new window.OktaAuth(options);
      }, {
        issuer: usher.url + server, clientId: front.clientId, redirectUri: `${front.origin}/login/callback`, postLogoutRedirectUri: `${front.origin}/`,
        scopes: ['openid', 'profile', 'offline_access'],
      });
      const verifier = () => new OktaJwtVerifier({
        issuer: usher.url + server, clientId: front.clientId, jwksUri: `${usher.url}/oauth2${server && '/default'}/v1/keys`, testing: { disableHttpsCheck: true },
      });
      // Takes one step of the client; the newer version wants to be told which.
      const step = (call, fields) => page.evaluate(async ([name, given]) => {
        const { status, tokens, messages, nextStep } = await window.auth.idx[name](given);
        if (tokens) window.auth.tokenManager.setTokens(tokens);
        return { status, tokens, messages, step: nextStep?.name };
      }, [call, fields]);
      const authenticate = async ({ username, password }) => {
        if (version === '7') return step('authenticate', { username, password });
        await step('start', {});
        await step('proceed', { step: 'identify', username });
        return step('proceed', { step: 'challenge-authenticator', password });
      };

      test('signs in with name and password, without a redirect', async () => {
        const { status, tokens, messages } = await authenticate({ username: user.login, password: user.password });
        assert.equal(status, 'SUCCESS', JSON.stringify(messages));
        assert.equal(page.url(), `${front.origin}/start`);
        const { claims } = await verifier().verifyAccessToken(tokens.accessToken.accessToken, server ? 'api://default' : usher.url);
        assert.equal(claims.sub, user.login);
        await verifier().verifyIdToken(tokens.idToken.idToken, front.clientId, tokens.idToken.claims.nonce);
        assert.deepEqual(tokens.idToken.claims.amr, ['pwd']);
        assert.equal((await page.evaluate(() => window.auth.token.getUserInfo())).preferred_username, user.login);

        const renewed = await page.evaluate(() => window.auth.token.renewTokens());
        assert.notEqual(renewed.accessToken.accessToken, tokens.accessToken.accessToken);
        // The browser is known to the hosted endpoint from then on.
        const silent = await page.evaluate(() => window.auth.token.getWithoutPrompt());
        assert.equal(silent.tokens.idToken.claims.sub, tokens.idToken.claims.sub);
        tab.check();
      });

      test('step by step', async () => {
        const first = await step('start', {});
        assert.equal(first.status, 'PENDING');
        const second = await step('proceed', { step: 'identify', username: user.login });
        assert.deepEqual([second.status, second.step], ['PENDING', 'challenge-authenticator']);
        const third = await step('proceed', { step: 'challenge-authenticator', password: user.password });
        assert.equal(third.status, 'SUCCESS');
        assert.equal(third.tokens.idToken.claims.preferred_username, user.login);
        tab.check();
      });

      test('says that a password is wrong, and goes on', async () => {
        const wrong = await authenticate({ username: user.login, password: 'Wrong-Horse-7-Battery' });
        assert.equal(wrong.status, 'PENDING');
        assert.equal(wrong.messages?.[0]?.i18n?.key, 'errors.E0000004');
        assert.equal(wrong.tokens, undefined);
        const right = await step('proceed', { step: 'challenge-authenticator', password: user.password });
        assert.equal(right.status, 'SUCCESS');
      });

      test('signs out', async () => {
        const { tokens } = await authenticate({ username: user.login, password: user.password });
        await page.evaluate(() => {
          window.auth.signOut(); // the page is left before it settles
        });
        await page.waitForURL(`${front.origin}/`);
        const seen = await fetch(`${usher.url}${server || '/oauth2'}/v1/introspect`, {
          method: 'POST', body: new URLSearchParams({ client_id: front.clientId, token: tokens.accessToken.accessToken }),
        });
        assert.deepEqual(await seen.json(), { active: false });
        await load();
        const code = await page.evaluate(() => window.auth.token.getWithoutPrompt().then(() => 'signed in', (e) => e.errorCode));
        assert.equal(code, 'login_required');
      });
    });
  }
}
