// The official JavaScript client, two major versions of it, in Chromium on a page
// of the organisation's own origin: what a browser alone can do. A security key
// (the browser's virtual one) is enrolled and proved with the client's own
// helpers, and a device is remembered by its cookie.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { must, organise } from '../authjs/organisation.mjs';
import { startServer } from '../devserver/server.mjs';
import { launch, openPage } from './page.mjs';

const modules = path.resolve(import.meta.dirname, '../node_modules');
const html = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title><link rel="icon" href="data:,"><script src="/page/client.js"></script></head><body><h1>A page</h1></body></html>';

for (const [version, folder] of [['7', '@okta/okta-auth-js'], ['8', 'okta-auth-js-8']]) {
  describe(`okta-auth-js ${version} in a browser, with factors`, () => {
    let server;
    let browser;
    let people;
    let client;
    before(async () => {
      server = await startServer();
      people = await organise(server, ['fido_webauthn', 'okta_question'], 'DEVICE');
      client = await readFile(path.join(modules, folder, 'dist/okta-auth-js.min.js'));
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
    });

    // A browser of its own on the page, which stands beside the server's own pages.
    const visit = async (what) => {
      const tab = await openPage(browser, server.url);
      const { page } = tab;
      try {
        await page.route(`${server.url}/page/**`, (route) => (new URL(route.request().url()).pathname === '/page/client.js'
          ? route.fulfill({ contentType: 'text/javascript', body: client })
          : route.fulfill({ contentType: 'text/html', body: html })));
        await page.goto(`${server.url}/page/`);
        await page.evaluate(() => {
          const auth = new OktaAuth({ issuer: `${location.origin}/oauth2/default`, clientId: 'none', redirectUri: `${location.origin}/page/` });
          // What a page would keep between two clicks, and what tests read of it.
          let transaction;
          const told = () => ({
            status: transaction.status, factorResult: transaction.factorResult, sessionToken: transaction.sessionToken, factor: transaction.factor?.profile,
            factors: transaction.factors?.map((f) => ({ type: f.factorType, status: f.status, profile: f.profile })), policy: transaction.policy,
          });
          const factor = (type) => transaction.factors.find((f) => f.factorType === type);
          const refused = (error) => ({ errorCode: error.errorCode ?? String(error), errorSummary: error.errorSummary });
          window.step = {
            async signIn(username, password) { transaction = await auth.signInWithCredentials({ username, password }); return told(); },
            async enroll(type, options = {}) { transaction = await factor(type).enroll(options); return told(); },
            async verify(type, options = {}) { transaction = await factor(type).verify(options); return told(); },
            async create() {
              const options = OktaAuth.webauthn.buildCredentialCreationOptions(transaction.factor.activation, []);
              const made = OktaAuth.webauthn.getAttestation(await navigator.credentials.create(options));
              transaction = await transaction.activate({ attestation: made.attestation, clientData: made.clientData });
              return { ...told(), id: made.id };
            },
            // What the key says to the challenge at hand.
            async sign() {
              const { challenge, profile } = transaction.factor;
              const options = OktaAuth.webauthn.buildCredentialRequestOptions(challenge, [{ key: 'webauthn', credentialId: profile.credentialId }]);
              const { clientData, authenticatorData, signatureData } = OktaAuth.webauthn.getAssertion(await navigator.credentials.get(options));
              return { clientData, authenticatorData, signatureData };
            },
            async assert(said) {
              try {
                transaction = await transaction.verify(said);
              } catch (error) {
                return refused(error);
              }
              return told();
            },
          };
        });
        await what(page, (name, ...args) => page.evaluate(([n, a]) => window.step[n](...a), [name, args]));
      } finally {
        await tab.close();
      }
    };
    // A security key in the browser's slot, which is touched at once.
    const plugIn = async (page, isUserVerified = true) => {
      const cdp = await page.context().newCDPSession(page);
      await cdp.send('WebAuthn.enable');
      const options = { protocol: 'ctap2', transport: 'usb', hasResidentKey: false, hasUserVerification: true, isUserVerified, automaticPresenceSimulation: true };
      const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options });
      return {
        credentials: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
        // Takes the key out and puts in one that holds the same, as of an earlier time: a copy.
        async copy(credential) {
          await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
          const other = await cdp.send('WebAuthn.addVirtualAuthenticator', { options });
          await cdp.send('WebAuthn.addCredential', { authenticatorId: other.authenticatorId, credential });
        },
      };
    };

    test('a security key is enrolled on the way in, and proved the next time', async () => {
      const user = await people.careful();
      await visit(async (page, step) => {
        const key = await plugIn(page);
        const begun = await step('signIn', user.login, user.password);
        assert.equal(begun.status, 'MFA_ENROLL');
        const enrolling = await step('enroll', 'webauthn');
        assert.equal(enrolling.status, 'MFA_ENROLL_ACTIVATE', JSON.stringify(enrolling));
        const made = await step('create');
        assert.equal(made.status, 'SUCCESS');
        assert.ok(made.sessionToken);
        const [held] = await key.credentials();
        assert.equal(held.rpId, 'localhost');
        const { status } = (await must(server, 'GET', `/api/v1/users/${user.id}/factors`)).find((f) => f.factorType === 'webauthn');
        assert.equal(status, 'ACTIVE');

        assert.equal((await step('signIn', user.login, user.password)).status, 'MFA_REQUIRED');
        const asked = await step('verify', 'webauthn');
        assert.equal(asked.status, 'MFA_CHALLENGE');
        assert.equal(asked.factorResult, 'CHALLENGE');
        assert.equal(asked.factor.credentialId, made.id);
        const said = await step('sign');
        const done = await step('assert', said);
        assert.equal(done.status, 'SUCCESS', JSON.stringify(done));
        assert.ok(done.sessionToken);

        // What was said for one sign-in is nothing in another.
        await step('signIn', user.login, user.password);
        await step('verify', 'webauthn');
        assert.equal((await step('assert', said)).errorCode, 'E0000068');
        assert.equal((await step('assert', await step('sign'))).status, 'SUCCESS');

        // A copy of the key, made before its last use, counts from behind.
        await key.copy(held);
        await step('signIn', user.login, user.password);
        await step('verify', 'webauthn');
        assert.equal((await step('assert', await step('sign'))).errorCode, 'E0000068');
      });
    });

    test('a device is remembered where the user wants that, and for this user alone', async () => {
      const [user, other] = [await people.careful(), await people.careful()];
      const profile = { question: 'disliked_food', answer: 'mashed potatoes' };
      const enrol = (who) => must(server, 'POST', `/api/v1/users/${who.id}/factors`, { factorType: 'question', provider: 'OKTA', profile });
      await enrol(user);
      await enrol(other);
      await visit(async (page, step) => {
        const prove = async (who, rememberDevice) => {
          const required = await step('signIn', who.login, who.password);
          assert.equal(required.status, 'MFA_REQUIRED');
          assert.equal(required.policy.allowRememberDevice, true);
          assert.equal((await step('verify', 'question', { answer: profile.answer, rememberDevice })).status, 'SUCCESS');
        };
        await prove(user, false);
        await prove(user, true);
        const cookie = (await page.context().cookies(server.url)).find((c) => c.name === 'DT');
        assert.ok(cookie?.httpOnly, 'a script can read what the device is known by');
        assert.equal((await step('signIn', user.login, user.password)).status, 'SUCCESS');
        await prove(other, false);
      });
      await visit(async (page, step) => {
        assert.equal((await step('signIn', user.login, user.password)).status, 'MFA_REQUIRED', 'another device');
      });
    });
  });
}
