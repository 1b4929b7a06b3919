/** In place of NODE_EXTRA_CA_CERTS. */
const SET_ASIDE = 'KCAP_TEST_EXTRA_CA_CERTS';

/**
 * Node 20 parses the authorities of NODE_EXTRA_CA_CERTS, and all that it knows itself, at every start: a tenth of a
 * second of a processor, where an empty program takes half of that. Tests start a thousand Nodes and more, and only what
 * fetches packages needs those authorities.
 */
export function setExtraAuthoritiesAside(): void {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  if (file === undefined) return;
  process.env[SET_ASIDE] = file;
  delete process.env['NODE_EXTRA_CA_CERTS'];
}

/** The environment of what fetches packages. */
export function withExtraAuthorities(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const file = env[SET_ASIDE];
  return file === undefined ? env : { ...env, NODE_EXTRA_CA_CERTS: file };
}
