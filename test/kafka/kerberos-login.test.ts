import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';

import { renewalProperties } from '#kcap/kafka/kerberos-login.js';

import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';

const KERBEROS = [['security.protocol', 'SASL_PLAINTEXT']] as const;
const KINIT = 'sasl.kerberos.kinit.cmd';

describe('the ticket of a run', () => {
  test('is renewed with the keytab, whatever characters the names have', async (t) => {
    const folder = await tempFolder(t);
    const kinit = path.join(folder, 'kinit');
    await writeFile(
      kinit,
      `#!/bin/sh\nprintf '%s\\n' "$@" >${folder}/arguments\necho x; echo y >&2\n`,
    );
    await chmod(kinit, 0o755);
    const keytab = '/a b/it\'s $(exit 1) "q" %{sasl.password}';
    const properties = renewalProperties(
      new Map([
        ...KERBEROS,
        ['sasl.kerberos.keytab', keytab],
        ['sasl.kerberos.principal', 'a;b@C'],
      ]),
    );
    const command = properties.get(KINIT) ?? '';
    // librdkafka puts the values of properties there.
    assert.ok(!command.includes('%{'));
    assert.equal(await runCommand('env', `PATH=${folder}:/usr/bin:/bin`, 'sh', '-c', command), '');
    const given = await readFile(path.join(folder, 'arguments'), 'utf8');
    assert.equal(given, ['-k', '-t', keytab, 'a;b@C', ''].join('\n'));
  });

  test('is taken as it is where there is no keytab', () => {
    const cached = new Map([['sasl.kerberos.min.time.before.relogin', '0']]);
    assert.deepEqual(renewalProperties(new Map(KERBEROS)), cached);
    assert.deepEqual(
      renewalProperties(new Map([...KERBEROS, ['sasl.kerberos.keytab', '']])),
      cached,
    );
  });

  test('is the matter of a command that the user gave, and of nobody without Kerberos', () => {
    assert.equal(renewalProperties(new Map([...KERBEROS, [KINIT, 'kinit me']])).size, 0);
    assert.equal(renewalProperties(new Map([['sasl.kerberos.keytab', 'x']])).size, 0);
    assert.equal(renewalProperties(new Map([...KERBEROS, ['sasl.mechanism', 'PLAIN']])).size, 0);
  });
});
