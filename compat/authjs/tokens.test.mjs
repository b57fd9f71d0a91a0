// The official JavaScript client, two major versions of it, signing in with
// tokens: one that an administrator has made known (YubiKey), a bought one whose
// secret the user gives (HOTP, RFC 4226 appendix D), one that a vendor's server
// knows, and a page of Duo's shape, both judged by an adapter of this test.
import assert from 'node:assert/strict';
import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';

import * as authjs7 from '@okta/okta-auth-js';
import * as authjs8 from 'okta-auth-js-8';

import { startServer } from '../devserver/server.mjs';
import { must, organise } from './organisation.mjs';

const secret = Buffer.from('0123456789abcdef0123456789abcdef');
const delay = 50;

/** An adapter as docs/factor-webhook.md describes it: it knows the codes of one token. */
async function adapter(codes) {
  const used = new Set();
  const judge = (q) => {
    const shown = q.vendor === 'DUO' ? q.response : q.passCode;
    if (used.has(shown)) return 'replayed';
    if (q.vendor === 'DUO' ? shown !== `AUTH|${q.challenge}` : q.credentialId !== 'annie' || !codes.includes(shown)) return 'refused';
    used.add(shown);
    return 'accepted';
  };
  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const id = request.headers['webhook-id'];
    const want = createHmac('sha256', secret).update(`${id}.${request.headers['webhook-timestamp']}.${body}`).digest();
    const given = Buffer.from(request.headers['webhook-signature'].replace(/^v1,/, ''), 'base64');
    if (given.length !== want.length || !timingSafeEqual(given, want)) {
      response.writeHead(401).end();
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ id, result: judge(JSON.parse(body)) }));
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${http.address().port}/judge`, stop: () => new Promise((resolve) => http.close(resolve)) };
}

/** What the page does with what it is given: it makes sure who asks, and says yes. */
function page(login, signature) {
  const [asked, back] = signature.split(':');
  const [kind, text, mac] = asked.split('|');
  assert.equal(createHmac('sha256', secret).update(`${kind}|${text}`).digest('base64url'), mac);
  const [who, challenge] = Buffer.from(text, 'base64').toString().split('|');
  assert.equal(who, login);
  return `AUTH|${challenge}:${back}`;
}

/** What a YubiKey types at a use. (Yubico OTP) */
function typed({ publicId, privateId, aesKey }, uses) {
  const block = Buffer.alloc(16);
  Buffer.from(privateId, 'hex').copy(block);
  block.writeUInt16LE(uses, 6);
  let crc = 0xffff;
  for (const byte of block.subarray(0, 14)) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >> 1) ^ 0x8408 : crc >> 1;
  }
  block.writeUInt16LE(~crc & 0xffff, 14);
  const cipher = createCipheriv('aes-128-ecb', Buffer.from(aesKey, 'hex'), null).setAutoPadding(false);
  const sealed = Buffer.concat([cipher.update(block), cipher.final()]).toString('hex');
  return publicId + [...sealed].map((digit) => 'cbdefghijklnrtuv'[parseInt(digit, 16)]).join('');
}

for (const [version, { OktaAuth }] of [['7', authjs7], ['8', authjs8]]) {
  describe(`okta-auth-js ${version} with tokens`, () => {
    let server;
    let people;
    let judge;
    before(async () => {
      judge = await adapter(['111111', '222222', '333333']);
      server = await startServer(undefined, [
        '--factor-webhook', judge.url, '--factor-webhook-tokens', 'rsa', '--factor-webhook-duo', 'frames.example.net',
        '--webhook-secret', `whsec_${secret.toString('base64')}`,
      ]);
      people = await organise(server, ['hotp', 'yubikey_token', 'rsa_token', 'duo']);
    });
    after(async () => {
      await server?.stop();
      await judge?.stop();
    });

    const signIn = (user) => {
      const auth = new OktaAuth({ issuer: `${server.url}/oauth2/default`, clientId: 'none', redirectUri: `${server.url}/` });
      return auth.signInWithCredentials({ username: user.login, password: user.password });
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
    const pick = async (user, status, provider) => {
      const transaction = await signIn(user);
      at(transaction, status);
      const found = transaction.factors.find((f) => f.provider === provider);
      assert.ok(found, JSON.stringify(transaction.data));
      return found;
    };

    test('a bought token that counts', async () => {
      await must(server, 'POST', '/api/v1/org/factors/hotp/profiles', {
        name: 'Acme tokens', settings: { timeBased: false, otpLength: 6, acceptableAdjacentIntervals: 3, encoding: 'base32', hmacAlgorithm: 'HMacSHA1' },
      });
      const user = await people.careful();
      const offered = await pick(user, 'MFA_ENROLL', 'CUSTOM');
      assert.equal(offered.profiles[0].name, 'Acme tokens');
      isOver(await offered.enroll({ profile: { sharedSecret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' }, factorProfileId: offered.profiles[0].id }));
      const factor = await pick(user, 'MFA_REQUIRED', 'CUSTOM');
      assert.equal(factor.vendorName, 'Acme tokens');
      await refused(factor.verify({ passCode: '000000' }), 'E0000068');
      isOver(await factor.verify({ passCode: '755224' }));
      await refused((await pick(user, 'MFA_REQUIRED', 'CUSTOM')).verify({ passCode: '755224' }), 'E0000082');
    });

    test('a YubiKey that an administrator has made known', async () => {
      const key = { serialNumber: '7886622', publicId: 'ccccccijgibu', privateId: 'b74be6169486', aesKey: '1fcc6d8ce39bf1604e0b17f3e0a11067' };
      const token = await must(server, 'POST', '/api/v1/org/factors/yubikey_token/tokens', key);
      assert.equal(token.status, 'UNASSIGNED');
      const user = await people.careful();
      isOver(await (await pick(user, 'MFA_ENROLL', 'YUBICO')).enroll({ passCode: typed(key, 1) }));
      const factor = await pick(user, 'MFA_REQUIRED', 'YUBICO');
      assert.equal(factor.profile.credentialId, '000007886622');
      await refused(factor.verify({ passCode: typed(key, 1) }), 'E0000082');
      isOver(await factor.verify({ passCode: typed(key, 2) }));
      const [listed] = await must(server, 'GET', '/api/v1/org/factors/yubikey_token/tokens?expand=user');
      assert.equal(listed.status, 'ACTIVE');
      assert.equal(listed._embedded.user.profile.login, user.login);
    });

    test('a token that a vendor knows', async () => {
      const user = await people.careful();
      const offered = await pick(user, 'MFA_ENROLL', 'RSA');
      await refused(offered.enroll({ profile: { credentialId: 'annie' }, passCode: '999999' }), 'E0000068');
      isOver(await offered.enroll({ profile: { credentialId: 'annie' }, passCode: '111111' }));
      const factor = await pick(user, 'MFA_REQUIRED', 'RSA');
      await refused(factor.verify({ passCode: '111111' }), 'E0000082');
      isOver(await factor.verify({ passCode: '222222' }));
    });

    test("a page of a vendor's", async () => {
      const user = await people.careful();
      // As the official widget does it: the page's answer is posted as a form, then the client polls.
      const answered = async (transaction, part) => {
        const { host, signature, _links } = transaction.data._embedded.factor._embedded[part];
        assert.equal(host, 'frames.example.net');
        const body = new URLSearchParams({ id: transaction.factor.id, stateToken: transaction.data.stateToken, sig_response: page(user.login, signature) });
        const response = await fetch(_links.complete.href, { method: 'POST', body });
        assert.equal(response.status, 200, await response.text());
        return transaction.poll({ delay });
      };
      let transaction = await (await pick(user, 'MFA_ENROLL', 'DUO')).enroll();
      at(transaction, 'MFA_ENROLL_ACTIVATE');
      isOver(await answered(transaction, 'activation'));
      transaction = await (await pick(user, 'MFA_REQUIRED', 'DUO')).verify();
      at(transaction, 'MFA_CHALLENGE');
      isOver(await answered(transaction, 'verification'));
    });
  });
}
