/** What a document may be at most: more is no description of anything, but an attack or a mistake. */
export const MOST_BYTES = 256 * 1024;
export const MOST_VALUES = 10_000;
export const MOST_DEPTH = 32;

export const TOO_DEEP = `it nests more than ${MOST_DEPTH} levels`;
export const TOO_MANY_VALUES = `it has more than ${MOST_VALUES} values`;
