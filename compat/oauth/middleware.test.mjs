// The official middleware for Express, behind a web application that Chromium
// visits: to the hosted sign-in and back, who is there, and out again.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { SignInPage } from '../browser/page.mjs';
import { stage, verifierOf } from './stage.mjs';
import { startWebApp } from './webapp.mjs';

for (const path of ['/oauth2/default', '']) {
  describe(`oidc-middleware at ${path || 'the own server of the organisation'}`, () => {
    const on = stage((usher) => startWebApp(usher, usher.url + path));

    const enter = async () => {
      await on.page.goto(`${on.app.origin}/protected`);
      await new SignInPage(on.page).signIn(on.user);
      await on.page.waitForURL(`${on.app.origin}/protected`);
      return JSON.parse(await on.page.locator('body').innerText());
    };
    const active = async (token) => {
      const response = await fetch(`${on.usher.url}${path || '/oauth2'}/v1/introspect`, {
        method: 'POST', headers: { Authorization: `Basic ${btoa(`${on.app.clientId}:${on.app.secret}`)}` }, body: new URLSearchParams({ token }),
      });
      return (await response.json()).active;
    };

    test('asks for a sign-in, and comes back to what was wanted', async () => {
      const { userinfo, tokens } = await enter();
      assert.equal(userinfo.preferred_username, on.user.login);
      assert.ok(tokens.refresh_token);
      const verifier = verifierOf(on, path);
      const { claims } = await verifier.verifyAccessToken(tokens.access_token, path ? 'api://default' : on.usher.url);
      assert.equal(claims.sub, on.user.login);
      assert.equal(claims.uid, userinfo.sub);
      await on.page.goto(`${on.app.origin}/`);
      await on.page.getByText(`Known as ${encodeURIComponent(on.user.login)}`).waitFor();
      assert.deepEqual(on.app.errors, []);
      on.tab.check();
    });

    test('is remembered by the server when the application forgets', async () => {
      const first = await enter();
      await on.page.context().clearCookies({ name: 'connect.sid' });
      await on.page.goto(`${on.app.origin}/protected`);
      const again = JSON.parse(await on.page.locator('body').innerText());
      assert.equal(again.userinfo.sub, first.userinfo.sub);
      assert.notEqual(again.tokens.access_token, first.tokens.access_token);
      on.tab.check();
    });

    test('signs out of both', async () => {
      const { tokens } = await enter();
      assert.equal(await active(tokens.access_token), true);
      await on.page.goto(`${on.app.origin}/`);
      await on.page.getByRole('button', { name: 'Leave' }).click();
      await on.page.getByText('Nobody').waitFor();
      assert.equal(on.page.url(), `${on.app.origin}/`);
      assert.equal(await active(tokens.access_token), false);
      assert.equal(await active(tokens.refresh_token), false);
      await on.page.goto(`${on.app.origin}/protected`);
      await new SignInPage(on.page).username.waitFor(); // asked anew
      assert.deepEqual(on.app.errors, []);
      on.tab.check();
    });

    test('knows nobody by a forged answer', async () => {
      await on.page.goto(`${on.app.origin}/`); // for a session of its own
      const { status } = await on.page.evaluate(async () => {
        const { status: s } = await fetch('/authorization-code/callback?code=forged&state=forged', { redirect: 'manual' });
        return { status: s };
      });
      assert.equal(status, 401);
      await on.page.goto(`${on.app.origin}/`);
      await on.page.getByText('Nobody').waitFor();
    });
  });
}
