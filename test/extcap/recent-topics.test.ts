import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { interfaceName, recentTopics, rememberTopic } from '#kcap/extcap/recent-topics.js';
import { tempFolder } from '../support/temp-folder.js';

function recent(topic: string, brokers = 'localhost:9092') {
  return { brokers, topic, propertiesFile: undefined };
}

test('the topics read last come first, each once, and only a few', async (t) => {
  const file = path.join(await tempFolder(t), 'state/kcap/wireshark.json');
  assert.deepEqual(recentTopics(file), []);
  for (const topic of ['a', 'b', 'c', 'd', 'e', 'f', 'b']) rememberTopic(recent(topic), file);
  assert.deepEqual(
    recentTopics(file).map(({ topic }) => topic),
    ['b', 'f', 'e', 'd', 'c'],
  );
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(path.dirname(file)), ['wireshark.json']);
});

test('of the properties only the path of their file is stored', async (t) => {
  const file = path.join(await tempFolder(t), 'wireshark.json');
  rememberTopic({ ...recent('a'), propertiesFile: '/home/anna/kafka.properties' }, file);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), [
    { brokers: 'localhost:9092', topic: 'a', propertiesFile: '/home/anna/kafka.properties' },
  ]);
});

test('a damaged file, and entries that no command line would take, are left out', async (t) => {
  const file = path.join(await tempFolder(t), 'wireshark.json');
  for (const text of ['', '{', '{}', 'null', '[null, 1, "a"]']) {
    await writeFile(file, text);
    assert.deepEqual(recentTopics(file), [], text);
  }
  const entries = [
    { brokers: 'localhost:9092', topic: 'a b' },
    { brokers: 'http://localhost', topic: 'a' },
    { brokers: '', topic: 'a' },
    { brokers: 'localhost', topic: 'good', propertiesFile: 7 },
  ];
  await writeFile(file, JSON.stringify(entries));
  assert.deepEqual(recentTopics(file), [recent('good', 'localhost')]);
});

test('an interface has the same name each time, another one for each topic, and fit for a file', () => {
  assert.equal(interfaceName(recent('pcap')), 'kcap-pcap-7127e4');
  const names = [recent('pcap'), recent('Pcap'), recent('pcap', 'other:9092')].map(interfaceName);
  assert.equal(new Set(names).size, 3);
  assert.match(interfaceName(recent('x'.repeat(249))), /^kcap-x{40}-[0-9a-f]{6}$/);
});
