import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { runCommand } from './run-command.js';
import { tempFolder } from './temp-folder.js';

test('how the process of a test file ended is said where it failed without a test', async (t) => {
  const folder = await tempFolder(t);
  const write = async (name: string, text: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, text);
    return file;
  };
  const files = [
    await write('killed.test.mjs', "process.kill(process.pid, 'SIGKILL');\n"),
    await write('left.test.mjs', 'process.exit(3);\n'),
  ];
  // A file, since Node's runner starts its processes with this one's options, --eval among them.
  const runner = await write(
    'runner.mjs',
    `import { runTestFiles } from ${JSON.stringify(import.meta.resolve('./run-test-files.js'))};
    // Else the runner takes itself for one within another, and runs nothing.
    delete process.env.NODE_TEST_CONTEXT;
    const complaints = await runTestFiles(${JSON.stringify(files)}, {
      signal: new AbortController().signal, skipAllowed: true, folder: ${JSON.stringify(folder)},
    });
    console.log(complaints.at(-1));
    `,
  );
  const said = await runCommand(process.execPath, runner);
  assert.match(said, /killed\.test\.mjs \(its process was ended by SIGKILL\)/);
  assert.match(said, /left\.test\.mjs \(its process ended with status 3\)/);
});
