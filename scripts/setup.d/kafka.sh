# shellcheck shell=bash
# The real Apache Kafka of the tests, as jars in .cache/kafka/lib. To be sourced by scripts/setup.

fetch_kafka() {
  local folder=.cache/kafka
  is_older "$folder/lib" scripts/kafka/pom.xml || return 0
  say "fetching Apache Kafka with Maven"
  rm -rf "$folder"
  # Into another place first, so that a fetch that was cut short is not taken for a whole one.
  mvn --quiet --batch-mode -Dstyle.color=never --file scripts/kafka/pom.xml dependency:copy-dependencies \
    -DoutputDirectory="$PWD/$folder/fetched" ||
    fail "set-up: Apache Kafka has not been fetched: the cause, by Maven, is above"
  mv "$folder/fetched" "$folder/lib"
  touch "$folder/lib"
}
