/** What runs on hosts, for any POSIX sh with the usual tools (GNU, BSD or BusyBox); values come as $1, $2 … */

/**
 * $1 path, $2 mode or empty, $3 1 to make the directories above it, $4 a word for the name beside it, $5 bytes that must
 * come, $6 owner or empty, $7 SHA-256 or empty. Whole or not at all: the input ends early when the connection is cut.
 */
export const UPLOAD_SCRIPT = `
p=$1; t="$1.wilco-$4"
if [ -e "$p" ] && [ ! -f "$p" ]; then exit 91; fi
m=$2
if [ -z "$m" ] && [ -f "$p" ]; then m=$(stat -c %a -- "$p" 2>/dev/null || stat -f %Lp -- "$p" 2>/dev/null); fi
[ -n "$m" ] || m=0644
if [ "$3" = 1 ]; then mkdir -p -- "$(dirname -- "$p")" || exit 1; fi
trap 'rm -f -- "$t"' EXIT
trap 'exit 1' HUP INT TERM PIPE
(umask 077 && cat > "$t") || exit 1
[ "$(wc -c < "$t")" -eq "$5" ] || exit 94
if [ -n "$7" ]; then
  h=$({ sha256sum < "$t" || shasum -a 256 < "$t" || sha256 -q < "$t" || openssl dgst -sha256 -r < "$t"; } 2>/dev/null)
  case "$h" in "$7"*) ;; "") exit 95 ;; *) exit 96 ;; esac
fi
if [ -n "$6" ]; then chown -- "$6" "$t" || exit 1; fi
chmod -- "$m" "$t" && { sync -- "$t" 2>/dev/null || sync; } && mv -f -- "$t" "$p" || exit 1
trap - EXIT
printf '%s' "$m"
`;

/** $1 path, $2 bytes at most. */
export const DOWNLOAD_SCRIPT = `
[ -e "$1" ] || exit 92
[ -f "$1" ] || exit 91
[ -r "$1" ] || exit 93
stat -c %a -- "$1" 2>/dev/null || stat -f %Lp -- "$1" || exit 1
exec head -c "$2" -- "$1"
`;

export const FACTS_SCRIPT = `
echo "host=$(hostname 2>/dev/null || uname -n)"
echo "platform=$(uname -s)"; echo "release=$(uname -r)"; echo "arch=$(uname -m)"
echo "cpus=$(getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null)"
if [ -r /proc/meminfo ]; then
  awk '/^MemTotal:/ { print "memtotal=" $2 } /^MemAvailable:/ { print "memfree=" $2 }' /proc/meminfo
else
  echo "memtotal=$(( $(sysctl -n hw.memsize 2>/dev/null || sysctl -n hw.physmem 2>/dev/null || echo 0) / 1024 ))"
fi
if [ -r /proc/loadavg ]; then echo "load=$(cat /proc/loadavg)"
else echo "load=$(sysctl -n vm.loadavg 2>/dev/null | tr -d '{}' | sed 's/^ *//')"; fi
if [ -r /proc/uptime ]; then read -r up rest < /proc/uptime; echo "uptime=$up"; fi
echo "user=$(id -un)"
`;

/** Sizes in KB. BSD systems tell no free memory this way: it is left out there. */
export const METRICS_SCRIPT = `
echo "cpus=$(getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null)"
if [ -r /proc/meminfo ]; then
  awk '/^MemTotal:/ { print "memtotal=" $2 } /^MemAvailable:/ { print "memfree=" $2 }' /proc/meminfo
fi
if [ -r /proc/loadavg ]; then read -r one rest < /proc/loadavg; echo "load=$one"
else echo "load=$(sysctl -n vm.loadavg 2>/dev/null | tr -d '{}' | awk '{ print $1 }')"; fi
df -kP / 2>/dev/null | awk 'NR == 2 { print "disktotal=" $2; print "diskfree=" $4 }'
if [ -r /proc/uptime ]; then read -r up rest < /proc/uptime; echo "uptime=$up"; fi
`;
