// The official JavaScript client, two major versions of it, taking over a
// hosted sign-in in the Identity Engine pipeline with the page's state token.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import * as authjs7 from '@okta/okta-auth-js';
import * as authjs8 from 'okta-auth-js-8';

import { startServer } from '../devserver/server.mjs';

// The step that comes first. The newer client names it only after a proceed.
const shown = (transaction) => transaction.rawIdxState.remediation.value[0].name;

for (const [version, { OktaAuth }] of [['7', authjs7], ['8', authjs8]]) {
  describe(`okta-auth-js ${version} in the pipeline`, () => {
    let server;
    let user;
    before(async () => {
      server = await startServer();
      user = server.users[0];
    });
    after(() => server?.stop());

    // What the sign-in page hands to the client.
    const stateToken = async () => {
      const page = await (await fetch(`${server.url}/login/login.htm`)).text();
      const [, token] = /name="stateToken" value="([^"]+)"/.exec(page) ?? [];
      assert.ok(token, 'the page has no state token');
      return token;
    };

    const start = async () => {
      const auth = new OktaAuth({ issuer: `${server.url}/oauth2/default`, clientId: 'none', redirectUri: `${server.url}/` });
      const stateHandle = await stateToken();
      const transaction = await auth.idx.start({ stateHandle });
      assert.equal(transaction.status, 'PENDING');
      assert.equal(shown(transaction), 'identify');
      return { idx: auth.idx, stateHandle: transaction.context.stateHandle };
    };

    test('signs in with name and password', async () => {
      const { idx, stateHandle } = await start();
      let transaction = await idx.proceed({ stateHandle, step: 'identify', username: user.login });
      assert.equal(shown(transaction), 'challenge-authenticator');
      assert.equal(transaction.rawIdxState.currentAuthenticatorEnrollment.value.type, 'password');
      transaction = await idx.proceed({ stateHandle, step: 'challenge-authenticator', password: user.password });
      const { success } = transaction.rawIdxState ?? transaction.context ?? {};
      assert.equal(success?.name, 'success-redirect');
      const done = await fetch(success.href, { redirect: 'manual' });
      assert.equal(done.status, 302);
      const cookies = done.headers.getSetCookie();
      assert.ok(cookies.some((c) => c.startsWith('idx=') && /HttpOnly/i.test(c)), `no session cookie in ${cookies}`);
    });

    test('shows a wrong password in the same form', async () => {
      const { idx, stateHandle } = await start();
      await idx.proceed({ stateHandle, step: 'identify', username: user.login });
      const transaction = await idx.proceed({ stateHandle, step: 'challenge-authenticator', password: 'Wrong-Horse-7-Battery' });
      assert.equal(transaction.status, 'PENDING');
      assert.equal(shown(transaction), 'challenge-authenticator');
      assert.equal(transaction.messages?.[0]?.i18n?.key, 'errors.E0000004');
    });

    test('begins anew after a cancel', async () => {
      const { idx, stateHandle } = await start();
      await idx.proceed({ stateHandle, step: 'identify', username: user.login });
      const transaction = await idx.cancel({ stateHandle });
      assert.equal(transaction.status, 'CANCELED');
    });
  });
}
