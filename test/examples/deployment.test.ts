import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

import { checkConfiguration } from '#kcap/agent/configuration/read-configuration.js';
import { textDocument } from '#kcap/documents/read-document.js';
import { repository } from '../support/repository.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';

const UNIT = `${repository}examples/kcap-agent.service`;

test('systemd finds nothing wrong with the unit', async (t) => {
  const unit = await readFile(UNIT, 'utf8');
  assert.match(
    unit,
    /^ExecStart=\/usr\/local\/bin\/kcap agent --config \/etc\/kcap\/agent\.yaml$/m,
  );
  // A program that is there, whether or not kcap is installed.
  const file = path.join(await tempFolder(t), 'kcap-agent.service');
  await writeFile(file, unit.replace('/usr/local/bin/kcap', '/bin/true'));
  const said = await runCommand('sh', '-c', 'systemd-analyze --man=no verify "$0" 2>&1', file);
  assert.equal(said, '');
});

test("the unit is confined as the producer's is", async () => {
  const confinement = (text: string) =>
    text
      .split('\n')
      .filter((line) =>
        /^(Ambient|Capability|NoNew|Restrict(?!=|ed|Sec)|Protect|Private|Lock|SystemCall|DynamicUser|UMask)/.test(
          line,
        ),
      )
      .toSorted();
  const [agent, producer] = await Promise.all(
    [UNIT, `${repository}docs/kcap.service`].map((file) => readFile(file, 'utf8')),
  );
  assert.deepEqual(confinement(agent ?? ''), confinement(producer ?? ''));
});

/** What the API of Kubernetes (apps/v1, v1) takes of what the manifest uses: any other key is a mistake. */
const NAME = z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
const QUANTITY = z.string().regex(/^\d+(m|Ki|Mi|Gi)?$/);
const LABELS = z.record(z.string().regex(/^([a-z0-9.-]+\/)?[\w.-]+$/), z.string());
const METADATA = z.strictObject({
  name: NAME,
  namespace: NAME.optional(),
  labels: LABELS.optional(),
  annotations: LABELS.optional(),
});
const PROBE = z.strictObject({
  httpGet: z.strictObject({ path: z.string().startsWith('/'), port: NAME }),
  periodSeconds: z.int().min(1),
});
const CONTAINER = z.strictObject({
  name: NAME,
  image: z.string(),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z
    .array(
      z.strictObject({
        name: z.string(),
        valueFrom: z.strictObject({
          fieldRef: z.strictObject({ fieldPath: z.enum(['spec.nodeName', 'status.hostIP']) }),
        }),
      }),
    )
    .optional(),
  ports: z.array(z.strictObject({ name: NAME, containerPort: z.int() })).optional(),
  livenessProbe: PROBE.optional(),
  readinessProbe: PROBE.optional(),
  resources: z
    .strictObject({
      requests: z.strictObject({ cpu: QUANTITY, memory: QUANTITY }),
      limits: z.strictObject({ memory: QUANTITY }),
    })
    .optional(),
  securityContext: z.strictObject({
    runAsUser: z.int(),
    runAsNonRoot: z.boolean().optional(),
    allowPrivilegeEscalation: z.boolean(),
    readOnlyRootFilesystem: z.boolean().optional(),
    capabilities: z.strictObject({ drop: z.array(z.string()), add: z.array(z.string()) }),
  }),
  volumeMounts: z.array(
    z.strictObject({
      name: NAME,
      mountPath: z.string().startsWith('/'),
      readOnly: z.boolean().optional(),
    }),
  ),
});
const VOLUME = z.strictObject({
  name: NAME,
  configMap: z.strictObject({ name: NAME }).optional(),
  emptyDir: z.strictObject({ medium: z.literal('Memory').optional() }).optional(),
  hostPath: z
    .strictObject({ path: z.string().startsWith('/'), type: z.literal('DirectoryOrCreate') })
    .optional(),
});
const MANIFEST = z.discriminatedUnion('kind', [
  z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('Namespace'), metadata: METADATA }),
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('ConfigMap'),
    metadata: METADATA,
    data: z.record(z.string(), z.string()),
  }),
  z.strictObject({
    apiVersion: z.literal('apps/v1'),
    kind: z.literal('DaemonSet'),
    metadata: METADATA,
    spec: z.strictObject({
      selector: z.strictObject({ matchLabels: LABELS }),
      template: z.strictObject({
        metadata: METADATA.partial(),
        spec: z.strictObject({
          hostNetwork: z.boolean(),
          dnsPolicy: z.literal('ClusterFirstWithHostNet'),
          automountServiceAccountToken: z.boolean(),
          terminationGracePeriodSeconds: z.int(),
          tolerations: z.array(
            z.strictObject({ operator: z.literal('Exists'), effect: z.literal('NoSchedule') }),
          ),
          containers: z.array(CONTAINER),
          initContainers: z.array(CONTAINER),
          volumes: z.array(VOLUME),
        }),
      }),
    }),
  }),
]);

