/** Ends what runs on a host: the process that was started, its group, and whoever descends from it. */

/** Seconds between the polite signal and SIGKILL. */
export const REMOTE_GRACE = 2;

/**
 * $1 the process id, $2 seconds to go by itself, $3 the token that it must have in its environment, or empty.
 * Prints "gone", "left" with who stays, or "unknown" when the process can't be told from a stranger with its number.
 * /proc where there is one, else ps; whoever leaves the group is found by descent, which is lost when a parent dies, so
 * everybody once seen is remembered.
 */
export const KILL_SCRIPT = `
r=$1
procs() {
  if [ -r /proc/self/stat ]; then
    cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/^\\([0-9][0-9]*\\) (.*) \\([A-Za-z]\\) \\([0-9]*\\) \\([0-9]*\\) .*$/\\1 \\3 \\4 \\2/p'
  else
    ps -A -o pid= -o ppid= -o pgid= -o stat=
  fi
}
if [ -n "$3" ] && ! { tr '\\0' '\\n' < "/proc/$r/environ" | grep -qx "WILCO_SPAWN=$3"; } 2>/dev/null; then
  if [ -e /proc/self/stat ] && [ ! -e "/proc/$r" ]; then echo gone; else echo unknown; fi
  exit 0
fi
seen=$r
look() {
  left=$(procs | awk -v r="$r" -v s="$seen" '
    BEGIN { k = split(s, a, " "); for (i = 1; i <= k; i++) t[a[i]] = 1 }
    { p[$1] = $2; g[$1] = $3; z[$1] = ($4 ~ /^[ZX]/) }
    END {
      do { m = 0; for (i in p) if (!(i in t) && ((p[i] in t) || g[i] == r)) { t[i] = 1; m = 1 } } while (m)
      for (i in t) if ((i in p) && !z[i]) printf "%s ", i
    }')
  seen="$seen $left"
}
wait_gone() {
  # By the clock: on a busy host a look takes longer than the pause between two.
  end=$(( $(date +%s) + $1 ))
  while look; [ -n "$left" ]; do
    [ "$(date +%s)" -lt "$end" ] || return 1
    sleep 0.1 2>/dev/null || sleep 1
  done
}
look
[ -n "$left" ] || { echo gone; exit 0; }
if [ "$2" -gt 0 ]; then
  kill -TERM $left 2>/dev/null
  if wait_gone "$2"; then echo gone; exit 0; fi
fi
kill -KILL $left 2>/dev/null
if wait_gone 2; then echo gone; else echo "left $left"; fi
`;
