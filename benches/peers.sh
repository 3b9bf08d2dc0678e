#!/usr/bin/env bash
#
# Measures madang beside the IRC servers that are found on this machine, with one tool, `madang bench`.
#
#     benches/peers.sh                        everything: some 15 minutes, never more than 25
#     QUICK=1 benches/peers.sh                small numbers and one round, to see that it works: two or three minutes
#     SERVERS="madang ngircd" benches/peers.sh
#
# It installs nothing and needs bash, jq, util-linux and Linux's /proc. Servers of Debian's packages ngircd, inspircd and
# ircd-hybrid are looked for, and those that are not there are named in the result. (The packages ngircd and ircd-hybrid
# exclude each other; `dpkg -x ngircd_*.deb DIR` and NGIRCD=DIR/usr/sbin/ngircd bring them together.)
#
# What makes the numbers comparable:
# - Each server runs on loopback, alone, on one processor, and the tool on another; both are pinned.
# - Each measurement meets a fresh process, and a port that no earlier one has used. A few callers come and go first, so
#   that code which runs for the first time is not counted as the memory or the time of those who are measured.
# - All do the same: no message of the day, no lookups of names (where that can be turned off), no flood control, limits
#   out of the way, no log of single clients (where that can be turned off). Everything else is as the servers have it.
# - The tool places the same calls, rooms and messages everywhere, checks each delivery, and reads what the server used
#   from /proc. What it needed itself stands in the result too.
# - Rounds are interleaved: what disturbs the machine for a while disturbs all. The result is the median of the rounds.
# - What failed is written down as failed.
#
# Options, by environment:
#   SERVERS       which, in this order              [madang ngircd inspircd ircd-hybrid]
#   ROUNDS        how often everything is measured                          [3; quick: 1]
#   CONNECTIONS   idle connections                  [10000, or what descriptors allow; quick: 1000]
#   RECEIVERS     people in the room of a fan-out                     [1000; quick: 300]
#   TALK, HOLD    seconds of traffic, seconds of silence          [8 and 10; quick: 2 and 2]
#   RATE          messages a second in the open-loop fan-out                         [50]
#   CONCURRENCY   sessions at a time in churn                                        [50]
#   MINUTES       after that, nothing new is begun                        [21; quick: 3.5]
#   MADANG        the server's program              [the release build, built if it is not there]
#   TOOL          the program that measures         [the same]
#   NGIRCD, INSPIRCD, IRCD_HYBRID                   their programs, if they are not where packages put them
#   SERVER_CPU, TOOL_CPU                            processors                    [1 and 0]
#   OUT           results go to OUT.md and OUT.jsonl   [benches/results/peers; quick: a new file in /tmp]

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")

say() { printf '%s\n' "$*" >&2; }
die() { say "peers.sh: $*"; exit 2; }

# ---------------------------------------------------------------------------------------------------- what is asked for

quick=${QUICK:-}
[[ $quick == 0 ]] && quick=
pick() { if [[ -n $quick ]]; then echo "$2"; else echo "$1"; fi; }

read -ra servers <<<"${SERVERS:-madang ngircd inspircd ircd-hybrid}"
rounds=${ROUNDS:-$(pick 3 1)}
receivers=${RECEIVERS:-$(pick 1000 300)}
talk=${TALK:-$(pick 8 2)}
hold=${HOLD:-$(pick 10 2)}
rate=${RATE:-50}
concurrency=${CONCURRENCY:-50}
out=${OUT:-$(pick "$here/results/peers" "")}
server_cpu=${SERVER_CPU:-1}
tool_cpu=${TOOL_CPU:-0}
give_up_after=$(awk -v minutes="${MINUTES:-$(pick 21 3.5)}" 'BEGIN { print int(minutes * 60) }')
SECONDS=0

for program in awk jq setpriv taskset timeout; do
    command -v "$program" >/dev/null || die "$program is needed"
done
[[ -r /proc/self/smaps_rollup ]] || die "this needs Linux's /proc"
for cpu in "$server_cpu" "$tool_cpu"; do
    taskset -c "$cpu" true 2>/dev/null || die "there is no processor $cpu for us: set SERVER_CPU and TOOL_CPU"
done

# Every descriptor that can be had. The tool keeps some for itself, and so do the servers.
ulimit -n "$(ulimit -Hn)"
room=$(ulimit -n)
[[ $room == unlimited ]] && room=1000000
room=$((room - receivers - 500))
connections=${CONNECTIONS:-$(pick 10000 1000)}
if ((connections > room)); then
    say "the descriptor limit ($(ulimit -n)) allows $room idle connections, not $connections"
    connections=$room
