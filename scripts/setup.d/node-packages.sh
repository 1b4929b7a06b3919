# shellcheck shell=bash
# Node's packages, as package-lock.json has them. To be sourced by scripts/setup.

check_node() {
  has node || fail "set-up: there is no Node" "Install Node 20.19 or newer."
  has npm || fail "set-up: there is no npm" "Install npm, which comes with Node."
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a * 100 + +b >= 2019 ? 0 : 1)' ||
    fail "set-up: Node $(node --version) is too old" "Install Node 20.19 or newer."
}

# Brings the packages, and leaves to build_node_packages what takes minutes.
install_node_packages() {
  local reason
  reason=$(node scripts/setup.d/node-packages-wanting.js)
  [ -n "$reason" ] || return 0
  say "$reason: running npm ci, then building librdkafka, which takes some minutes"
  run_npm ci --ignore-scripts --include=dev --no-audit --no-fund ||
    fail "set-up: Node's packages have not been installed: the cause is above"
}

build_node_packages() {
  [ -n "$(node scripts/setup.d/node-packages-wanting.js)" ] || return 0
  run_npm run preinstall || exit
  run_npm rebuild --ignore-scripts=false cap node-rdkafka ||
    fail "set-up: Node's packages have not been built: the cause is above"
}

# npm, in an environment in which our packages build.
run_npm() (
  # A parallel make breaks the build of node-rdkafka (install/check).
  unset JOBS MAKEFLAGS npm_config_jobs NPM_CONFIG_JOBS
  # Production leaves out TypeScript.
  unset NODE_ENV
  # Where Node came with its headers they are used; otherwise node-gyp fetches them.
  local prefix
  prefix=$(dirname "$(dirname "$(node -p 'fs.realpathSync(process.execPath)')")")
  if [ -f "$prefix/include/node/node_api.h" ]; then
    export npm_package_config_node_gyp_nodedir=$prefix
    # An older node-gyp knows only this name, about which a newer npm complains.
    [ "$(npm --version | cut -d. -f1)" -ge 11 ] || export npm_config_nodedir=$prefix
  fi
  npm "$@"
)
