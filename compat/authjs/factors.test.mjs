// The official JavaScript client, two major versions of it, signing in with a
// further factor through the classic Authentication API: enrolling it on the way
// in, and proving it the next time. Codes come from the inbox, pushes are
// answered by the phone of the control listener.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import * as authjs7 from '@okta/okta-auth-js';
import * as authjs8 from 'okta-auth-js-8';

import { advance, control, message } from '../devserver/control.mjs';
import { startServer } from '../devserver/server.mjs';
import { organise } from './organisation.mjs';

// Time between two polls in milliseconds; the client's own is half a second.
const delay = 50;

for (const [version, { OktaAuth }] of [['7', authjs7], ['8', authjs8]]) {
  describe(`okta-auth-js ${version} with factors`, () => {
    let server;
    let people;
    before(async () => {
      server = await startServer();
      people = await organise(server);
    });
    after(() => server?.stop());

    const signIn = (user) => {
      const auth = new OktaAuth({ issuer: `${server.url}/oauth2/default`, clientId: 'none', redirectUri: `${server.url}/` });
      return auth.signInWithCredentials({ username: user.login, password: user.password });
    };
    const pick = (transaction, factorType, provider = 'OKTA') => {
      const found = transaction.factors.find((f) => f.factorType === factorType && f.provider === provider);
      assert.ok(found, `no ${provider} ${factorType} in ${JSON.stringify(transaction.data)}`);
      return found;
    };
    const at = (transaction, status) => assert.equal(transaction.status, status, JSON.stringify(transaction.data));
    const isOver = (transaction) => {
      at(transaction, 'SUCCESS');
      assert.ok(transaction.sessionToken);
    };
    const refused = (promise, code) => assert.rejects(promise, (error) => {
      assert.equal(error.errorCode, code, JSON.stringify(error.xhr?.responseJSON ?? error.message));
      return true;
    });
    // A user who has chosen to enrol a factor.
    const enrolling = async (factorType, provider, profile) => {
      const user = await people.careful();
      const transaction = await signIn(user);
      at(transaction, 'MFA_ENROLL');
      const offered = pick(transaction, factorType, provider);
      assert.equal(offered.status, 'NOT_SETUP');
      return { user, transaction: await offered.enroll(profile?.(user) ?? {}) };
    };
    const scan = (transaction) => control(server, 'POST', '/phone/scan', { text: transaction.factor.activation.qrcode.href });
    const wrong = (code) => (code === '000000' ? '000001' : '000000');

    test('security question', async () => {
      const user = await people.careful();
      let transaction = await signIn(user);
      at(transaction, 'MFA_ENROLL');
      const offered = pick(transaction, 'question');
      const questions = await offered.questions();
      assert.ok(questions.some((q) => q.question === 'disliked_food' && q.questionText));
      isOver(await offered.enroll({ profile: { question: 'disliked_food', answer: 'mashed potatoes' } }));

      transaction = await signIn(user);
      at(transaction, 'MFA_REQUIRED');
      const factor = pick(transaction, 'question');
      assert.equal(factor.profile.question, 'disliked_food');
      await refused(factor.verify({ answer: 'spinach' }), 'E0000068');
      isOver(await factor.verify({ answer: 'mashed potatoes' }));
    });

    for (const provider of ['OKTA', 'GOOGLE']) {
      test(`one-time password of an app, ${provider}`, async () => {
        let { user, transaction } = await enrolling('token:software:totp', provider);
        at(transaction, 'MFA_ENROLL_ACTIVATE');
        const { activation } = transaction.factor;
        assert.equal(activation.encoding, 'base32');
        assert.equal(activation.timeStep, 30);
        assert.equal(activation.qrcode.type, 'image/png');
        const picture = await fetch(activation.qrcode.href);
        assert.equal(picture.headers.get('content-type'), 'image/png');
        await scan(transaction);
        const code = async () => (await control(server, 'GET', `/phone/code?login=${encodeURIComponent(user.login)}`)).code;
        const first = await code();
        await refused(transaction.activate({ passCode: wrong(first) }), 'E0000068');
        isOver(await transaction.activate({ passCode: first }));

        transaction = await signIn(user);
        at(transaction, 'MFA_REQUIRED');
        const factor = pick(transaction, 'token:software:totp', provider);
        await refused(factor.verify({ passCode: first }), 'E0000082'); // used
        await advance(server, '30s');
        isOver(await factor.verify({ passCode: await code() }));
      });
    }

    for (const kind of ['sms', 'call', 'email']) {
      test(`code by ${kind}`, async () => {
        const phone = (user) => ({ profile: { phoneNumber: user.phone } });
        let { user, transaction } = await enrolling(kind, 'OKTA', kind === 'email' ? undefined : phone);
        const to = kind === 'email' ? user.login : user.phone;
        at(transaction, 'MFA_ENROLL_ACTIVATE');
        let sent = await message(server, to, kind);
        await refused(transaction.activate({ passCode: wrong(sent.data.code) }), 'E0000068');
        await advance(server, '31s');
        transaction = await transaction.resend(kind);
        at(transaction, 'MFA_ENROLL_ACTIVATE');
        sent = await message(server, to, kind, sent.id);
        isOver(await transaction.activate({ passCode: sent.data.code }));

        transaction = await signIn(user);
        at(transaction, 'MFA_REQUIRED');
        await advance(server, '31s');
        transaction = await pick(transaction, kind).verify();
        at(transaction, 'MFA_CHALLENGE');
        sent = await message(server, to, kind, sent.id);
        await refused(transaction.verify({ passCode: wrong(sent.data.code) }), 'E0000068');
        await advance(server, '31s');
        transaction = await transaction.resend(kind);
        at(transaction, 'MFA_CHALLENGE');
        const old = sent.data.code;
        sent = await message(server, to, kind, sent.id);
        if (old !== sent.data.code) await refused(transaction.verify({ passCode: old }), 'E0000068');
        isOver(await transaction.verify({ passCode: sent.data.code }));
      });
    }

    test('goes back from an enrolment and from a challenge, and cancels', async () => {
      let { user, transaction } = await enrolling('sms', 'OKTA', (u) => ({ profile: { phoneNumber: u.phone } }));
      at(transaction, 'MFA_ENROLL_ACTIVATE');
      transaction = await transaction.prev();
      at(transaction, 'MFA_ENROLL');
      isOver(await pick(transaction, 'question').enroll({ profile: { question: 'disliked_food', answer: 'mashed potatoes' } }));

      transaction = await signIn(user);
      at(transaction, 'MFA_REQUIRED');
      const { stateToken } = transaction.data;
      await transaction.cancel();
      const auth = new OktaAuth({ issuer: `${server.url}/oauth2/default` });
      await refused(auth.tx.introspect({ stateToken }), 'E0000011');
    });

    describe('push', () => {
      // Polls until it is over; step is called with the number of each wait.
      const poll = (transaction, step) => {
        let waits = 0;
        let failure;
        return transaction
          .poll({ delay, transactionCallBack: () => { waits += 1; step(waits).catch((error) => { failure = error; }); } })
          .then((done) => { if (failure) throw failure; return { done, waits }; });
      };
      const enrolled = async () => {
        const { user, transaction } = await enrolling('push', 'OKTA');
        at(transaction, 'MFA_ENROLL_ACTIVATE');
        assert.equal(transaction.factorResult, 'WAITING');
        const { done, waits } = await poll(transaction, async (n) => { if (n === 1) await scan(transaction); });
        assert.ok(waits > 0);
        isOver(done);
        return user;
      };
      const asked = async (user) => {
        let transaction = await signIn(user);
        at(transaction, 'MFA_REQUIRED');
        const factor = pick(transaction, 'push');
        transaction = await factor.verify();
        at(transaction, 'MFA_CHALLENGE');
        assert.equal(transaction.factorResult, 'WAITING');
        return transaction;
      };
      // The phone is one and holds everybody's devices: answer this user's newest.
      const answer = async (user, decision) => {
        const { requests } = await control(server, 'GET', '/phone');
        const mine = requests.find((r) => r.login === user.login);
        await control(server, 'POST', `/phone/${decision}`, { request: mine.id });
      };

      test('approved by the phone', async () => {
        const user = await enrolled();
        const { done } = await poll(await asked(user), async (n) => { if (n === 2) await answer(user, 'approve'); });
        isOver(done);
      });

      test('denied by the phone, then sent again and approved', async () => {
        const user = await enrolled();
        let { done } = await poll(await asked(user), async (n) => { if (n === 1) await answer(user, 'deny'); });
        at(done, 'MFA_CHALLENGE');
        assert.equal(done.factorResult, 'REJECTED');
        const again = await done.verify();
        assert.equal(again.factorResult, 'WAITING');
        ({ done } = await poll(again, async (n) => { if (n === 1) await answer(user, 'approve'); }));
        isOver(done);
      });

      test('nobody answers: the clock runs out, and a new one is asked for', async () => {
        const user = await enrolled();
        let { done } = await poll(await asked(user), async (n) => { if (n < 3) await advance(server, '3m'); });
        at(done, 'MFA_CHALLENGE');
        assert.equal(done.factorResult, 'TIMEOUT');
        const again = await done.verify();
        assert.equal(again.factorResult, 'WAITING');
        ({ done } = await poll(again, async (n) => { if (n === 1) await answer(user, 'approve'); }));
        isOver(done);
      });

      test('asked for without a choice the next time, where the user wants that', async () => {
        const user = await enrolled();
        const auto = async () => {
          const transaction = await signIn(user);
          at(transaction, 'MFA_REQUIRED');
          return { transaction, on: transaction.policy.factorsPolicyInfo[pick(transaction, 'push').id].autoPushEnabled };
        };
        const choose = async (autoPush) => {
          const { transaction } = await auto();
          const waiting = await pick(transaction, 'push').verify({ autoPush });
          at(waiting, 'MFA_CHALLENGE');
          let failure;
          const done = await waiting.poll({ delay, autoPush, transactionCallBack: () => { answer(user, 'approve').catch((error) => { failure = error; }); } });
          if (failure) throw failure;
          isOver(done);
        };
        assert.equal((await auto()).on, false);
        await choose(true);
        assert.equal((await auto()).on, true);
        await choose(() => false); // the client takes a function as well
        assert.equal((await auto()).on, false);
      });

      test('resend, and back to the choice', async () => {
        const user = await enrolled();
        let transaction = await asked(user);
        const before = await message(server, user.login, 'push');
        await advance(server, '31s');
        transaction = await transaction.resend('push');
        at(transaction, 'MFA_CHALLENGE');
        assert.notEqual((await message(server, user.login, 'push', before.id)).id, before.id);
        transaction = await transaction.prev();
        at(transaction, 'MFA_REQUIRED');
      });

      test('an enrolment that nobody scans times out and is begun again', async () => {
        const { transaction } = await enrolling('push', 'OKTA');
        const { done } = await poll(transaction, async (n) => { if (n < 5) await advance(server, '4m'); });
        at(done, 'MFA_ENROLL_ACTIVATE');
        assert.equal(done.factorResult, 'TIMEOUT');
        const again = await done.activate();
        assert.equal(again.factorResult, 'WAITING');
        const { done: over } = await poll(again, async (n) => { if (n === 1) await scan(again); });
        isOver(over);
      });

      test('an enrolment whose link is sent by mail and by text', async () => {
        let { user, transaction } = await enrolling('push', 'OKTA');
        transaction = await transaction.factor.activation.send('email', {});
        assert.equal(transaction.factorResult, 'WAITING');
        const mail = await message(server, user.login, 'email');
        transaction = await transaction.factor.activation.send('sms', { profile: { phoneNumber: user.phone } });
        const text = await message(server, user.phone, 'sms');
        assert.ok(mail.data.link && text.data.link);
        const { done } = await poll(transaction, async (n) => { if (n === 1) await control(server, 'POST', '/phone/scan', { text: text.data.link }); });
        isOver(done);
      });
    });
  });
}
