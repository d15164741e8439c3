/**
 * What the guard's shell runs. POSIX sh and, on Linux, little but its builtins: a container's image may have no `ps`, and a
 * machine on which a handler has started processes without end may have room for no other one. (Then it kills at once.)
 *
 * Reads "+ PID:TOKEN:START" and "- PID". At the end of its input nobody holds the other end any more: it looks at every
 * process, keeps those of the groups that are still listed and whoever descends from them, asks them to end, and kills
 * what is left after the grace.
 */

/** "proc": from /proc; "ps": from ps, where there is no /proc. Both must give the start times of process-table.ts. */
export type ProcessSource = "proc" | "ps";

/** One word a process: PID:PARENT:GROUP:STATE:START. */
const LOOK: Record<ProcessSource, string> = {
  // The command stands in parentheses and may hold anything but a line's end; the last one ends it.
  proc: `look() {
  table=
  for file in /proc/[0-9]*/stat; do
    read -r line <"$file" || continue
    pid=\${line%% *}
    set -- \${line##*) }
    table="$table $pid:$2:$3:$1:\${20}"
  done
}
marked() { tr '\\0' '\\n' <"/proc/$1/environ" | grep -qxF "$VARIABLE=$2"; }`,
  ps: `look() {
  table=$(LC_ALL=C ps -A -o pid=,ppid=,pgid=,stat=,lstart= | while read -r pid parent group state start; do
    set -- $start
    IFS=_; echo "$pid:$parent:$group:$state:$*"; unset IFS
  done)
}
marked() { false; }`,
};

const GUARD = `
trap '' HUP INT TERM
watched=' '
while read -r sign one; do
  case $sign in
    +) watched="$watched$one " ;;
    -) case $watched in *" $one:"*)
         after=\${watched#*" $one:"}
         watched="\${watched%%" $one:"*} \${after#* }" ;;
       esac ;;
  esac
done
[ "$watched" = ' ' ] && exit

# Of a process that is watched by this pid: its token and start time.
recorded() { rest=\${watched#*" $1:"}; rest=\${rest%% *}; token=\${rest%%:*}; begun=\${rest#*:}; }

part() { IFS=:; set -- $1; unset IFS; pid=$1 parent=$2 group=$3 state=$4; start=$5; shift 5; for more; do start="$start:$more"; done; }

# Sets: groups (ours that have a living member), others (who has left its group but descends from one). Descent is lost
# when a parent dies, so who was seen once is remembered.
find() {
  groups=' ' others=' ' mine=' ' grew=1
  while [ -n "$grew" ]; do
    grew=
    for each in $table; do
      part "$each"
      case $state in Z*|X*) continue ;; esac
      case $mine in *" $pid "*) continue ;; esac
      case $roots in
        *" $group "*) case $groups in *" $group "*) ;; *) groups="$groups$group " ;; esac ;;
        *) case "$mine$seen" in
             *" $parent "*|*" $pid:$start "*) others="$others$pid " ;;
             *) continue ;;
           esac ;;
      esac
      grew=1 mine="$mine$pid "
      case $seen in *" $pid:$start "*) ;; *) seen="$seen$pid:$start " ;; esac
    done
  done
  [ "$mine" != ' ' ]
}

send() {
  for group in $groups; do kill -s "$1" -- "-$group"; done
  for pid in $others; do kill -s "$1" "$pid"; done
}

# A shell that can't fork ends (dash does): what it knows of by then is killed all the same.
roots=' ' strangers=' ' seen=' '
trap 'find && send KILL' EXIT
# The groups that are ours. A pid that was given to another process is not; without its leader a group may live on (its
# number is not given out again meanwhile), and then the token tells.
look
for each in $table; do
  part "$each"
  case $watched in *" $pid:"*)
    recorded "$pid"
    if [ "$start" = "$begun" ]; then roots="$roots$pid "; else strangers="$strangers$pid "; fi ;;
  esac
done
for each in $table; do
  part "$each"
  case "$roots$strangers" in *" $group "*) continue ;; esac
  case $watched in *" $group:"*)
    recorded "$group"
    marked "$pid" "$token" && roots="$roots$group " ;;
  esac
done

find || exit
send TERM
while [ "$TRIES" -gt 0 ]; do
  sleep 0.1 || sleep 1
  look
  find || exit
  TRIES=$((TRIES - 1))
done
`;

export function guardScript(source: ProcessSource): string {
  return `${LOOK[source]}\n${GUARD}`;
}