fi
((connections > 0)) || die "the descriptor limit is too low: $(ulimit -n)"

madang=${MADANG:-${CARGO_TARGET_DIR:-$root/target}/release/madang}
if [[ ! -x $madang && -z ${MADANG:-} ]]; then
    say "building $madang"
    (cd "$root" && cargo build --release) >&2
    SECONDS=0
fi
[[ -x $madang ]] || die "$madang is no program"
tool=${TOOL:-$madang}
"$tool" bench --help >/dev/null || die "$tool has no subcommand bench"

# ------------------------------------------------------------------------------------------- a place, and its cleaning

work=$(mktemp -d "${TMPDIR:-/tmp}/peers.XXXXXX")
chmod 755 "$work"
[[ -n $out ]] || out=$(mktemp -u "${TMPDIR:-/tmp}/peers-quick.XXXXXX")
mkdir -p "$(dirname "$out")"

# The programs as they are now: a build meanwhile changes nothing, and they stand where anyone may run them.
mkdir "$work/bin"
cp "$madang" "$work/bin/madang"
cp "$tool" "$work/bin/bench"
chmod -R 755 "$work/bin"

pid=          # the server that runs now
resolver_pid= # the resolver, see below
tool_pid=     # the measurement that runs now
finished=     # whether the results are written

