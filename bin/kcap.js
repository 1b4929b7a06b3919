#!/usr/bin/env node
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
