#!/usr/bin/env node
// The range of `engines` in package.json.
const OLDEST = [20, 19];
const NEWEST_MAJOR = 26;

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(`kcap: Node ${process.versions.node}: too old`);
  console.error(`install Node ${OLDEST.join('.')} or a later one, up to ${NEWEST_MAJOR}`);
  process.exit(1);
}
if (major > NEWEST_MAJOR)
  console.error(
    `kcap: Node ${process.versions.node}: newer than what kcap supports (${OLDEST.join('.')} to ${NEWEST_MAJOR}); trying all the same`,
  );
try {
  await import('../dist/kcap.js');
} catch (error) {
  // The addon is the one native part that is loaded at once. Without it nothing works, not even the log.
  const cause = {
    MODULE_NOT_FOUND: "not built, because npm did not run kcap's install script",
    ERR_DLOPEN_FAILED: error.message,
  }[error.code];
  if (cause === undefined) throw error;
  console.error(`kcap: native addon: ${cause}`);
  console.error("Install kcap again and allow its scripts: see Install in kcap's README");
  process.exitCode = 1;
}