end_process() { # PID: asks it to go; after five seconds it has to
    local tries
    kill -TERM "$1" 2>/dev/null || true
    for ((tries = 0; tries < 50; tries++)); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

stop_server() {
    [[ -z $pid ]] || end_process "$pid"
    pid=
}

clean_up() {
    trap '' INT TERM
    # It is the leader of a group: `timeout`, and the tool below it.
    if [[ -n $tool_pid ]]; then
        kill -KILL -- "-$tool_pid" 2>/dev/null || true
        wait "$tool_pid" 2>/dev/null || true
    fi
    stop_server
    [[ -z $resolver_pid ]] || end_process "$resolver_pid"
    if [[ -z $finished && -s $work/results.jsonl ]]; then
        # Half a result does not replace a whole one.
        cp "$work/results.jsonl" "$out.partial.jsonl"
        say "ended early; what was measured is in $out.partial.jsonl"
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# As root everything but the tool runs as nobody: some of these servers refuse to be root, so none of them is.
as_nobody=()
if ((EUID == 0)); then
    as_nobody=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
fi

# ------------------------------------------------------------------------------------------------------ the servers
#
# For each there are three functions. find_X prints its program, or fails; version_X prints what it is; and run_X writes
# its configuration for port $1 into the directory $2 and becomes the server, in the foreground.

find_program() { # the user's choice, and where else to look
    local path
    for path in "$@"; do
        if [[ -n $path && -x $path ]]; then
            realpath "$path"
            return
        fi
    done
    return 1
}

become() { exec taskset -c "$server_cpu" "${as_nobody[@]}" "$@"; }

find_madang() { echo "$work/bin/madang"; }
version_madang() {
    local commit
    commit=$(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown)
    git -C "$root" diff --quiet HEAD -- src Cargo.toml Cargo.lock 2>/dev/null || commit+=" with changes"
    echo "$("$(find_madang)" --version) (commit $commit)"
}
run_madang() {
    cat >"$2/madang.toml" <<CONFIG
[server]
join = []
motd = ""
[limits]
send_queue = "8 MiB"
messages_per_second = 0
CONFIG
    become "$(find_madang)" --config "$2/madang.toml" --listen "irc://127.0.0.1:$1"
}

find_ngircd() { find_program "${NGIRCD:-}" /usr/sbin/ngircd /usr/local/sbin/ngircd; }
version_ngircd() { timeout 10 "$(find_ngircd)" --version 2>&1 | sed -n '1s/-.*//p'; }
run_ngircd() {
    # The penalty is its flood control. Newcomers who are not through in PongTimeout are sent away. It cannot be quiet about
    # clients in the foreground, so it speaks to nobody: /dev/null takes a line with less effort than a file or a log.
    cat >"$2/ngircd.conf" <<CONFIG
[Global]
    Name = peer.bench
    Info = measured
    AdminInfo1 = measured
    AdminEMail = nobody@peer.bench
    Listen = 127.0.0.1
    Ports = $1
    MotdFile = $2/none
    HelpFile = $2/none
[Limits]
    MaxConnections = 0
    MaxConnectionsIP = 0
    MaxJoins = 0
    MaxNickLength = 30
    MaxPenaltyTime = 0
    PingTimeout = 120
    PongTimeout = 120
[Options]
    DNS = no
    Ident = no
    PAM = no
CONFIG
    become "$(find_ngircd)" --nodaemon --config "$2/ngircd.conf" >/dev/null
}

find_inspircd() { find_program "${INSPIRCD:-}" /usr/sbin/inspircd /usr/bin/inspircd; }
version_inspircd() { timeout 10 "$(find_inspircd)" --version 2>/dev/null | head -n 1; }
run_inspircd() {
    # Only the core modules, which it loads by itself. commandrate and threshold, with fakelag off, are its flood control.
    cat >"$2/inspircd.conf" <<CONFIG
<server name="peer.bench" description="measured" network="bench">
<admin name="bench" nick="bench" email="nobody@peer.bench">
<bind address="127.0.0.1" port="$1" type="clients">
<connect name="everyone" allow="*" timeout="60" pingfreq="120"
    hardsendq="8388608" softsendq="8388608" recvq="65536"
    threshold="1000000" commandrate="1000000000" fakelag="no"
    limit="1000000" localmax="1000000" globalmax="1000000" maxconnwarn="no"
    resolvehostnames="no" useident="no">
<performance softlimit="1000000" somaxconn="4096" clonesonconnect="no">
CONFIG
    become "$(find_inspircd)" --config "$2/inspircd.conf" --nofork --nolog --nopid
}

find_ircd-hybrid() { find_program "${IRCD_HYBRID:-}" /usr/sbin/ircd-hybrid /usr/local/bin/ircd; }
version_ircd-hybrid() {
    timeout 10 "${as_nobody[@]}" "$(find_ircd-hybrid)" -version 2>&1 | grep -oE 'ircd-hybrid[-:0-9a-z.+]*' | head -n 1
}
run_ircd-hybrid() {
    local files=(-configfile "$2/ircd.conf" -pidfile "$2/ircd.pid" -logfile "$2/ircd.log")
    files+=(-klinefile "$2/k.db" -dlinefile "$2/d.db" -xlinefile "$2/x.db" -resvfile "$2/r.db")
    cat >"$2/ircd.conf" <<CONFIG
serverinfo {
    name = "peer.bench";
    description = "measured";
    network_name = "bench";
    network_description = "bench";
    default_max_clients = $((connections + receivers + 300));
    max_nick_length = 30;
};
admin { name = "bench"; description = "bench"; email = "nobody@peer.bench"; };
class {
    name = "everyone";
    ping_time = 2 minutes;
    number_per_ip_local = 1000000;
    number_per_ip_global = 1000000;
    max_number = 1000000;
    max_channels = 100;
    sendq = 8 megabytes;
    recvq = 8000 bytes;
};
listen { host = "127.0.0.1"; port = $1; };
auth { user = "*@*"; class = "everyone"; flags = exceed_limit, can_flood; };
channel { default_join_flood_count = 0; };
general {
    disable_auth = yes;
    default_floodcount = 0;
    anti_nick_flood = no;
    throttle_count = 1000000;
    throttle_time = 1 second;
};
log { use_logging = no; };
CONFIG
    if [[ -z $resolver_pid ]]; then
        become "$(find_ircd-hybrid)" -foreground "${files[@]}"
    fi
    # It alone sees another resolv.conf.
    # shellcheck disable=SC2016  # the inner shell is to expand them
    exec unshare --mount bash -c 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"' - "$work/resolv.conf" \
        taskset -c "$server_cpu" "${as_nobody[@]}" "$(find_ircd-hybrid)" -foreground "${files[@]}"
}

# ircd-hybrid asks for the name of every caller's address, and that cannot be turned off. A resolver somewhere in the
# network, with its delays and its limits, is not what is measured here; so one on this machine says "no such name" at
# once. It needs root (port 53, and a resolv.conf that only this server sees) and perl; without them the machine's own
# resolver is asked, and the result says so.
resolver_note="asks the machine's own resolver for the name of each caller's address, which cannot be turned off"
start_resolver() {
    ((EUID == 0)) && command -v perl >/dev/null && unshare --mount true 2>/dev/null || return 0
    cat >"$work/resolver.pl" <<'PERL'
use Socket;
socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!";
bind($socket, sockaddr_in(53, inet_aton("127.0.0.153"))) or die "bind: $!";
while (defined(my $from = recv($socket, my $query, 1500, 0))) {
    # RFC 1035 section 4.1.1: the header has 12 bytes, and its third and fourth hold QR and RCODE. 3 is "no such name".
    next if length($query) < 12 || ord(substr($query, 2, 1)) & 0x80;
    substr($query, 2, 2) = chr(ord(substr($query, 2, 1)) & 0x79 | 0x80) . chr(0x83);
    send($socket, $query, 0, $from);
}
PERL
    taskset -c "$tool_cpu" perl "$work/resolver.pl" 2>"$work/resolver.err" &
    resolver_pid=$!
    sleep 0.3
    if ! kill -0 "$resolver_pid" 2>/dev/null; then
        say "no resolver of our own: $(head -n 1 "$work/resolver.err")"
        resolver_pid=
        return 0
    fi
    echo "nameserver 127.0.0.153" >"$work/resolv.conf"
    chmod 644 "$work/resolv.conf"
    resolver_note="asks for the name of each caller's address, which cannot be turned off; a resolver on the tool's \
processor answers at once that there is none"
}

port=$((16000 + RANDOM % 8000))

# Starts a server and waits until it takes calls. If it does not, $why says what is wrong.
start_server() { # SERVER
    local home="$work/$1" tries words
    port=$((port + 1))
    rm -rf "$home"
    mkdir "$home"
    ((EUID != 0)) || chown nobody "$home"
    "run_$1" "$port" "$home" </dev/null >"$work/$1.out" 2>&1 &
    pid=$!
    for ((tries = 0; tries < 100; tries++)); do
        sleep 0.1
        if ! kill -0 "$pid" 2>/dev/null; then
            wait "$pid" 2>/dev/null || true
            pid=
            words=$(tail -n 1 "$work/$1.out")
            why="it did not start${words:+: $words}"
            return 1
        fi
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            return 0
        fi
    done
    why="it takes no calls"
    stop_server
    return 1
}

# ---------------------------------------------------------------------------------------------------- what is measured

scenarios=(idle one sixteen crowd churn)
# Calls under way at a time. ngircd lets ten callers wait to be accepted, and whom the kernel turns away then comes back
# after seconds only, so there are not more than that at other servers' doors either; but inspircd registers all
# newcomers once a second, and needs a second's worth of them. The time for one is no limit for anyone.
pending=10
pending_inspircd=5000
patience=90s
calls=2000
options_of() { # SCENARIO [SERVER]: the command's options
    local ways="--pending $pending --timeout $patience"
    [[ ${2:-} != inspircd ]] || ways="--pending $pending_inspircd --timeout $patience"
    local talkers="fanout --receivers $receivers --payload 64 --for ${talk}s $ways"
    case $1 in
        idle) echo "idle --connections $connections --rate $calls --per-room 50 --hold ${hold}s $ways" ;;
        one) echo "$talkers --window 1" ;;
        sixteen) echo "$talkers --window 16" ;;
        crowd) echo "$talkers --rate $rate/s --idle $connections --connect-rate $calls" ;;
        churn) echo "churn --concurrency $concurrency --for ${talk}s" ;;
    esac
}

