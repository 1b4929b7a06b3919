# shellcheck shell=bash
# The Debian packages that building, showing and testing kcap need. To be sourced by scripts/setup.

# install/needs has what is needed to build kcap anywhere. At run time Kerberos needs its plug-in for SASL, and kinit for
# keytabs.
mapfile -t build_packages < <(cut -d ' ' -f 1 install/needs | sort --unique)
build_packages+=(pkg-config libsasl2-modules-gssapi-mit krb5-user)

# Calls for npm run demo:sip, in a namespace of their own.
demo_packages=(iputils-ping tshark sip-tester kcat iproute2)

test_packages=(tshark tcpdump tcpreplay iproute2 iputils-ping clang-format python3-confluent-kafka python3-pcapy
  shellcheck kcat zstd lz4 krb5-kdc krb5-admin-server openssl faketime bash-completion zsh fish man-db
  groff-base ccache kamailio mosquitto sngrep sip-tester redis-server python3-venv prometheus systemd)
# All but ccache, which only saves time.
test_commands=(java mvn tshark tcpdump tcpreplay ip ping clang-format shellcheck kcat zstd lz4 krb5kdc kadmin.local
  openssl faketime zsh fish man groff lexgrog kamailio mosquitto sngrep sipp redis-server redis-cli promtool
  systemd-analyze)
# What packages start when they are installed. Tests start their own.
services=(kamailio mosquitto redis-server prometheus)

# The tests, and a Node with one more library in it.
sanitize_packages=("${test_packages[@]}" binutils patchelf)
sanitize_commands=("${test_commands[@]}" g++ objdump patchelf)

fuzz_packages=(clang libclang-rt-dev zstd lz4)
fuzz_commands=(clang++ zstd lz4)

# Of the tests' things the benchmark needs the real Kafka and the cable; pycapa's loop runs on Debian's own Python.
bench_packages=(tcpreplay iproute2 kcat mosquitto python3-confluent-kafka python3-pcapy)
bench_commands=(java mvn tcpreplay ip kcat mosquitto /usr/bin/python3)

# install_system_packages build|demo|test|bench|sanitize|fuzz
install_system_packages() {
  local packages=("${build_packages[@]}") commands=() missing root=()
  case $1 in
    demo) packages+=("${demo_packages[@]}") ;; # kcap can be shown without them
    test)
      packages+=("${test_packages[@]}")
      commands+=("${test_commands[@]}")
      ;;
    sanitize)
      packages+=("${sanitize_packages[@]}")
      commands+=("${sanitize_commands[@]}")
      ;;
    fuzz)
      packages+=("${fuzz_packages[@]}")
      commands+=("${fuzz_commands[@]}")
      ;;
    bench)
      packages+=("${bench_packages[@]}")
      commands+=("${bench_commands[@]}")
      ;;
  esac
  case $1 in
    test | bench | sanitize) # a real Kafka
      has_java || packages+=("$(java_package)")
      has mvn || packages+=(maven)
      ;;
  esac

  mapfile -t missing < <(missing_packages "${packages[@]}")
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! apt_install "${missing[@]}"; then
    # The same things may be there by another name or from another place.
    check_found "${missing[*]}" "${commands[@]}"
  fi
}

missing_packages() {
  local package installed
  installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qxF "installed $package" <<<"$installed" || echo "$package"
  done
}

apt_install() {
  if ! has apt-get; then
    say "there is no apt-get here to install $*"
    return 1
  fi
  if [ "$EUID" -ne 0 ]; then
    if ! has sudo; then
      say "neither root nor sudo, so nothing can be installed of $*"
      return 1
    fi
    root=(sudo)
  fi
  # Without this, tshark's and others' installation would stop and ask.
  root+=(env DEBIAN_FRONTEND=noninteractive)
  say "installing $*"
  # A list of packages that is missing or old names versions that can't be fetched.
  "${root[@]}" apt-get update -qq || say "apt-get update failed; trying with the lists that are there"
  "${root[@]}" apt-get install -qq -y --no-install-recommends "$@" || return
  stop_services "$@"
}

# stop_services PACKAGE...: ends what these have started, for this boot and for those to come.
stop_services() {
  local package service
  for package; do
    for service in "${services[@]}"; do
      [ "$package" = "$service" ] || continue
      if [ -d /run/systemd/system ]; then
        "${root[@]}" systemctl disable --now --quiet "$service" || true
      else
        "${root[@]}" service "$service" stop >/dev/null 2>&1 || true
      fi
    done
  done
}

# check_found PACKAGES COMMAND...: ends the set-up where a command or a header is missing.
check_found() {
  local wanted=$1 command absent=()
  shift
  for command in "$@"; do
    has "$command" || absent+=("$command")
  done
  env -u JOBS -u MAKEFLAGS -u npm_config_jobs install/check || exit 1
  [ ${#absent[@]} -eq 0 ] || fail "set-up: not found: ${absent[*]}" \
    "Install what your system calls these Debian packages: $wanted"
  say "going on: the commands and headers that are needed are there all the same"
}

has() {
  command -v "$1" >/dev/null
}

has_java() {
  has java && [ "$(java_version)" -ge 17 ]
}

# The major version of the Java on the PATH; 1 for the old ones that called themselves 1.8.
java_version() {
  java -version 2>&1 | sed -nE 's/.*version "([0-9]+).*/\1/p' | head -n 1 | grep . || echo 0
}

# Debian 12 has Java 17 by its name; later ones have a later one as their default.
java_package() {
  if has apt-cache && ! apt-cache show openjdk-17-jre-headless >/dev/null 2>&1; then
    echo default-jre-headless
  else
    echo openjdk-17-jre-headless
  fi
}
