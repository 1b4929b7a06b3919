import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';

import { freePort } from '../support/free-port.js';
import { kcap } from '../support/kcap.js';
import { repository } from '../support/repository.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic } from '../support/topic.js';

/** Has a shell run a script that finds kcap on its PATH; what it says. */
async function inShell(
  t: TestContext,
  shell: readonly [string, ...string[]],
  script: string,
): Promise<string> {
  const folder = await tempFolder(t);
  await symlink(`${repository}bin/kcap`, path.join(folder, 'kcap'));
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder };
  const [program, ...args] = shell;
  const { stdout } = await promisify(execFile)(program, [...args, script], {
    ...{ env, cwd: repository, timeout: 30_000 },
  });
  return stdout;
}

/** Completes as bash does when TAB is pressed; the words that come, in a line each. */
function bashScript(line: string, words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  return `eval "$(kcap completion bash)"
    COMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}
    _kcap; printf '%s\\n' "\${COMPREPLY[@]}"`;
}

for (const [before, text] of [
  ['', 'without bash-completion'],
  ['source /usr/share/bash-completion/bash_completion\n', 'with bash-completion'],
] as const)
  test(`bash, ${text}, completes options and values`, async (t) => {
    const ask = (line: string, ...words: string[]) =>
      inShell(t, ['bash', '-c'], before + bashScript(line, words));
    assert.equal(
      await ask('kcap -p --pack-', 'kcap', '-p', '--pack-'),
      '--pack-size\n--pack-time\n',
    );
    assert.equal(await ask('kcap -c --order a', 'kcap', '-c', '--order', 'a'), 'arrival\n');
  });

test('bash completes what stands behind an equals sign', async (t) => {
  const line = 'kcap -c --order=a';
  const words = ['kcap', '-c', '--order', '=', 'a'];
  const source = 'source /usr/share/bash-completion/bash_completion\n';
  assert.equal(await inShell(t, ['bash', '-c'], source + bashScript(line, words)), 'arrival\n');
});

test('bash runs nothing that stands on the command line', async (t) => {
  const planted = path.join(await tempFolder(t), 'planted');
  const word = `$(touch ${planted})`;
  await inShell(t, ['bash', '-c'], bashScript('kcap -f x --', ['kcap', '-f', word, '--']));
  assert.ok(!existsSync(planted));
});

test('fish completes, with what each word is', async (t) => {
  const script = 'kcap completion fish | source; complete -C "kcap -p --pack-"';
  assert.equal(
    await inShell(t, ['fish', '-c'], script),
    '--pack-size\tlongest packed message (64K)\n' +
      '--pack-time\thow long the first packet of a message waits for others (50)\n',
  );
});

test('zsh completes at a terminal', async (t) => {
  const script = `
    zmodload zsh/zpty
    zpty z 'zsh -f -i'
    zpty -w z 'PS1=; autoload -Uz compinit && compinit -u -D; eval "$(kcap completion zsh)"; print REA""DY'
    zpty -r -m z out '*READY*'
    zpty -w -n z $'kcap -p --pack-\\t'
    zpty -r -m z out '*longest packed message*'
    print -r -- $out`;
  assert.match(
    await inShell(t, ['zsh', '-f', '-c'], script),
    /--pack-size +-- longest packed message/,
  );
});

test('interfaces, properties and users are known', async (t) => {
  for (const [words, expected] of [
    [['-p', '-i', 'l'], /^lo\t/m],
    [['-X', 'linger'], /^linger\.ms=\t$/m],
    [['-p', '-Z', 'r'], /^root\t$/m],
    [['--help', '--ver'], /^--version\t/m],
  ] as const) {
    const run = kcap(t, ['completion', '--candidates', '--', ...words]);
    assert.equal((await run.exit).status, 0, run.stderr);
    assert.match(run.stdout.toString(), expected);
  }
});

test("topics are those of the command line's brokers", async (t) => {
  const topic = await freshTopic(t);
  const ask = async (...words: string[]) => {
    const run = kcap(t, ['completion', '--candidates', '--', ...words]);
    assert.equal((await run.exit).status, 0, run.stderr);
    assert.equal(run.stderr, '');
    return run.stdout.toString();
  };
  for (const brokers of [['-k', testBrokers()], [`-Xbootstrap.servers=${testBrokers()}`]])
    assert.equal(await ask('-c', ...brokers, '-t', topic), `${topic}\t\n`);
  assert.equal(await ask('-c', '-t', ''), '', 'no brokers');
  const port = await freePort();
  assert.equal(await ask('-c', '-k', `127.0.0.1:${port}`, '-t', ''), '', 'nobody there');
});

test('completion without a name is for the shell of $SHELL', async (t) => {
  const env = { ...process.env, SHELL: '/usr/bin/zsh' };
  const run = kcap(t, ['completion'], { env });
  await run.exit;
  assert.match(run.stdout.toString(), /^#compdef kcap$/m);
  for (const [args, shell] of [
    [[], '/bin/ksh'],
    [['tcsh'], '/bin/bash'],
  ] as const) {
    const other = kcap(t, ['completion', ...args], { env: { ...process.env, SHELL: shell } });
    assert.equal((await other.exit).status, 2);
    assert.match(other.stderr, /'kcap completion bash\|zsh\|fish'/);
  }
});
