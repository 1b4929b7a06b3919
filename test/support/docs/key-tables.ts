type Plain = string | number | boolean;

/** What a JSON Schema says of a value, as far as tables show it. */
export interface KeySchema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly examples?: readonly string[];
  readonly default?: Plain | readonly unknown[] | Readonly<Record<string, unknown>>;
  readonly const?: Plain;
  readonly enum?: readonly Plain[];
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly items?: KeySchema;
  readonly oneOf?: readonly KeySchema[];
  readonly anyOf?: readonly KeySchema[];
}

/** The keys of a Kafka connection: they are the same wherever there is one. */
const CONNECTION = ['brokers', 'sasl', 'tls', 'properties'];

/** A table in Markdown of all keys below these, each with its value, its default and its meaning. */
export function keyTable(
  properties: Readonly<Record<string, KeySchema>>,
  { prefix = '', explains = '' }: { readonly prefix?: string; readonly explains?: string } = {},
): string {
  const rows = rowsOf(properties, prefix, explains);
  return ['| key | value | meaning (default) |', '| --- | --- | --- |', ...rows].join('\n');
}

/** @param explains the path whose Kafka connection is shown with all of its keys */
function rowsOf(
  properties: Readonly<Record<string, KeySchema>>,
  prefix: string,
  explains: string,
): string[] {
  const isConnection = Object.hasOwn(properties, 'sasl') && `${explains}.` !== prefix;
  const own = Object.entries(properties).filter(
    ([key]) => !(isConnection && CONNECTION.includes(key)),
  );
  return [
    ...own.flatMap(([key, schema]) => rowOf(`${prefix}${key}`, schema, explains)),
    ...(isConnection
      ? [row(`${prefix}${namesOf(properties)}`, 'as `kafka`', 'the connection, where it differs')]
      : []),
  ];
}

function namesOf(properties: Readonly<Record<string, KeySchema>>): string {
  return `{${CONNECTION.filter((key) => Object.hasOwn(properties, key)).join(',')}}`;
}

function rowOf(path: string, schema: KeySchema, explains: string): string[] {
  if (schema.properties) return rowsOf(schema.properties, `${path}.`, explains);
  const below = schema.items?.properties;
  if (below) return rowsOf(below, `${path}[].`, explains);
  return [row(path, valueOf(schema), meaningOf(schema))];
}

function row(path: string, value: string, meaning: string): string {
  return `| \`${path}\` | ${value} | ${meaning} |`.replaceAll(/(?<!\\)\|(?=[^ ])/g, '\\|');
}

function meaningOf({ description = '', default: usual }: KeySchema): string {
  const text = description.replaceAll('|', '\\|');
  // Some defaults are no values, and stand in the text.
  const isShown = typeof usual !== 'object' && usual !== undefined && usual !== '';
  return isShown && !text.includes('(') ? `${text} (${String(usual)})` : text;
}

function valueOf(schema: KeySchema): string {
  const { examples, anyOf, oneOf, type } = schema;
  if (schema.const !== undefined) return schema.const === '' ? '' : `\`${String(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (examples) return examples.includes('64K') ? 'size' : 'duration';
  const several = anyOf ?? oneOf;
  if (several) {
    const kinds = new Set(several.map(valueOf).filter((kind) => kind !== ''));
    return [...kinds].join(', or ');
  }
  return [type ?? []]
    .flat()
    .map((name) => KINDS[name] ?? name)
    .join(', or ');
}

const KINDS: Readonly<Record<string, string>> = {
  ...{ string: 'text', integer: 'number', number: 'number', boolean: '`true`, `false`' },
  ...{ array: 'list', object: 'mapping' },
};
