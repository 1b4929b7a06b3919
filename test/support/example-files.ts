import { readdir } from 'node:fs/promises';

import { repository } from './repository.js';

/** Paths of the files below examples/FOLDER, from the repository's root on. */
export async function exampleFiles(folder: string): Promise<string[]> {
  const names = await readdir(`${repository}examples/${folder}`);
  return names.toSorted().map((name) => `examples/${folder}/${name}`);
}

/** Examples that are tasks, and those that are configurations of the agent. */
export async function exampleDocuments(): Promise<{ tasks: string[]; configurations: string[] }> {
  const ofCaptureAgent = await exampleFiles('capture-agent');
  const isTask = (file: string) => /seed-sip-capture|voip-monitor|task\.json/.test(file);
  return {
    tasks: [...(await exampleFiles('tasks')), ...ofCaptureAgent.filter(isTask)],
    configurations: [
      ...['examples/kcap.yaml', 'examples/pcapdaemon.conf'],
      ...ofCaptureAgent.filter((file) => !isTask(file)),
    ],
  };
}
