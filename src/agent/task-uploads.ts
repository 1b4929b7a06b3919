import { stat } from 'node:fs/promises';
import path from 'node:path';
import {
  aclProblem,
  bucketProblem,
  endpointProblem,
  folderProblem,
  regionProblem,
  type S3Place,
} from '../aws/s3-place.js';
import { systemCause } from '../errors/system-error.js';
import { UserError } from '../errors/user-error.js';
import type { OpenUpload } from '../task/described-run.js';
import type { UploadReporter } from '../task/description/file-reporters.js';
import type { UploadTarget } from '../uploads/captured-file.js';
import type * as Targets from '../uploads/targets.js';
import type { AgentConfiguration } from './configuration/configuration.js';

/** Opens uploads of tasks, with what the configuration has for those of triggers where a task leaves it out. */
export function taskUploads(
  {
    triggers,
    node,
    dataDir,
    resources,
  }: Pick<AgentConfiguration, 'triggers' | 'node' | 'dataDir' | 'resources'>,
  application: string,
): OpenUpload {
  return async (reporter, task, scope, log) => {
    // Loaded on use: few tasks upload anything.
    const [{ openUploading }, targets] = await Promise.all([
      import('../task/uploading.js'),
      import('../uploads/targets.js'),
    ]);
    return scope.own(
      await openUploading(
        {
          ...{ reporter, application, target: await targetOf(reporter, triggers, targets) },
          name: `${node.hostname}-${task.id}`,
          tags: `task:${task.id},node:${node.hostname}`,
          folder: path.join(dataDir, 'uploads', task.id, reporter.id),
          keptFolder: path.join(dataDir, 'failed', task.id, reporter.id),
          keptBounds: resources.kept,
        },
        log,
      ),
    );
  };
}

type Triggers = AgentConfiguration['triggers'];

async function targetOf(
  { id, target }: UploadReporter,
  triggers: Triggers,
  targets: typeof Targets,
): Promise<UploadTarget> {
  const refused = (cause: string, remedy: string) =>
    new UserError(`reporter ${id}`, cause, { remedy, exitStatus: 2 });
  switch (target.kind) {
    case 's3': {
      const place = placeOf(target, triggers.s3);
      const problem = problemOf(place);
      if (problem !== undefined) throw refused(`s3: ${problem}`, 'see docs/on-demand.md');
      const { id: accessId, secret: accessKey } = triggers.s3?.key ?? { id: '', secret: '' };
      const key =
        target.accessId === undefined
          ? { accessId, accessKey }
          : { accessId: target.accessId, accessKey: target.accessKey ?? '' };
      return targets.s3Target(place, key);
    }
    case 'cloudshark': {
      const above = triggers.cloudshark;
      const token = target.token ?? above?.token ?? '';
      if (token === '') throw refused('cloudshark: no token', 'give its config token');
      return targets.cloudsharkTarget({
        token,
        host: target.host ?? above?.host ?? 'www.cloudshark.org',
        scheme: target.scheme ?? above?.scheme ?? 'https',
        port: target.port ?? above?.port,
        timeoutMs: target.timeoutMs ?? above?.timeoutMs ?? 0,
        ca: target.ca ?? above?.ca ?? '',
      });
    }
    case 'local': {
      const folder = target.directory ?? triggers.general.localFolder;
      if (folder === undefined) throw refused('local: no folder', 'give its config dir');
      const problem = await stat(folder).then(
        (found) => (found.isDirectory() ? undefined : 'not a folder'),
        systemCause,
      );
      if (problem !== undefined) throw refused(`${folder}: ${problem}`, 'make the folder first');
      return targets.localTarget(folder);
    }
  }
}

function placeOf(
  target: Extract<UploadReporter['target'], { readonly kind: 's3' }>,
  above: Triggers['s3'],
): S3Place {
  return {
    bucket: target.bucket ?? above?.bucket ?? '',
    folder: target.folder ?? above?.folder ?? '',
    region: target.region ?? above?.region ?? 'us-east-1',
    endpoint: target.endpoint ?? above?.endpoint ?? '',
    acl: target.acl ?? above?.acl ?? '',
    encryption: target.encryption ?? above?.encryption ?? false,
  };
}

function problemOf({ bucket, folder, region, endpoint, acl }: S3Place): string | undefined {
  return (
    (bucket === '' ? 'no bucket' : bucketProblem(bucket)) ??
    folderProblem(folder) ??
    regionProblem(region) ??
    (endpoint === '' ? undefined : endpointProblem(endpoint)) ??
    (acl === '' ? undefined : aclProblem(acl))
  );
}
