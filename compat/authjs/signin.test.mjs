// The official JavaScript client, two major versions of it, signing in through
// the classic Authentication API and keeping a session by cookie.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import * as authjs7 from '@okta/okta-auth-js';
import * as authjs8 from 'okta-auth-js-8';

import { manage, startServer } from '../devserver/server.mjs';
import { CookieJar } from './cookies.mjs';

const plainFetch = globalThis.fetch;

for (const [version, { OktaAuth }] of [['7', authjs7], ['8', authjs8]]) {
  describe(`okta-auth-js ${version}`, () => {
    let server;
    let user;
    before(async () => {
      server = await startServer();
      user = server.users[0];
    });
    after(() => server?.stop());
    afterEach(() => {
      globalThis.fetch = plainFetch;
      delete globalThis.window;
    });

    const client = () => new OktaAuth({ issuer: `${server.url}/oauth2/default`, clientId: 'none', redirectUri: `${server.url}/` });

    // A client whose requests keep cookies, and the jar they are in.
    const browserLike = () => {
      const jar = new CookieJar();
      globalThis.fetch = jar.wrap(plainFetch);
      return { auth: client(), jar };
    };

    // Where the client would send the browser to turn a session token into a cookie.
    const cookieRedirect = (auth, sessionToken, redirectUrl) => {
      let target;
      globalThis.window = { location: { href: redirectUrl, assign: (url) => { target = url; } } };
      auth.session.setCookieAndRedirect(sessionToken, redirectUrl);
      delete globalThis.window;
      assert.ok(target, 'the client asked for no redirect');
      return target;
    };

    const signInWithCookie = async () => {
      const { auth, jar } = browserLike();
      const transaction = await auth.signInWithCredentials({ username: user.login, password: user.password });
      const back = `${server.url}/login/login.htm`;
      const response = await fetch(cookieRedirect(auth, transaction.sessionToken, back), { credentials: 'include', redirect: 'manual' });
      return { auth, jar, transaction, response, back };
    };

    test('signs in with a password', async () => {
      const transaction = await client().signInWithCredentials({ username: user.login, password: user.password });
      assert.equal(transaction.status, 'SUCCESS');
      assert.ok(transaction.sessionToken);
      assert.equal(transaction.user.profile.login, user.login);
      assert.ok(new Date(transaction.expiresAt) > new Date());
    });

    test('tells a wrong password, and an unknown user, alike', async () => {
      const refusal = async (credentials) => {
        try {
          await client().signInWithCredentials(credentials);
        } catch (error) {
          return error;
        }
        return assert.fail('the sign-in succeeded');
      };
      const wrong = await refusal({ username: user.login, password: 'Wrong-Horse-7-Battery' });
      const unknown = await refusal({ username: 'nobody.at.all@example.com', password: 'Wrong-Horse-7-Battery' });
      for (const error of [wrong, unknown]) {
        assert.equal(error.name, 'AuthApiError');
        assert.equal(error.errorCode, 'E0000004');
        assert.equal(error.errorSummary, 'Authentication failed');
        assert.deepEqual(error.errorCauses, []);
        assert.equal(error.xhr.status, 401);
        assert.ok(error.errorId);
      }
      const masked = (error) => error.xhr.responseText.replace(error.errorId, 'ID');
      assert.equal(masked(wrong), masked(unknown));
    });

    test('turns the session token into a cookie, once', async () => {
      const { auth, jar, transaction, response, back } = await signInWithCookie();
      assert.equal(response.status, 302);
      assert.equal(response.headers.get('location'), back);
      const sid = jar.get('sid');
      assert.ok(sid, 'no sid cookie was set');
      assert.ok(sid.attributes.has('httponly'), 'the sid cookie is readable by scripts');
      assert.equal(sid.attributes.get('path'), '/');

      const again = new CookieJar();
      const second = await again.wrap(plainFetch)(cookieRedirect(auth, transaction.sessionToken, back), { credentials: 'include', redirect: 'manual' });
      assert.equal(second.status, 302);
      assert.equal(again.get('sid'), undefined, 'a session token worked twice');
    });

    test('refuses to redirect to another origin', async () => {
      const { auth, jar } = browserLike();
      const transaction = await auth.signInWithCredentials({ username: user.login, password: user.password });
      const response = await fetch(cookieRedirect(auth, transaction.sessionToken, 'https://elsewhere.example/'), { credentials: 'include', redirect: 'manual' });
      assert.ok(!(response.headers.get('location') ?? '').startsWith('https://elsewhere.example'), 'an open redirect');
      assert.equal(jar.get('sid'), undefined);
    });

    test('reads, refreshes and closes the session', async () => {
      const { auth, jar } = await signInWithCookie();
      assert.equal(await auth.session.exists(), true);
      const session = await auth.session.get();
      assert.equal(session.status, 'ACTIVE');
      assert.equal(session.login, user.login);
      assert.ok(session.amr.includes('pwd'));

      const byLink = await session.refresh();
      assert.equal(byLink.status, 'ACTIVE');
      const refreshed = await auth.session.refresh();
      assert.equal(refreshed.id, session.id);
      assert.ok(new Date(refreshed.expiresAt) >= new Date(session.expiresAt));

      const me = await session.user();
      assert.equal(me.profile.login, user.login);

      assert.equal(await auth.closeSession(), true);
      assert.equal(jar.get('sid'), undefined, 'the cookie outlived the session');
      assert.equal((await auth.session.get()).status, 'INACTIVE');
      assert.equal(await auth.session.exists(), false);
    });

    test('closing a session ends it for every copy of the cookie', async () => {
      const { auth, jar } = await signInWithCookie();
      const copy = jar.header();
      assert.equal(await auth.closeSession(), true);
      const response = await plainFetch(`${server.url}/api/v1/sessions/me`, { headers: { Cookie: copy, Accept: 'application/json' } });
      assert.equal(response.status, 404);
      assert.equal((await response.json()).errorCode, 'E0000007');
    });

    describe('with an expired password', () => {
      const expired = async (login) => {
        const created = await manage(server, 'POST', '/api/v1/users?activate=true&nextLogin=changePassword', {
          profile: { firstName: 'Old', lastName: 'Secret', email: login, login },
          credentials: { password: { value: 'Correct-Horse-7-Battery' } },
        });
        assert.equal(created.status, 200, JSON.stringify(created.json));
        return client().signInWithCredentials({ username: login, password: 'Correct-Horse-7-Battery' });
      };

      test('changes it on the way in', async () => {
        let transaction = await expired(`expired${version}@example.com`);
        assert.equal(transaction.status, 'PASSWORD_EXPIRED');
        assert.equal(transaction.sessionToken, undefined);
        await assert.rejects(
          transaction.changePassword({ oldPassword: 'Wrong-Horse-7-Battery', newPassword: 'Proper-Mule-8-Engine' }),
          (error) => error.errorCode === 'E0000014',
        );
        transaction = await transaction.changePassword({ oldPassword: 'Correct-Horse-7-Battery', newPassword: 'Proper-Mule-8-Engine' });
        assert.equal(transaction.status, 'SUCCESS');
        assert.ok(transaction.sessionToken);
      });

      test('resumes the transaction, and cancels it', async () => {
        const transaction = await expired(`cancelled${version}@example.com`);
        const resumed = await client().tx.introspect({ stateToken: transaction.data.stateToken });
        assert.equal(resumed.status, 'PASSWORD_EXPIRED');
        const empty = await transaction.cancel();
        assert.equal(empty.status, undefined);
        await assert.rejects(
          client().tx.introspect({ stateToken: transaction.data.stateToken }),
          (error) => error.errorCode === 'E0000011',
        );
      });
    });
  });
}
