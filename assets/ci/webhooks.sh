#!/usr/bin/env bash
# Runs a command that causes webhooks, and checks what arrived. hookglass listens meanwhile; the
# command finds its address in WEBHOOK_URL.
#
#   EXPECT='type:message.created sig:verified' COUNT=2 webhooks.sh npm test
#
# EXPECT    filter for the expected deliveries (default: any)
# COUNT     number of expected deliveries (default: 1)
# TIMEOUT   time to wait for them after the command has finished (default: 30s)
# FORBID    filter for deliveries that must not arrive, e.g. 'sig:failed'
# FORWARD   URL of the application under test (default: hookglass responds with 200)
# FIXTURES  folder for fixtures of what arrived, if a check fails (default: hookglass-fixtures)
#
# Exit codes: that of the command if it fails, else 1 if a check fails, 2 for a usage error, 3 if
# hookglass cannot start.
set -uo pipefail
hookglass=${HOOKGLASS:-hookglass}
[ $# -gt 0 ] || { echo 'webhooks.sh: name a command that causes webhooks' >&2; exit 2; }

work=$(mktemp -d) || exit 3
store=$work/deliveries.db
listener=
stop() {
  [ -z "$listener" ] || { kill -TERM "$listener" 2>/dev/null; wait "$listener"; listener=; }
}
trap 'stop; rm -rf "$work"' EXIT

# A mistake in a filter is found before the command runs.
for filter in "${EXPECT:-}" "${FORBID:-}"; do
  "$hookglass" wait "$filter" --timeout 0s --store "$work/none" >"$work/said" 2>&1
  [ $? -ne 2 ] || { cat "$work/said" >&2; exit 2; }
done

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
  echo 'webhooks.sh: received deliveries:' >&2
  "$hookglass" list --store "$store" >&2
  "$hookglass" export --format fixture --out "${FIXTURES:-hookglass-fixtures}" --force \
    --store "$store" >&2
fi
exit $code
