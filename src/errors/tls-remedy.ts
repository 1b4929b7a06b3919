import { codeOf } from './user-error.js';

/** Where a user names what a server's certificate is checked with. */
export interface TlsPlaces {
  /** Of the server: "the endpoint", "cloudshark.host". */
  readonly address: string;
  /** Of a file with authorities of one's own. */
  readonly authority: string;
}

/** What to do about a TLS connection that failed, from OpenSSL's name of the error; undefined where it is none of these. */
export function tlsRemedy(error: unknown, { address, authority }: TlsPlaces): string | undefined {
  switch (codeOf(error)) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_UNTRUSTED':
      return `name the authority that signed its certificate in ${authority}`;
    case 'CERT_HAS_EXPIRED':
      return 'the server needs a new certificate, or the clock of this host is wrong';
    case 'CERT_NOT_YET_VALID':
      return 'the clock of this host is wrong, or that of whoever signed it';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `${address} must be a name that the certificate has`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'EPROTO':
      return `no TLS is spoken there: check the scheme and the port of ${address}`;
    default:
      return undefined;
  }
}
