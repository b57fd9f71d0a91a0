// The official JavaScript client, two major versions of it, in Chromium on the
// page of a single-page application: to the hosted sign-in and back, tokens
// renewed in silence, and out again.
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { SignInPage } from '../browser/page.mjs';
import { startFrontend } from './frontend.mjs';
import { stage, verifierOf } from './stage.mjs';

const modules = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../node_modules');

for (const [version, folder] of [['7', '@okta/okta-auth-js'], ['8', 'okta-auth-js-8']]) {
  for (const server of ['/oauth2/default', '']) {
    describe(`okta-auth-js ${version} by redirect, ${server || 'own server'}`, () => {
      const on = stage((usher) => startFrontend(usher, path.join(modules, folder, 'dist/okta-auth-js.min.js'), {
        grant_types: ['authorization_code', 'refresh_token', 'implicit'], response_types: ['code', 'token', 'id_token'],
      }));

      // Loads the client in the page that is open.
      const load = (more = {}) => on.page.evaluate((options) => {
        window.auth = new window.OktaAuth(options);
      }, {
        issuer: on.usher.url + server, clientId: on.app.clientId, redirectUri: `${on.app.origin}/login/callback`, postLogoutRedirectUri: `${on.app.origin}/`,
        scopes: ['openid', 'profile', 'email'], ...more,
      });
      const open = async (more) => {
        await on.page.goto(`${on.app.origin}/`);
        await load(more);
      };
      // Reads the answer at the redirect address and keeps the tokens.
      const receive = async (more) => {
        await on.page.waitForURL(`${on.app.origin}/login/callback**`);
        await load(more);
        return on.page.evaluate(async () => {
          const answer = await window.auth.token.parseFromUrl();
          window.auth.tokenManager.setTokens(answer.tokens);
          return answer;
        });
      };
      const redirect = (options = {}) => on.page.evaluate((o) => {
        window.auth.token.getWithRedirect(o); // the page is left before it settles
      }, options);
      const signIn = async (more, options) => {
        await open(more);
        await redirect(options);
        await on.page.waitForURL(`${on.usher.url}/**`);
        await new SignInPage(on.page).signIn(on.user);
        return receive(more);
      };
      const verifier = () => verifierOf(on, server);
      const audience = server ? 'api://default' : undefined;
      const refusal = (call) => on.page.evaluate(async (text) => {
        try {
          await new Function(`return (${text})()`)();
        } catch (e) {
          return { name: e.name, code: e.errorCode ?? e.error, text: e.message };
        }
        return null;
      }, call.toString());

      test('signs in and gets verified tokens', async () => {
        const { tokens, state } = await signIn({}, { state: 's-7', nonce: 'n-7' });
        assert.equal(state, 's-7');
        assert.equal(tokens.refreshToken, undefined);
        assert.equal(tokens.idToken.claims.preferred_username, on.user.login);
        await verifier().verifyIdToken(tokens.idToken.idToken, on.app.clientId, 'n-7');
        const { claims } = await verifier().verifyAccessToken(tokens.accessToken.accessToken, audience ?? on.usher.url);
        assert.equal(claims.sub, on.user.login);
        assert.equal(await on.page.evaluate(() => window.auth.isAuthenticated()), true);
        assert.equal((await on.page.evaluate(() => window.auth.token.getUserInfo())).preferred_username, on.user.login);
        assert.equal((await on.page.evaluate(() => window.auth.token.verify(window.auth.tokenManager.getTokensSync().idToken, { nonce: 'n-7' }))).claims.sub, claims.uid);
        assert.equal(on.page.url(), `${on.app.origin}/login/callback`);
        on.tab.check();
      });

      test('is remembered: a second redirect asks for nothing', async () => {
        const first = await signIn();
        await open();
        await redirect();
        const { tokens } = await receive();
        assert.equal(tokens.idToken.claims.auth_time, first.tokens.idToken.claims.auth_time);
        on.tab.check();
      });

      test('renews in silence, by a frame', async () => {
        const { tokens } = await signIn();
        const renewed = await on.page.evaluate(() => window.auth.token.renewTokens());
        assert.notEqual(renewed.accessToken.accessToken, tokens.accessToken.accessToken);
        assert.equal(renewed.idToken.claims.sub, tokens.idToken.claims.sub);
        await verifier().verifyIdToken(renewed.idToken.idToken, on.app.clientId, renewed.idToken.claims.nonce);
        const one = await on.page.evaluate(() => window.auth.tokenManager.renew('idToken'));
        assert.equal(one.claims.sub, tokens.idToken.claims.sub);
        assert.equal(await on.page.locator('iframe').count(), 0);
        on.tab.check();
      });

      test('renews in silence, by a refresh token', async () => {
        const scopes = { scopes: ['openid', 'profile', 'offline_access'] };
        const { tokens } = await signIn(scopes);
        assert.ok(tokens.refreshToken.refreshToken);
        await on.page.context().clearCookies(); // so that no frame could
        const renewed = await on.page.evaluate(() => window.auth.token.renewTokens());
        assert.notEqual(renewed.accessToken.accessToken, tokens.accessToken.accessToken);
        await verifier().verifyAccessToken(renewed.accessToken.accessToken, audience ?? on.usher.url);
        assert.notEqual(await on.page.evaluate(() => window.auth.tokenManager.getTokensSync().refreshToken.refreshToken), '');
        on.tab.check();
      });

      test('learns in silence that nobody is signed in', async () => {
        await open();
        const e = await refusal(() => window.auth.token.getWithoutPrompt());
        assert.equal(e?.code, 'login_required', JSON.stringify(e));
        on.tab.check();
      });

      test('in a window of its own', async () => {
        await open();
        const opened = on.page.context().waitForEvent('page');
        const given = on.page.evaluate(async () => {
          const { tokens } = await window.auth.token.getWithPopup({});
          return tokens.idToken.claims.preferred_username;
        });
        await new SignInPage(await opened).signIn(on.user);
        assert.equal(await given, on.user.login);
        on.tab.check();
      });

      test('without a proof key, where the application allows it', async () => {
        const { tokens } = await signIn({ pkce: false });
        await verifier().verifyIdToken(tokens.idToken.idToken, on.app.clientId, tokens.idToken.claims.nonce);
        assert.equal(tokens.idToken.claims.at_hash?.length, 22);
        on.tab.check();
      });

      test('says why a request is refused', async () => {
        await open();
        await redirect({ scopes: ['openid', 'nothing:such'] });
        await on.page.waitForURL(`${on.app.origin}/login/callback**`);
        await load();
        const e = await refusal(() => window.auth.token.parseFromUrl());
        assert.equal(e?.code, 'invalid_scope', JSON.stringify(e));
      });

      test('signs out', async () => {
        const { tokens } = await signIn({ scopes: ['openid', 'profile', 'offline_access'] });
        assert.equal(await on.page.evaluate(() => window.auth.session.exists()), true);
        await on.page.evaluate(() => {
          window.auth.signOut();
        });
        await on.page.waitForURL(`${on.app.origin}/`);
        await load();
        await on.page.evaluate(() => window.auth.start()); // drops the tokens that were marked before the redirect
        assert.equal(await on.page.evaluate(() => window.auth.isAuthenticated()), false);
        const body = (token) => new URLSearchParams({ client_id: on.app.clientId, token });
        for (const token of [tokens.accessToken.accessToken, tokens.refreshToken.refreshToken]) {
          const seen = await fetch(`${on.usher.url}${server || '/oauth2'}/v1/introspect`, { method: 'POST', body: body(token) });
          assert.deepEqual(await seen.json(), { active: false });
        }
        const e = await refusal(() => window.auth.token.getWithoutPrompt());
        assert.equal(e?.code, 'login_required', JSON.stringify(e));
        on.tab.check();
      });
    });
  }
}
