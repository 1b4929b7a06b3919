import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';

import { cloudsharkStandIn } from '../support/cloudshark-server.js';
import { kcap } from '../support/kcap.js';
import { motoServer } from '../support/moto-server.js';
import { numberedFrame } from '../support/numbered-frames.js';
import { readPcap } from '../support/pcap-file.js';
import { redisServer } from '../support/redis-server.js';
import { tempFolder } from '../support/temp-folder.js';
import { sendFrames } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

const FRAMES = Array.from({ length: 10 }, (_, number) => numberedFrame(number, 100));

test(
  'an alert becomes a capture in a folder, S3 and CloudShark, whatever is away meanwhile',
  { skip: noVeth },
  async (t) => {
    const [veth, redis, moto, shark, folder] = await Promise.all([
      ...[vethPair(t), redisServer(t), motoServer(t), cloudsharkStandIn(t), tempFolder(t)],
    ] as const);
    const local = path.join(folder, 'captures');
    await mkdir(local);
    const client = new S3Client({
      ...{ region: 'us-east-1', endpoint: moto.endpoint, forcePathStyle: true },
      credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret-access-key' },
    });
    t.after(() => {
      client.destroy();
    });
    const makeBucket = () => client.send(new CreateBucketCommand({ Bucket: 'pcaps' }));
    await makeBucket();
    const socket = path.join(folder, 'agent.sock');
    const config = path.join(folder, 'pcapdaemon.toml');
    await writeFile(
      config,
      `
data_dir = "${folder}"
[node]
hostname = "fw"
[control]
socket = "${socket}"
[metrics]
enabled = false

[general]
writelocal = true
localdir = "${local}"
maxpackets = 100
[[interface]]
name = "${veth.inside}"
alias = ["public"]
[redis]
listen = true
host = "127.0.0.1"
port = ${redis.port}
[cloudshark]
upload = true
host = "localhost"
port = ${shark.port}
token = "${shark.token}"
ca = "${shark.ca}"
[s3]
upload = true
accessid = "AKIAEXAMPLE"
accesskey = "secret-access-key"
endpoint = "${moto.endpoint}"
bucket = "pcaps"
folder = "alerts"
`,
    );
    const agent = kcap(t, ['agent', '--config', config]);
    await agent.waitForLog(({ event }) => event === 'agent-started', 30_000);
    await redis.subscribed('capture');

    const message = { node: 'any', alias: ['public'], alertid: 7, packets: 4 };
    await redis.publish('capture', JSON.stringify(message));
    await agent.waitForLog(({ event }) => event === 'capture-started');
    await sendFrames(veth, FRAMES);
    const ended = await agent.waitForLog(({ event }) => event === 'capture-ended', 30_000);
    const file = String(ended['file']);
    assert.equal(ended['result'], 'sent', agent.stderr);
    const packets = readPcap(await readFile(path.join(local, file))).packets;
    assert.deepEqual(
      packets.map(({ frame }) => frame),
      FRAMES.slice(0, 4),
    );
    const { Contents: objects = [] } = await client.send(
      new ListObjectsV2Command({ Bucket: 'pcaps' }),
    );
    assert.deepEqual(
      objects.map(({ Key: key }) => key),
      [`alerts/${file}`],
    );
    const [uploaded] = shark.uploads;
    assert.equal(uploaded?.filename, file);
    assert.equal(
      uploaded.tags,
      `alertid:7,alias:public,node:fw,interface:${veth.inside},snaplength:65535`,
    );

    // The socket, with two of the targets away.
    await Promise.all([moto.kill(), shark.stop()]);
    const asked = path.join(folder, 'message.json');
    await writeFile(asked, JSON.stringify({ node: 'fw', interface: [veth.inside], packets: 10 }));
    const asking = kcap(t, ['task', 'capture', '-f', asked, '--socket', socket]);
    await agent.waitForLog(
      ({ event, source }) => event === 'capture-started' && source === 'socket',
    );
    await sendFrames(veth, FRAMES);
    assert.equal((await asking.exit).status, 1);
    const said = asking.stdout.toString();
    assert.match(said, /^fw-\S+-\d+\.pcap: 10 packet\(s\), 1,184 bytes, ended by packets\n/);
    assert.match(said, /\n {2}\S*\/captures\/fw-\S+\.pcap\n/);
    assert.match(
      said,
      /\n {2}s3: bucket pcaps: .*ECONNREFUSED.*, kept as \S*\/failed\/fw-\S+\.pcap\n/,
    );
    assert.match(said, /\n {2}cloudshark: localhost: .*ECONNREFUSED.*, kept as /);
    assert.equal((await readdir(local)).length, 2);

    const refused = kcap(t, ['task', 'capture', '-f', '-', '--socket', socket], {
      stdin: Buffer.from(JSON.stringify({ node: 'any', interface: ['lo'], packets: 101 })),
    });
    assert.equal((await refused.exit).status, 2);
    assert.match(
      refused.stderr,
      /^kcap: agent at .*: capture message: packets: 101 is above maxpackets \(100\)$/m,
    );
    assert.doesNotMatch(agent.stderr, /secret-access-key|f0e1d2c3/);

    // Killed, and started again once they are back.
    agent.signal('SIGKILL');
    await agent.exit;
    await Promise.all([moto.restart(), shark.restart()]);
    await makeBucket();
    const second = kcap(t, ['agent', '--config', config]);
    const sent = () => second.records.filter(({ event }) => event === 'capture-sent');
    await second.waitForLog(() => sent().length === 2, 30_000);
    assert.deepEqual(
      sent()
        .map(({ target }) => target)
        .sort(),
      ['cloudshark', 's3'],
    );
    assert.equal(shark.uploads.length, 2);
    assert.equal(shark.uploads[1]?.bytes.length, 1184);
    second.signal('SIGTERM');
    assert.equal((await second.exit).status, 0);
    assert.deepEqual(await readdir(path.join(folder, 'failed')), []);
  },
);
