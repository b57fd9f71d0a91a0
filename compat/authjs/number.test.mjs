// The official JavaScript client, two major versions of it, where phones ask for
// the number that the sign-in shows.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import * as authjs7 from '@okta/okta-auth-js';
import * as authjs8 from 'okta-auth-js-8';

import { control } from '../devserver/control.mjs';
import { startServer } from '../devserver/server.mjs';
import { organise } from './organisation.mjs';

// Time between two polls in milliseconds.
const delay = 50;

for (const [version, { OktaAuth }] of [['7', authjs7], ['8', authjs8]]) {
  describe(`okta-auth-js ${version} with the number of a push`, () => {
    let server;
    let people;
    before(async () => {
      server = await startServer({ org: { pushNumbers: true } });
      people = await organise(server, ['okta_push']);
    });
    after(() => server?.stop());

    const signIn = (user) => new OktaAuth({ issuer: `${server.url}/oauth2/default`, clientId: 'none', redirectUri: `${server.url}/` })
      .signInWithCredentials({ username: user.login, password: user.password });
    // Polls until it is over. Each wait that shows its number, and the first that
    // does not, are given to the step; the number comes with the phone's look.
    const poll = async (transaction, step) => {
      let failure;
      let shown;
      const done = await transaction.poll({
        delay,
        transactionCallBack: (waiting) => {
          const number = waiting._embedded.factor._embedded?.challenge?.correctAnswer;
          if (shown !== undefined && shown === number) return;
          shown = number ?? null;
          step(number).catch((error) => { failure = error; });
        },
      });
      if (failure) throw failure;
      return done;
    };
    const asked = async (user) => {
      const transaction = await signIn(user);
      assert.equal(transaction.status, 'MFA_REQUIRED');
      const waiting = await transaction.factors.find((f) => f.factorType === 'push').verify();
      assert.equal(waiting.status, 'MFA_CHALLENGE');
      assert.equal(waiting.factor.challenge, undefined, 'a number before the phone has looked');
      return waiting;
    };
    const enrolled = async () => {
      const user = await people.careful();
      const transaction = await signIn(user);
      const waiting = await transaction.factors.find((f) => f.factorType === 'push').enroll();
      await control(server, 'POST', '/phone/scan', { text: waiting.factor.activation.qrcode.href });
      assert.equal((await waiting.poll(delay)).status, 'SUCCESS');
      return user;
    };
    const request = async (user) => (await control(server, 'GET', '/phone')).requests.find((r) => r.login === user.login);

    test('the right one of three lets in', async () => {
      const user = await enrolled();
      const done = await poll(await asked(user), async (number) => {
        const mine = await request(user); // from this look on the sign-in shows it
        if (number === undefined) return;
        assert.equal(mine.numbers.length, 3);
        assert.ok(mine.numbers.includes(number));
        await control(server, 'POST', '/phone/approve', { request: mine.id, number });
      });
      assert.equal(done.status, 'SUCCESS');
      assert.ok(done.sessionToken);
    });

    test('a wrong one does not', async () => {
      const user = await enrolled();
      const done = await poll(await asked(user), async (number) => {
        const mine = await request(user);
        if (number === undefined) return;
        await control(server, 'POST', '/phone/approve', { request: mine.id, number: mine.numbers.find((n) => n !== number) });
      });
      assert.equal(done.status, 'MFA_CHALLENGE');
      assert.equal(done.factorResult, 'REJECTED');
    });
  });
}
