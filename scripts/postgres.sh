#!/usr/bin/env bash
# Starts and stops a throw-away PostgreSQL for tests.
#
#   url=$(scripts/postgres.sh start DIR)    DIR must not exist yet
#   scripts/postgres.sh stop DIR            also removes DIR
#
# The server listens on a free loopback port with a random password and does
# not sync to disk: its data is worth nothing. With USHER_POSTGRES_SYNC=on it
# does, for measurements. PostgreSQL refuses to run as root, so root drops to
# the user postgres, or to nobody.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

owner=
if [ "$(id -u)" -eq 0 ]; then
  owner=nobody
  id postgres >/dev/null 2>&1 && owner=postgres
fi

# as_owner COMMAND... runs a command as the user that the server runs as.
as_owner() {
  if [ -z "$owner" ]; then
    "$@"
  elif have setpriv; then
    setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups -- "$@"
  elif have runuser; then
    runuser -u "$owner" -- "$@"
  else
    su -s /bin/sh "$owner" -c "$(printf '%q ' "$@")"
  fi
}

random_hex() { od -An -tx1 -N"$1" /dev/urandom | tr -d ' \n'; }

start() {
  local dir=$1 bin password port try
  bin=$(postgres_bin) || { warn "PostgreSQL 15 or newer is not here"; exit 1; }
  mkdir -m 700 "$dir"
  password=$(random_hex 16)
  (umask 077 && printf '%s\n' "$password" >"$dir/password")
  [ -z "$owner" ] || chown -R "$owner" "$dir"
  cd "$dir" # the server's user may not enter the folder we came from
  if ! as_owner "$bin/initdb" -D "$dir/data" -U usher --pwfile="$dir/password" --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1; then
    as_owner rm -rf "$dir/data"
    as_owner "$bin/initdb" -D "$dir/data" -U usher --pwfile="$dir/password" --auth=scram-sha-256 \
      --encoding=UTF8 --no-locale --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
  fi
  {
    echo "listen_addresses = '127.0.0.1'"
    echo "unix_socket_directories = ''"
    echo "max_connections = 300"
    echo "fsync = ${USHER_POSTGRES_SYNC:-off}"
    echo "synchronous_commit = ${USHER_POSTGRES_SYNC:-off}"
    echo "full_page_writes = ${USHER_POSTGRES_SYNC:-off}"
    echo "shared_buffers = '128MB'"
    echo "max_wal_size = '1GB'"
  } >>"$dir/data/postgresql.conf"
  for try in 1 2 3 4 5; do
    # Below the ports that the system hands out by itself.
    port=$((15000 + ($(od -An -tu2 -N2 /dev/urandom) % 15000)))
    if as_owner "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/server.log" -o "-p $port" start >/dev/null 2>&1 </dev/null; then
      printf 'postgres://usher:%s@127.0.0.1:%s/postgres?sslmode=disable\n' "$password" "$port"
      return 0
    fi
    warn "PostgreSQL did not start on port $port (try $try)"
  done
  tail -n 20 "$dir/server.log" >&2
  exit 1
}

stop() {
  local dir=$1 bin
  [ -d "$dir/data" ] || { rm -rf "$dir"; return 0; }
  bin=$(postgres_bin) || return 1
  cd /
  as_owner "$bin/pg_ctl" -D "$dir/data" -m immediate -w -t 30 stop >/dev/null 2>&1 || true
  rm -rf "$dir"
}

case "${1:-}:${2:-}" in
  start:?*) start "$2" ;;
  stop:?*) stop "$2" ;;
  *) warn "usage: scripts/postgres.sh start|stop DIR"; exit 2 ;;
esac
