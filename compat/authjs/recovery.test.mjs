// The official JavaScript client, two major versions of it, on the ways around a
// password: one that is about to expire, has expired or is forgotten, and an
// account that is locked. Mails and texts come from the inbox.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import * as authjs7 from '@okta/okta-auth-js';
import * as authjs8 from 'okta-auth-js-8';

import { advance, control, message } from '../devserver/control.mjs';
import { startServer } from '../devserver/server.mjs';
import { ANSWER, organise } from './organisation.mjs';

const renewed = 'Proper-Mule-8-Engine';

for (const [version, { OktaAuth }] of [['7', authjs7], ['8', authjs8]]) {
  describe(`okta-auth-js ${version} around a password`, () => {
    let server;
    let people;
    let seeded;
    before(async () => {
      server = await startServer();
      people = await organise(server);
      seeded = (await control(server, 'POST', '/snapshots')).id;
    });
    after(() => server?.stop());
    afterEach(() => control(server, 'POST', `/snapshots/${seeded}/restore`)); // the clock as well

    const client = () => new OktaAuth({ issuer: `${server.url}/oauth2/default`, clientId: 'none', redirectUri: `${server.url}/` });
    const signIn = (user, password = user.password, options) => client().signInWithCredentials({ username: user.login, password, options });
    const at = (transaction, status) => assert.equal(transaction.status, status, JSON.stringify(transaction.data));
    const refused = (promise, code) => assert.rejects(promise, (error) => {
      assert.equal(error.errorCode, code, JSON.stringify(error.xhr?.responseJSON ?? error.message));
      return true;
    });
    const lock = async (user) => {
      for (let i = 0; i < 3; i += 1) await refused(signIn(user, 'Wrong-Horse-7-Battery'), 'E0000004');
      await refused(signIn(user), 'E0000004');
    };
    // From the state in which the question is asked to a new password.
    const toNewPassword = async (transaction) => {
      at(transaction, 'RECOVERY');
      assert.equal(transaction.user.recovery_question.question, 'Who was first?');
      await refused(transaction.answer({ answer: 'nobody at all' }), 'E0000087');
      const reset = await transaction.answer({ answer: ANSWER });
      at(reset, 'PASSWORD_RESET');
      await refused(reset.resetPassword({ newPassword: 'short' }), 'E0000080');
      return reset.resetPassword({ newPassword: renewed });
    };

    describe('expiry', () => {
      test('warns before, and lets the warning be skipped', async () => {
        const user = await people.plain();
        await advance(server, `${26 * 24}h`);
        at(await signIn(user), 'SUCCESS'); // who does not ask is not warned
        const transaction = await signIn(user, user.password, { warnBeforePasswordExpired: true });
        at(transaction, 'PASSWORD_WARN');
        assert.ok(transaction.policy.expiration.passwordExpireDays <= 4);
        at(await transaction.skip(), 'SUCCESS');
      });

      test('warns before, and the password is changed', async () => {
        const user = await people.plain();
        await advance(server, `${26 * 24}h`);
        const transaction = await signIn(user, user.password, { warnBeforePasswordExpired: true });
        at(transaction, 'PASSWORD_WARN');
        at(await transaction.changePassword({ oldPassword: user.password, newPassword: renewed }), 'SUCCESS');
        at(await signIn(user, renewed, { warnBeforePasswordExpired: true }), 'SUCCESS');
      });

      test('of age: it has to be changed', async () => {
        const user = await people.plain();
        await advance(server, `${31 * 24}h`);
        const transaction = await signIn(user);
        at(transaction, 'PASSWORD_EXPIRED');
        assert.equal(transaction.skip, undefined);
        await refused(transaction.changePassword({ oldPassword: user.password, newPassword: user.password }), 'E0000014');
        at(await transaction.changePassword({ oldPassword: user.password, newPassword: renewed }), 'SUCCESS');
        at(await signIn(user, renewed), 'SUCCESS');
      });
    });

    describe('recovery', () => {
      test('by the link of a mail and the question', async () => {
        const user = await people.plain();
        const sent = await client().forgotPassword({ username: user.login, factorType: 'EMAIL' });
        at(sent, 'RECOVERY_CHALLENGE');
        assert.equal(sent.factorResult, 'WAITING');
        const mail = await message(server, user.login, 'email');
        const auth = client();
        const transaction = await auth.verifyRecoveryToken({ recoveryToken: mail.data.token });
        at(await toNewPassword(transaction), 'SUCCESS');
        await refused(auth.verifyRecoveryToken({ recoveryToken: mail.data.token }), 'E0000011');
        await refused(signIn(user), 'E0000004');
        at(await signIn(user, renewed), 'SUCCESS');
      });

      for (const [kind, factorType] of [['sms', 'SMS'], ['call', 'CALL']]) {
        test(`by a code, ${kind}, and the question`, async () => {
          const user = await people.reachable(kind);
          let transaction = await client().forgotPassword({ username: user.login, factorType });
          at(transaction, 'RECOVERY_CHALLENGE');
          assert.equal(transaction.recoveryType, 'PASSWORD');
          let sent = await message(server, user.phone, kind);
          await refused(transaction.verify({ passCode: sent.data.code === '000000' ? '000001' : '000000' }), 'E0000068');
          await advance(server, '31s');
          transaction = await transaction.resend();
          at(transaction, 'RECOVERY_CHALLENGE');
          sent = await message(server, user.phone, kind, sent.id);
          at(await toNewPassword(await transaction.verify({ passCode: sent.data.code })), 'SUCCESS');
          at(await signIn(user, renewed), 'SUCCESS');
        });
      }

      test('answers alike for somebody who is not there', async () => {
        const user = await people.plain();
        const shape = async (username, factorType) => {
          const { headers, ...data } = (await client().forgotPassword({ username, factorType })).data;
          return JSON.stringify({ ...data, stateToken: Boolean(data.stateToken), expiresAt: Boolean(data.expiresAt) });
        };
        for (const way of ['EMAIL', 'SMS', 'CALL']) assert.equal(await shape('nobody.at.all@example.com', way), await shape(user.login, way));
      });

      test('is cancelled', async () => {
        const user = await people.reachable('sms');
        const transaction = await client().forgotPassword({ username: user.login, factorType: 'SMS' });
        const { stateToken } = transaction.data;
        await transaction.cancel();
        await refused(client().tx.introspect({ stateToken }), 'E0000011');
      });
    });

    describe('unlock', () => {
      test('by the link of a mail and the question', async () => {
        const user = await people.plain();
        await lock(user);
        at(await client().unlockAccount({ username: user.login, factorType: 'EMAIL' }), 'RECOVERY_CHALLENGE');
        const mail = await message(server, user.login, 'email');
        const transaction = await client().verifyRecoveryToken({ recoveryToken: mail.data.token });
        at(transaction, 'RECOVERY');
        assert.equal(transaction.recoveryType, 'UNLOCK');
        const done = await transaction.answer({ answer: ANSWER });
        at(done, 'SUCCESS');
        assert.equal(done.sessionToken, undefined);
        at(await signIn(user), 'SUCCESS');
      });

      for (const [kind, factorType] of [['sms', 'SMS'], ['call', 'CALL']]) {
        test(`by a code, ${kind}, and the question`, async () => {
          const user = await people.reachable(kind);
          await lock(user);
          let transaction = await client().unlockAccount({ username: user.login, factorType });
          at(transaction, 'RECOVERY_CHALLENGE');
          const sent = await message(server, user.phone, kind);
          transaction = await transaction.verify({ passCode: sent.data.code });
          at(transaction, 'RECOVERY');
          at(await transaction.answer({ answer: ANSWER }), 'SUCCESS');
          at(await signIn(user), 'SUCCESS');
        });
      }
    });
  });
}