# Runs the tool; it may take twice as long as it should, and then some. $1 is the report's file.
bench() { # FILE OPTIONS...
    local file=$1 status=0
    shift
    local limit=$((90 + 2 * (talk + hold + connections / calls)))
    taskset -c "$tool_cpu" timeout --signal=INT --kill-after=20 "$limit" \
        "$work/bin/bench" bench "$@" "irc://127.0.0.1:$port" --pid "$pid" --json "$file" \
        >"$work/tool.out" 2>"$work/tool.err" &
    tool_pid=$!
    wait "$tool_pid" || status=$?
    tool_pid=
    return "$status"
}

# Takes one measurement and appends it to the results: a line of JSON with the report, and with $why if it failed.
measure() { # ROUND SCENARIO SERVER
    local report="$work/report.json" status=0 options
    read -ra options <<<"$(options_of "$2" "$3")"
    why=
    rm -f "$report"
    if ((SECONDS > give_up_after)); then
        why="not begun: the time was over"
    elif start_server "$3"; then
        # The first callers find whatever happens only once.
        if bench "$report" idle --connections 50 --per-room 10 --hold 100ms --timeout 10s; then
            rm -f "$report"
            sleep 0.5
            bench "$report" "${options[@]}" || status=$?
            if ! kill -0 "$pid" 2>/dev/null; then
                why="the server is gone"
            elif [[ ! -s $report ]]; then
                why="the tool ended with status $status: $(tail -n 1 "$work/tool.err")"
            fi
        else
            why="the first 50 callers: $(tail -n 1 "$work/tool.err")"
            rm -f "$report"
        fi
        stop_server
    fi
    [[ -s $report ]] || echo null >"$report"
    # Samples and curves are for plots; without them a report is some 3 KB.
    jq -c --arg server "$3" --arg scenario "$2" --argjson round "$1" --arg why "$why" '
        {server: $server, scenario: $scenario, round: $round, report: (. // {} | del(.samples, .curve))}
        | .report as $r
        | .failed = (
            if $why != "" then $why
            elif $r.verdict.interrupted then "it took too long and was ended"
            elif ($r.verdict.faults // []) != [] then $r.verdict.faults | join(", ")
            elif $r.sessions.done? == 0 then "no session came to its end"
            elif $r.traffic.delivered? == 0 then "nothing was delivered"
            else null end)
    ' "$report" >>"$work/results.jsonl"
    jq -r '"  \(.scenario) \(.server): \(.failed // "measured")"' <(tail -n 1 "$work/results.jsonl") >&2
}

# ------------------------------------------------------------------------------------------------------- the report

processor() { sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1; }

# What peers.jq cannot know, as Markdown: where, what, how.
describe() {
    local server scenario
    echo "# madang beside other IRC servers"
    echo
    echo "Written by \`benches/peers.sh\`, which says how it is measured; every report is in"
    echo "\`$(basename "$out").jsonl\`. Medians of $rounds interleaved rounds, and how many times madang's they are."
    echo "One processor for the server, another for the tool. Less is better, but for deliveries and sessions a second."
    echo
    echo "- $started, $((SECONDS / 60)) min $((SECONDS % 60)) s; load average before it began: $load_before"
    echo "- $(processor), $(nproc --all) processors; $(uname -sr)"
    for server in "${present[@]}"; do
        echo "- $server: ${versions[$server]}"
    done
    echo "- tool: $("$work/bin/bench" --version)"
    for server in "${absent[@]}"; do
        echo "- $server: not found on this machine"
    done
    if [[ " ${present[*]} " == *" ircd-hybrid "* ]]; then
        echo "- ircd-hybrid $resolver_note; that is part of each of its sessions"
    fi
    if [[ " ${present[*]} " == *" inspircd "* ]]; then
        echo "- inspircd lets newcomers in once a second, so its sessions take that long, whatever they cost, and" \
            "it is called with --pending $pending_inspircd"
    fi
    echo
    for scenario in "${scenarios[@]}"; do
        echo "    $scenario: madang bench ${options[$scenario]} irc://127.0.0.1:PORT --pid PID --json FILE"
    done
    echo
    jq -nr -f "$here/peers.jq" --arg servers "${present[*]}" "$work/results.jsonl"
}

# -------------------------------------------------------------------------------------------------------- all of it

declare -A versions=() options=()
present=() absent=()
for server in "${servers[@]}"; do
    declare -F "run_$server" >/dev/null || die "$server is none of the servers this knows"
    if "find_$server" >/dev/null; then
        present+=("$server")
        versions[$server]=$("version_$server" || echo "it does not tell its version")
    else
        absent+=("$server")
        say "$server is not here"
    fi
done
((${#present[@]} > 0)) || die "none of the servers is here"
for scenario in "${scenarios[@]}"; do
    options[$scenario]=$(options_of "$scenario")
done
if [[ " ${present[*]} " == *" ircd-hybrid "* ]]; then
    start_resolver
fi

started=$(date -u '+%Y-%m-%d %H:%M UTC')
load_before=$(cut -d ' ' -f 1-3 /proc/loadavg)
if awk '{ exit !($1 > 0.7) }' /proc/loadavg; then
    say "the load average is $load_before: something else runs here, and times will be of little use"
fi

: >"$work/results.jsonl"
for ((round = 1; round <= rounds; round++)); do
    say "round $round of $rounds, after $SECONDS s"
    for scenario in "${scenarios[@]}"; do
        # Nobody is always the first.
        for ((place = 0; place < ${#present[@]}; place++)); do
            measure "$round" "$scenario" "${present[(place + round - 1) % ${#present[@]}]}"
        done
    done
done

cp "$work/results.jsonl" "$out.jsonl"
describe >"$out.md"
finished=yes
cat "$out.md"
say "written: $out.md, $out.jsonl"
# Something to look at is no reason to fail; nothing to look at is.
jq -es 'any(.failed == null)' "$out.jsonl" >/dev/null || die "nothing could be measured"