async function manifests() {
  const text = await readFile(`${repository}examples/kubernetes/daemonset.yaml`, 'utf8');
  return parseAllDocuments(text).map((document) => {
    assert.deepEqual(document.errors, []);
    return MANIFEST.parse(document.toJS());
  });
}

test("Kubernetes' objects have its keys, and fit together", async () => {
  const objects = await manifests();
  const daemonSet = objects.find((object) => object.kind === 'DaemonSet');
  assert(daemonSet);
  const { selector, template } = daemonSet.spec;
  for (const [label, value] of Object.entries(selector.matchLabels))
    assert.equal(template.metadata.labels?.[label], value);
  const { containers, initContainers, volumes } = template.spec;
  for (const { volumeMounts } of [...containers, ...initContainers])
    for (const { name } of volumeMounts)
      assert(
        volumes.some((volume) => volume.name === name),
        name,
      );
  const [agent] = containers;
  assert(agent);
  assert.deepEqual(agent.args, ['agent', '--config', '/etc/kcap/agent.yaml']);
  assert.equal(agent.livenessProbe?.httpGet.port, agent.ports?.[0]?.name);
});

test("the agent's configuration in the ConfigMap is one", async () => {
  const configMap = (await manifests()).find((object) => object.kind === 'ConfigMap');
  const environment = { NODE_NAME: 'node-1', NODE_IP: '10.0.0.1' };
  const document = await textDocument('agent.yaml', configMap?.data['agent.yaml'] ?? '', {
    environment,
  });
  const { node, metrics } = checkConfiguration(document, { environment });
  assert.equal(node.hostname, 'node-1');
  assert.equal(metrics.listen.port, 9091);
});

test('the image takes the package, and runs the agent without root', async () => {
  const text = await readFile(`${repository}examples/Containerfile`, 'utf8');
  const steps = text
    .replaceAll(/^ *#.*\n/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => /^([A-Z]+) (.*)$/.exec(line)?.slice(1) ?? [line]);
  const known = ['FROM', 'RUN', 'COPY', 'ENV', 'USER', 'VOLUME', 'ENTRYPOINT', 'CMD'];
  for (const [step = ''] of steps) assert(known.includes(step), step);
  const valueOf = (step: string) => steps.findLast(([name]) => name === step)?.[1];
  assert.equal(valueOf('USER'), '10001');
  assert.deepEqual(JSON.parse(valueOf('ENTRYPOINT') ?? ''), ['kcap']);
  assert.deepEqual(JSON.parse(valueOf('CMD') ?? ''), ['agent', '--config', '/etc/kcap/agent.yaml']);
  assert.match(text, /^COPY install\/needs kcap-\*\.tgz \/build\/$/m);
  assert.match(await readFile(`${repository}install/needs`, 'utf8'), /^build-essential /);
});
