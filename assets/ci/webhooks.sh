#!/usr/bin/env bash
# Runs tests that make webhooks come, and asserts what came. hookglass listens meanwhile, without a
# terminal; the command finds its address in WEBHOOK_URL.
#
#   EXPECT='type:message.created sig:verified' COUNT=2 webhooks.sh npm test
#
# EXPECT    what has to come, a filter; without it anything will do
# COUNT     how many of those (1)
# TIMEOUT   how long to wait for them once the command is done (30s)
# FORBID    what must not come, a filter, for instance 'sig:!verified'
# FORWARD   the URL of the application under test; without it hookglass answers 200 by itself
# FIXTURES  the folder for what came, if something fails (hookglass-fixtures)
#
# Exit codes: that of the command if it fails, else 1 if an expectation fails, 2 for wrong usage,
# 3 if hookglass cannot work.
set -uo pipefail
hookglass=${HOOKGLASS:-hookglass}
[ $# -gt 0 ] || { echo 'webhooks.sh: name a command that makes webhooks come' >&2; exit 2; }

work=$(mktemp -d) || exit 3
store=$work/deliveries.db
listener=
stop() {
  [ -z "$listener" ] || { kill -TERM "$listener" 2>/dev/null; wait "$listener"; listener=; }
}
trap 'stop; rm -rf "$work"' EXIT

"$hookglass" --headless --bind 127.0.0.1:0 --store "$store" ${FORWARD:+--forward "$FORWARD"} \
  >"$work/deliveries.jsonl" 2>"$work/said" &
listener=$!
for _ in $(seq 100); do
  WEBHOOK_URL=$(sed -n 's/^listening on //p' "$work/said")
  [ -n "$WEBHOOK_URL" ] && break
  kill -0 "$listener" 2>/dev/null || break
  sleep 0.1
done
[ -n "$WEBHOOK_URL" ] || { cat "$work/said" >&2; exit 3; }
export WEBHOOK_URL

"$@"
code=$?
if [ $code -eq 0 ]; then
  "$hookglass" wait "${EXPECT:-}" --count "${COUNT:-1}" --since 1d --timeout "${TIMEOUT:-30s}" \
    --store "$store"
  code=$?
fi
if [ $code -eq 0 ] && [ -n "${FORBID:-}" ]; then
  "$hookglass" wait "$FORBID" --none --since 1d --timeout 0s --store "$store"
  code=$?
fi
stop
if [ $code -ne 0 ]; then
  echo 'webhooks.sh: this is what came' >&2
  "$hookglass" list --store "$store" >&2
  "$hookglass" export --format fixture --out "${FIXTURES:-hookglass-fixtures}" --force \
    --store "$store" >&2
fi
exit $code
