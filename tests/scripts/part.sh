# shellcheck shell=bash
# Runs named parts one after the other, keeps their logs, and ends with a table of counts and durations. Sourced.
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/scripts/say.sh"

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
table=()
total_passed=0
total_failed=0
total_skipped=0

# Prints "passed failed skipped" of a log of cargo test, vitest or Playwright.
counts() {
  sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
    function add(word, number) {
      if (word ~ /^passed/) passed += number
      else if (word ~ /^failed/) failed += number
      else if (word ~ /^(skipped|ignored)/) skipped += number
    }
    /^test result:/ || /^ *Tests  +[0-9]/ || /^ +[0-9]+ (passed|failed|skipped)/ {
      for (i = 1; i < NF; i++) if ($i ~ /^[0-9]+$/) add($(i + 1), $i)
    }
    END { print passed + 0, failed + 0, skipped + 0 }'
}

duration() { if [ "$1" -lt 60 ]; then echo "$1 s"; else echo "$(($1 / 60)) min $(($1 % 60)) s"; fi; }

# part NAME COMMAND..: runs it; a failure is noted and the next part runs all the same.
part() {
  local name=$1 start=$SECONDS result=ok passed failed skipped
  shift
  say "$name"
  "$@" </dev/null 2>&1 | tee "$logs/$name" || result=FAILED
  read -r passed failed skipped < <(counts "$logs/$name")
  if [ "$result" = FAILED ] && [ "$failed" = 0 ]; then failed=1; fi
  total_passed=$((total_passed + passed))
  total_failed=$((total_failed + failed))
  total_skipped=$((total_skipped + skipped))
  table+=("$(printf '%-12s %-7s %7s %7s %8s   %s' "$name" "$result" "$passed" "$failed" "$skipped" "$(duration $((SECONDS - start)))")")
  [ "$result" = ok ]
}

# must NAME COMMAND..: like part, but nothing after it makes sense when it fails.
must() { part "$@" || finish; }

# Notes a part that could not run here, and why, in the table.
skip() { table+=("$(printf '%-12s %-7s %s' "$1" skipped "$2")"); }

# Prints the table and exits: 0 when every part went well.
finish() {
  printf '\n%-12s %-7s %7s %7s %8s   %s\n' part result passed failed skipped time
  printf '%s\n' "${table[@]}"
  printf '\n%s passed, %s failed, %s skipped in %s\n' "$total_passed" "$total_failed" "$total_skipped" "$(duration "$SECONDS")"
  if [ "$total_failed" = 0 ]; then exit 0; else exit 1; fi
}
