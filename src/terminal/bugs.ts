let contain: (error: unknown) => boolean = () => false;

/**
 * From now on this is asked about each error that nobody has caught: whether it concerns a part of the process only,
 * which has been ended for it.
 */
export function containBugs(by: (error: unknown) => boolean): void {
  contain = by;
}

/** Whether the process can go on after an error that nobody has caught. */
export function isContained(error: unknown): boolean {
  return contain(error);
}
