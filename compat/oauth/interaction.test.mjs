// The official JavaScript client, two major versions of it, that signs people in
// on the page of the application itself: name and password go over the pipeline,
// and tokens come for the interaction code at its end.
import assert from 'node:assert/strict';
import path from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startFrontend } from './frontend.mjs';
import { stage, verifierOf } from './stage.mjs';

const modules = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../node_modules');

for (const [version, folder] of [['7', '@okta/okta-auth-js'], ['8', 'okta-auth-js-8']]) {
  for (const server of ['/oauth2/default', '']) {
    describe(`okta-auth-js ${version} by interaction code, ${server || 'own server'}`, () => {
      const on = stage((usher) => startFrontend(usher, path.join(modules, folder, 'dist/okta-auth-js.min.js'), {
        grant_types: ['authorization_code', 'interaction_code', 'refresh_token'],
      }));
      beforeEach(async () => {
        await on.page.goto(`${on.app.origin}/start`);
        await load();
      });

      const load = () => on.page.evaluate((options) => {
        window.auth = new window.OktaAuth(options);
      }, {
        issuer: on.usher.url + server, clientId: on.app.clientId, redirectUri: `${on.app.origin}/login/callback`, postLogoutRedirectUri: `${on.app.origin}/`,
        scopes: ['openid', 'profile', 'offline_access'],
      });
      const verifier = () => verifierOf(on, server);
      // Takes one step of the client; the newer version wants to be told which.
      const step = (call, fields) => on.page.evaluate(async ([name, given]) => {
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
        const { status, tokens, messages } = await authenticate({ username: on.user.login, password: on.user.password });
        assert.equal(status, 'SUCCESS', JSON.stringify(messages));
        assert.equal(on.page.url(), `${on.app.origin}/start`);
        const { claims } = await verifier().verifyAccessToken(tokens.accessToken.accessToken, server ? 'api://default' : on.usher.url);
        assert.equal(claims.sub, on.user.login);
        await verifier().verifyIdToken(tokens.idToken.idToken, on.app.clientId, tokens.idToken.claims.nonce);
        assert.deepEqual(tokens.idToken.claims.amr, ['pwd']);
        assert.equal((await on.page.evaluate(() => window.auth.token.getUserInfo())).preferred_username, on.user.login);

        const renewed = await on.page.evaluate(() => window.auth.token.renewTokens());
        assert.notEqual(renewed.accessToken.accessToken, tokens.accessToken.accessToken);
        // The browser is known to the hosted endpoint from then on.
        const silent = await on.page.evaluate(() => window.auth.token.getWithoutPrompt());
        assert.equal(silent.tokens.idToken.claims.sub, tokens.idToken.claims.sub);
        on.tab.check();
      });

      test('step by step', async () => {
        const first = await step('start', {});
        assert.equal(first.status, 'PENDING');
        const second = await step('proceed', { step: 'identify', username: on.user.login });
        assert.deepEqual([second.status, second.step], ['PENDING', 'challenge-authenticator']);
        const third = await step('proceed', { step: 'challenge-authenticator', password: on.user.password });
        assert.equal(third.status, 'SUCCESS');
        assert.equal(third.tokens.idToken.claims.preferred_username, on.user.login);
        on.tab.check();
      });

      test('says that a password is wrong, and goes on', async () => {
        const wrong = await authenticate({ username: on.user.login, password: 'Wrong-Horse-7-Battery' });
        assert.equal(wrong.status, 'PENDING');
        assert.equal(wrong.messages?.[0]?.i18n?.key, 'errors.E0000004');
        assert.equal(wrong.tokens, undefined);
        const right = await step('proceed', { step: 'challenge-authenticator', password: on.user.password });
        assert.equal(right.status, 'SUCCESS');
      });

      test('signs out', async () => {
        const { tokens } = await authenticate({ username: on.user.login, password: on.user.password });
        await on.page.evaluate(() => {
          window.auth.signOut(); // the page is left before it settles
        });
        await on.page.waitForURL(`${on.app.origin}/`);
        const seen = await fetch(`${on.usher.url}${server || '/oauth2'}/v1/introspect`, {
          method: 'POST', body: new URLSearchParams({ client_id: on.app.clientId, token: tokens.accessToken.accessToken }),
        });
        assert.deepEqual(await seen.json(), { active: false });
        await load();
        const code = await on.page.evaluate(() => window.auth.token.getWithoutPrompt().then(() => 'signed in', (e) => e.errorCode));
        assert.equal(code, 'login_required');
      });
    });
  }
}
