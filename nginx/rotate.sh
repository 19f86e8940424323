#!/bin/sh
# Runs Nginx and rotates its access log by size, as in Nginx's documentation: rename the file, then send USR1, at
# which Nginx opens a new one. No line is lost: until then the workers write to the renamed file, which the collector
# reads to its end, since the new name still begins with the old one.
#
# Usage: rotate.sh PREFIX COMMAND... PREFIX is Nginx's. The command takes this shell's place and its process id, so that
# signals reach Nginx.
# Environment: ROTATE_BYTES, the size above which the file is renamed; ROTATE_SECONDS, the time between two looks.
set -eu

log=$1/logs/nginx-access.jsonl
pid_file=$1/tmp/nginx.pid
shift
# Like the service's own files: 4 x 50 MB, about 700,000 lines. What the collector has not read by then is lost.
bytes=${ROTATE_BYTES:-50000000}
old_files=3
seconds=${ROTATE_SECONDS:-5} # at 1,000 requests a second, the quota of a client, the file grows by 1.4 MB meanwhile

rotate() {
  age=$old_files
  while [ "$age" -gt 1 ]; do
    newer=$((age - 1))
    if [ -e "$log.$newer" ]; then mv -f "$log.$newer" "$log.$age"; fi
    age=$newer
  done
  mv -f "$log" "$log.1"
  kill -USR1 "$1"
}

watch() {
  while sleep "$seconds" && kill -0 "$1" 2>/dev/null; do # ends with Nginx
    # Before Nginx has written its id, USR1 would end it.
    if [ "$(cat "$pid_file" 2>/dev/null)" != "$1" ]; then continue; fi
    # Every system has `find -size`; the options of `stat` differ.
    if [ -n "$(find "$log" -prune -size "+${bytes}c" 2>/dev/null)" ]; then rotate "$1" || true; fi
  done
}

# Without the caller's pipes: a caller that reads Nginx's output to its end would also wait for the watch.
(exec >/dev/null 2>&1 && watch $$) &
exec "$@"
