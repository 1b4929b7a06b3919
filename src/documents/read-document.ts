import { createReadStream } from 'node:fs';
import { systemError } from '../errors/system-error.js';
import { UserError } from '../errors/user-error.js';
import { MOST_BYTES } from './bounds.js';
import type { Document } from './document.js';
import type { Environment } from './environment.js';

export interface ReadOptions {
  /** Where `${NAME}` comes from. */
  readonly environment: Environment;
}

/** Reads a document: YAML, JSON or TOML. `-` is standard input. */
export async function readDocument(file: string, { environment }: ReadOptions): Promise<Document> {
  const name = file === '-' ? 'standard input' : file;
  const bytes = await readBytes(name, file);
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(name, 'not a text in UTF-8', { exitStatus: 2 });
  }
  return textDocument(name, text, { environment });
}

/** The same of a text that is there. */
export async function textDocument(
  name: string,
  text: string,
  { environment }: ReadOptions,
): Promise<Document> {
  if (text.trim() === '') throw new UserError(name, 'it is empty', { exitStatus: 2 });
  if (Buffer.byteLength(text) > MOST_BYTES) throw tooLarge(name);
  return isToml(name, text)
    ? (await import('./toml-document.js')).readToml(name, text, environment)
    : (await import('./yaml-document.js')).readYaml(name, text, environment);
}

/** By the file's name, or else by what its first line is: a table's header or KEY = VALUE. */
function isToml(name: string, text: string): boolean {
  if (/\.toml$/i.test(name)) return true;
  if (/\.(ya?ml|json)$/i.test(name)) return false;
  const first = text.split('\n').find((line) => !/^\s*(#.*)?$/.test(line)) ?? '';
  return /^\s*(\[\[?\s*[\w."' -]+\]\]?\s*(#.*)?$|["'\w.-]+\s*=)/.test(first);
}

async function readBytes(name: string, file: string): Promise<Buffer> {
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    // Not by its size: standard input and the like have none.
    for await (const chunk of file === '-' ? process.stdin : createReadStream(file)) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > MOST_BYTES) throw tooLarge(name);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    const { message, remedy } = systemError(name, error, {
      named: { verb: 'name', noun: 'file' },
      use: 'read',
      missing: 'check its path',
    });
    const cause = message.slice(name.length + ': '.length);
    throw new UserError(name, cause, { remedy, exitStatus: 2 });
  }
}

function tooLarge(name: string): UserError {
  return new UserError(name, `more than ${MOST_BYTES / 1024} KiB`, {
    remedy: 'descriptions of tasks and configurations are small: is it the right file?',
    exitStatus: 2,
  });
}
