# The results of benches/peers.sh as Markdown: a table of the servers, one of the tool itself, and what failed.
#
# Reads lines {server, scenario, round, report, failed}, where failed is null or the reason. $servers are the columns, as
# words; the others' medians are compared with madang's.

def median:
  sort | length as $n
  | if $n % 2 == 1 then .[($n - 1) / 2] else (.[$n / 2 - 1] + .[$n / 2]) / 2 end;

# With no digit behind the point 12345.678 is 12,346, and with two it is 12,345.68.
def written($digits):
  pow(10; $digits) as $scale
  | (. * $scale | round / $scale | tostring) as $text
  | ($text / ".") as [$whole, $rest]
  | ($whole | [match(".{1,3}"; "g")] | length) as $groups
  | ($whole | length - 3 * ($groups - 1)) as $head
  | [$whole[:$head], (range($groups - 1) as $at | $whole[$head + 3 * $at:$head + 3 * $at + 3])] | join(",")
  | if $digits > 0 then . + "." + (($rest // "") + "000000")[:$digits] else . end;

# Name, scenario, where it is in a report, digits behind the point.
def of_servers: [
  ["**idle**: memory of a client, bytes (growth of RSS)", "idle", "server.bytes_per_connection", 0],
  ["wake-ups a second", "idle", "server.wakeups_per_second", 1],
  ["share of the processor meanwhile, %", "idle", "server.hold_cpu_percent", 3],
  ["CPU for one to come, join a room and go, us", "idle", "server.cpu_per_visit", 1],
  ["**fan-out, 1 in flight**: CPU of a delivery, us", "one", "server.cpu_per_delivery", 2],
  ["deliveries a second", "one", "traffic.per_second", 0],
  ["latency, 99 %, us", "one", "traffic.latency.p99", 0],
  ["**fan-out, 16 in flight**: CPU of a delivery, us", "sixteen", "server.cpu_per_delivery", 2],
  ["deliveries a second", "sixteen", "traffic.per_second", 0],
  ["latency, 99 %, us", "sixteen", "traffic.latency.p99", 0],
  ["**fan-out among idle ones, open loop**: latency, 50 %, us", "crowd", "traffic.latency.p50", 0],
  ["latency, 99 %, us", "crowd", "traffic.latency.p99", 0],
  ["latency, 99.9 %, us", "crowd", "traffic.latency.p99_9", 0],
  ["CPU of a delivery, us", "crowd", "server.cpu_per_delivery", 2],
  ["**churn**: CPU of a session, us", "churn", "server.cpu_per_session", 1],
  ["sessions a second", "churn", "sessions.per_second", 0],
  ["a session from call to end, 99 %, us", "churn", "sessions.whole.p99", 0]
];

def of_the_tool: [
  ["**idle**: a turn of its loop, 99 %, us", "idle", "load.turns.p99", 0],
  ["**fan-out, 1 in flight**: share of its processor, %", "one", "load.traffic_cpu_percent", 0],
  ["a turn of its loop, 99 %, us", "one", "load.turns.p99", 0],
  ["**fan-out, 16 in flight**: share of its processor, %", "sixteen", "load.traffic_cpu_percent", 0],
  ["a turn of its loop, 99 %, us", "sixteen", "load.turns.p99", 0],
  ["**fan-out among idle ones**: share of its processor, %", "crowd", "load.traffic_cpu_percent", 0],
  ["sent later than planned, 99 %, us", "crowd", "traffic.send_lag.p99", 0],
  ["a turn of its loop, 99 %, us", "crowd", "load.turns.p99", 0],
  ["**churn**: share of its processor, %", "churn", "load.traffic_cpu_percent", 0],
  ["a turn of its loop, 99 %, us", "churn", "load.turns.p99", 0]
];

# What follows from two numbers of a report, put where it belongs.
def derived:
  if .server.user_seconds? and .server.system_seconds? and (.connections.arrived > 0)
  then .server.cpu_per_visit = (.server.user_seconds + .server.system_seconds) * 1e6 / .connections.arrived else . end
  | if (.traffic.seconds? // 0) > 0 then .traffic.per_second = .traffic.delivered / .traffic.seconds else . end
  | if (.sessions.seconds? // 0) > 0 then .sessions.per_second = .sessions.done / .sessions.seconds else . end;

# The good values of a row for a server.
def values($row; $server):
  [.[] | select(.scenario == $row[1] and .server == $server and .failed == null)
   | .report | getpath($row[2] / ".") | select(type == "number")];

# How far the rounds of one server lie apart at most, in percent of their median.
def spread($row; $columns):
  . as $all
  | [$columns[] as $server | $all | values($row; $server)
     | select(length > 1) | select(median > 0) | (max - min) / median * 100]
  | if length > 0 then max | round | tostring + " %" else "–" end;

def cell($row; $server; $base):
  values($row; $server) as $values
  | [.[] | select(.scenario == $row[1] and .server == $server)] as $runs
  | ([$runs[] | select(.failed != null)] | length) as $failed
  | if $values | length > 0
    then ($values | median) as $median
      | ($median | written($row[3]))
        + (if $base and $server != "madang" then " (" + ($median / $base | written(2)) + " x)" else "" end)
        + (if $failed > 0 then ", \($failed) of \($runs | length) failed" else "" end)
    elif $failed > 0 then "failed"
    else "not known" end;

def table($rows; $columns; $with_ratios):
  . as $all
  | "| | " + ($columns | join(" | ")) + " | rounds differ by |",
    "|---|" + ($columns | map("---|") | add) + "---|",
    ($rows[] as $row
     | ($all | values($row; "madang")) as $own
     | (if $with_ratios and ($own | length > 0) and ($own | median > 0) then $own | median else null end) as $base
     | "| \($row[0]) | "
       + ([$columns[] as $server | $all | cell($row; $server; $base)] | join(" | "))
       + " | " + ($all | spread($row; $columns)) + " |");

[inputs | .report |= derived] as $all
| ($servers / " ") as $columns
| ($all | table(of_servers; $columns; true)),
  "",
  "What the tool itself needed meanwhile. Where its processor was busy it set the pace, and deliveries a second are its",
  "limit and not the server's; CPU of a delivery counts all the same.",
  "",
  ($all | table(of_the_tool; $columns; false)),
  "",
  ([$all[] | select(.failed != null)] as $failures
   | if $failures == [] then "Nothing failed: every connection, delivery and session of every round went as it should."
     else "What failed:", "", ($failures | group_by([.scenario, .server, .failed])[]
       | "- \(.[0].scenario), \(.[0].server), round \(map(.round | tostring) | join(", ")): \(.[0].failed)") end),
  ([$all[] | select(.failed == null) | . as $run | .report.verdict.warnings[]?
    | {of: "\($run.scenario), \($run.server)", text: .}] | group_by(.of) as $warned
   | if $warned == [] then empty
     else "", "The tool's warnings:", "", ($warned[] | "- \(.[0].of), \(length) times, such as: \(.[0].text)") end)
