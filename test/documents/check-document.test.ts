import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';

import { checkDocument, fittedValue } from '#kcap/documents/check-document.js';
import { DocumentError } from '#kcap/documents/document-error.js';
import { textDocument } from '#kcap/documents/read-document.js';
import { checkTask } from '#kcap/task/description/read-task.js';
import { TASK } from '#kcap/task/description/task.js';

const SCHEMA = z.strictObject({
  number: z.int().optional(),
  flag: z.boolean().optional(),
  choice: z.union([z.literal(2), z.literal(3)]).optional(),
  either: z.union([z.boolean(), z.strictObject({ size: z.int() })]).optional(),
  list: z.array(z.string()).optional(),
  parts: z.array(
    z.discriminatedUnion('name', [z.strictObject({ name: z.literal('a'), of: z.int() })]),
  ),
});

async function checked(text: string, environment: Record<string, string>): Promise<unknown> {
  return checkDocument(await textDocument('a.yaml', text, { environment }), SCHEMA);
}

describe('what comes from the environment', () => {
  const text = `
number: \${N}
flag: \${F}
choice: \${C}
either: \${E}
list: \${L}
parts: [{name: a, of: "\${N:-7}"}]
`;

  test('becomes what stands in its place: a number, true or false, a choice, a list', async () => {
    const environment = { N: '-5', F: 'TRUE', C: '3', E: 'false', L: 'x, y' };
    assert.deepEqual(await checked(text, environment), {
      ...{ number: -5, flag: true, choice: 3, either: false, list: ['x', 'y'] },
      parts: [{ name: 'a', of: -5 }],
    });
  });

  test('is refused as the text that it is where it can be no such thing', async () => {
    await assert.rejects(
      checked('number: ${N}\nflag: ${F}\nchoice: ${C}\nparts: []\n', { N: '5x', F: 'yes', C: '4' }),
      (error) => {
        assert.ok(error instanceof DocumentError);
        assert.deepEqual(
          error.each.map(({ message }) => message.replace(/^a\.yaml, line \d, column \d+: /, '')),
          [
            'number: a text where a number should be',
            'flag: a text where true or false should be',
            "choice: '4': no such choice",
          ],
        );
        return true;
      },
    );
  });

  test('but a text in the document stays one', async () => {
    await assert.rejects(
      checked('number: "5"\nparts: []\n', {}),
      /a text where a number should be/,
    );
  });

  test('is in the document that goes to an agent, which has no such environment', async () => {
    const yaml = `
id: a
interface: lo
workers: \${W}
reporters:
  - {name: frames, config: {topic: t, pack: "\${PACK}", identify: "\${ID:-true}"}, max_retries: "\${R}"}
`;
    const environment = { W: '2', PACK: 'true', R: '3' };
    const document = await textDocument('task.yaml', yaml, { environment });
    const task = await checkTask(document);
    assert.equal(task.workers, 2);
    assert.deepEqual(fittedValue(document, TASK), {
      ...{ id: 'a', interface: 'lo', workers: 2 },
      reporters: [
        { name: 'frames', config: { topic: 't', pack: true, identify: true }, max_retries: 3 },
      ],
    });
  });
});
