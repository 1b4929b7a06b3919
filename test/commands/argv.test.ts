import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { expandShortOptions, keepLast, type OptionForm } from '#kcap/commands/argv.js';
import { usageError } from '#kcap/errors/user-error.js';

const flag = (long: string): OptionForm => ({ long, takesValue: false });
const valued = (long: string): OptionForm => ({ long, takesValue: true });
const FORMS = new Map([
  ['p', flag('producer')],
  ['c', flag('consumer')],
  ['e', flag('exit')],
  ['k', valued('kafka-broker')],
  ['m', valued('max-packets')],
  ['o', valued('kafka-offset')],
  ['r', valued('read')],
  ['X', valued('kafka-config')],
  ['pp', valued('pretty-print')],
  ['ll', valued('log-level')],
  ['from', valued('from')],
  ['drain-timeout', valued('drain-timeout')],
]);

describe('a command line', () => {
  // Words are separated by spaces here.
  const cases: [argv: string, expanded: string][] = [
    ['', ''],
    ['-c', '--consumer'],
    ['-c -e', '--consumer --exit'],
    ['-ce', '--consumer --exit'],
    ['-m 10', '--max-packets=10'],
    ['-m10', '--max-packets=10'],
    ['-m=10', '--max-packets=10'],
    ['-cem10', '--consumer --exit --max-packets=10'],
    ['-cem 10', '--consumer --exit --max-packets=10'],
    ['-mce', '--max-packets=ce'],
    // A value may begin with a minus, or be one.
    ['-o -10', '--kafka-offset=-10'],
    ['-o-10', '--kafka-offset=-10'],
    ['-r -', '--read=-'],
    ['-r-', '--read=-'],
    ['-k -c', '--kafka-broker=-c'],
    ['-o -- -c', '--kafka-offset=-- --consumer'],
    ['--from -15m', '--from=-15m'],
    ['--from=-15m', '--from=-15m'],
    ['--max-packets 10', '--max-packets=10'],
    ['--max-packets=10', '--max-packets=10'],
    ['--drain-timeout 0.5 -c', '--drain-timeout=0.5 --consumer'],
    // pycapa's two letters, which otherwise would be two flags or a flag and a value.
    ['-pp 5', '--pretty-print=5'],
    ['-pp5', '--pretty-print=5'],
    ['-p -pp 5', '--producer --pretty-print=5'],
    ['-ppp', '--pretty-print=p'],
    ['-cpp 5', '--consumer --pretty-print=5'],
    ['-pc', '--producer --consumer'],
    ['-ll DEBUG', '--log-level=DEBUG'],
    ['-ll=debug', '--log-level=debug'],
    ['-llDEBUG', '--log-level=DEBUG'],
    // Of several equals signs only the one after the option belongs to it.
    ['-X a=b=c', '--kafka-config=a=b=c'],
    ['-Xa=b=c', '--kafka-config=a=b=c'],
    ['-X=a=b', '--kafka-config=a=b'],
    ['-X a=1 -X b=2', '--kafka-config=a=1 --kafka-config=b=2'],
    ['-X a=', '--kafka-config=a='],
    // The end of the options.
    ['-c -- -e -m 10', '--consumer -- -e -m 10'],
    ['--', '--'],
    // Not known: left as it is.
    ['-z', '-z'],
    ['-z 5', '-z 5'],
    ['-cz', '-cz'],
    ['-c5', '-c5'],
    ['-l DEBUG', '-l DEBUG'],
    ['--unknown -c', '--unknown --consumer'],
    ['--unknown=1', '--unknown=1'],
    ['--no-promiscuous', '--no-promiscuous'],
    ['-interface', '-interface'],
    // No options at all.
    ['broker', 'broker'],
    ['-', '-'],
    ['-5', '-5'],
    ['devices -c', 'devices --consumer'],
    ['--consumer', '--consumer'],
  ];
  for (const [argv, expanded] of cases) {
    test(`'${argv}' means '${expanded}'`, () => {
      assert.equal(expandShortOptions(wordsOf(argv), FORMS).join(' '), expanded);
    });
  }

  test('may have values with spaces, and empty ones', () => {
    assert.deepEqual(expandShortOptions(['-k', 'a b', '-X', '', '--from', ''], FORMS), [
      '--kafka-broker=a b',
      '--kafka-config=',
      '--from=',
    ]);
  });

  for (const argv of ['-m', '-c -m', '-cem', '-pp', '--max-packets', '--from']) {
    test(`'${argv}' lacks a value`, () => {
      const option = wordsOf(argv).at(-1) ?? '';
      assert.throws(
        () => expandShortOptions(wordsOf(argv), FORMS),
        usageError(option, 'its value is missing', "see 'kcap --help'"),
      );
    });
  }
});

describe('of an option that is given twice', () => {
  const cases: [words: string, kept: string][] = [
    ['--a=1 --a=2', '--a=2'],
    ['--a=1 --b=1 --a=2', '--b=1 --a=2'],
    ['--a=1 --a=2 --a=3 --b=4', '--a=3 --b=4'],
    ['--a=1 --a=1', '--a=1'],
    ['--a=x=y --a=z', '--a=z'],
    ['--kafka-config=a=1 --kafka-config=b=2', '--kafka-config=a=1 --kafka-config=b=2'],
    ['--consumer --consumer', '--consumer --consumer'],
    ['x x', 'x x'],
  ];
  for (const [words, kept] of cases) {
    test(`the last one counts, unless it is repeatable: '${words}'`, () => {
      assert.equal(keepLast(wordsOf(words), new Set(['kafka-config'])).join(' '), kept);
    });
  }

  test('the last one counts also where its value has several lines', () => {
    assert.deepEqual(keepLast(['--a=1\n2', '--a=3\n4'], new Set()), ['--a=3\n4']);
  });

  test('nothing is left out after the end of the options', () => {
    const words = wordsOf('--a=1 -- --a=2');
    assert.deepEqual(keepLast(words, new Set()), words);
  });
});

function wordsOf(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}
