import { keyOf, type S3Place } from '../aws/s3-place.js';
import type { AwsKey } from '../aws/credentials.js';
import { uploadToCloudshark, type CloudsharkServer } from '../cloudshark/upload.js';
import { systemCause, systemRemedy, type Place } from '../errors/system-error.js';
import { writeWholeFile } from '../files/whole-file.js';
import { ownHttpAgents } from '../net/own-http.js';
import type { CapturedFile, UploadTarget } from './captured-file.js';

const FOLDER: Place = {
  named: { verb: 'name', noun: 'folder' },
  use: 'write to',
  missing: 'make it, or name another one',
};

/** Files in a folder, for their user alone. */
export function localTarget(folder: string): UploadTarget {
  return {
    name: 'local',
    send: async ({ name, chunks }) => {
      try {
        return await writeWholeFile(folder, name, chunks);
      } catch (error) {
        const cause = systemCause(error);
        const remedy = systemRemedy(error, FOLDER);
        throw new Error(`${folder}: ${remedy ? `${cause}; ${remedy}` : cause}`, { cause: error });
      }
    },
  };
}

/** Objects in S3; a file may want another place than the one that is configured. */
export function s3Target(configured: S3Place, key: AwsKey): UploadTarget {
  return {
    name: 's3',
    send: async ({ name, chunks, tags, s3 }, giveUp) => {
      const place = { ...configured, ...s3 };
      const object = {
        ...{ key: keyOf(place.folder, name), chunks },
        ...{ contentType: contentTypeOf(name), metadata: { tags } },
      };
      const { putObject } = await import('../aws/s3-objects.js');
      try {
        await putObject(place, key, object, giveUp, ownHttpAgents());
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        throw new Error(`bucket ${place.bucket}: ${cause}`, { cause: error });
      }
      return `s3://${place.bucket}/${object.key}`;
    },
  };
}

export function cloudsharkTarget(server: CloudsharkServer): UploadTarget {
  return {
    name: 'cloudshark',
    send: async (file: CapturedFile, giveUp) => {
      try {
        return await uploadToCloudshark(server, file, giveUp, ownHttpAgents());
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        throw new Error(`${server.host}: ${cause}`, { cause: error });
      }
    },
  };
}

/** As IANA and file(1) know them. */
function contentTypeOf(name: string): string {
  return name.endsWith('.pcapng') ? 'application/x-pcapng' : 'application/vnd.tcpdump.pcap';
}
