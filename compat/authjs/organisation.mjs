// An organisation in which everything about factors can be asked for, set up by
// the management API as its administrator would.
import assert from 'node:assert/strict';

import { manage } from '../devserver/server.mjs';

export const PASSWORD = 'Correct-Horse-7-Battery';
export const ANSWER = 'Annie Oakley';

export const must = async (server, method, path, body) => {
  const { status, json } = await manage(server, method, path, body);
  assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(json)}`);
  return json;
};

const FACTORS = ['okta_question', 'okta_otp', 'google_otp', 'okta_sms', 'okta_call', 'okta_email', 'okta_push'];

/**
 * Makes the group of those who are asked for a further factor, with its
 * policies, and opens recovery and unlocking by every way. Gives calls that make
 * users in it, who may enrol every factor or those that are named, and are asked
 * for one always, or once on a DEVICE.
 */
export async function organise(server, factors = FACTORS, factorPromptMode = 'ALWAYS') {
  const group = await must(server, 'POST', '/api/v1/groups', { profile: { name: 'Careful people' } });
  const people = { people: { groups: { include: [group.id] } } };
  const enrol = Object.fromEntries(factors.map((key) => [key, { enroll: { self: 'OPTIONAL' }, consent: { type: 'NONE' } }]));
  const enrolment = await must(server, 'POST', '/api/v1/policies', {
    type: 'MFA_ENROLL', name: 'Every factor', status: 'ACTIVE', conditions: people, settings: { factors: enrol },
  });
  await must(server, 'POST', `/api/v1/policies/${enrolment.id}/rules`, { type: 'MFA_ENROLL', name: 'When asked', actions: { enroll: { self: 'CHALLENGE' } } });
  const signOn = await must(server, 'POST', '/api/v1/policies', { type: 'OKTA_SIGN_ON', name: 'A further factor', status: 'ACTIVE', conditions: people });
  await must(server, 'POST', `/api/v1/policies/${signOn.id}/rules`, {
    type: 'SIGN_ON', name: 'Always', actions: { signon: { access: 'ALLOW', requireFactor: true, factorPromptMode, session: { usePersistentCookie: false } } },
  });
  const [passwords] = await must(server, 'GET', '/api/v1/policies?type=PASSWORD');
  passwords.settings.password.age = { maxAgeDays: 30, expireWarnDays: 5, minAgeMinutes: 0, historyCount: 5 };
  passwords.settings.password.lockout.maxAttempts = 3;
  for (const way of ['okta_email', 'okta_sms', 'okta_call', 'recovery_question']) passwords.settings.recovery.factors[way].status = 'ACTIVE';
  await must(server, 'PUT', `/api/v1/policies/${passwords.id}`, passwords);
  const [rule] = await must(server, 'GET', `/api/v1/policies/${passwords.id}/rules`);
  rule.actions.selfServiceUnlock.access = 'ALLOW';
  await must(server, 'PUT', `/api/v1/policies/${passwords.id}/rules/${rule.id}`, rule);

  let count = 0;
  const user = async (groupIds) => {
    count += 1;
    const login = `person${count}@example.com`;
    const made = await must(server, 'POST', '/api/v1/users?activate=true', {
      profile: { firstName: 'Annie', lastName: 'Example', email: login, login },
      credentials: { password: { value: PASSWORD }, recovery_question: { question: 'Who was first?', answer: ANSWER } },
      groupIds,
    });
    return { id: made.id, login, password: PASSWORD, phone: `+1555010${String(count).padStart(4, '0')}` };
  };
  return {
    /** A user who is asked for a further factor. */
    careful: () => user([group.id]),
    /** A user whose password is enough. */
    plain: () => user([]),
    /** A user whose password is enough, with a phone that recovery can use. */
    async reachable(factorType) {
      const u = await user([]);
      await must(server, 'PUT', `/api/v1/groups/${group.id}/users/${u.id}`);
      await must(server, 'POST', `/api/v1/users/${u.id}/factors?activate=true`, { factorType, provider: 'OKTA', profile: { phoneNumber: u.phone } });
      await must(server, 'DELETE', `/api/v1/groups/${group.id}/users/${u.id}`);
      return u;
    },
  };
}
