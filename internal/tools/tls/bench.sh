#!/usr/bin/env bash
# Measures casdoctor console side by side with the scanners of Debian 12, against the same real
# servers, and prints the table of docs/performance.md. Runs inside lab.sh; see `make bench-tls`.
#
#   bench.sh CASDOCTOR [ms of round trip…]
#
# Wall times are medians of RUNS (testssl.sh: one run, and only where it ends in minutes).
# Connections are counted by the kernel, as SYNs to the server's port. Of casdoctor's wall time the
# part in which it asks is shown, too: the rest is the start of the program.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$1
shift
runs=${RUNS:-3}
ca=$CASDOCTOR_TLS_LAB/certs/ca.pem
out=$CASDOCTOR_TLS_LAB/bench
mkdir -p "$out"
declare -A title=(
  [9441]="TLS 1.2 only, 3 suites (nginx)" [9442]="TLS 1.0 to 1.2 (nginx)" [9462]="NULL, anonymous, CCM (s_server)"
  [9463]="RC4, 3DES, NULL (gnutls-serv)" [9466]="SSL 3.0, RC4, DES (NSS)" [9465]="everything (Java)"
)

# What casdoctor reads of the system's roots when the issuer stands there, and not in --ca-file.
cat /etc/ssl/certs/ca-certificates.crt "$ca" >"$out/roots.pem"

cat >"$out/tools" <<T
casdoctor, exact|$bin console 127.0.0.1:PORT --enumerate --format json --ca-file $ca
casdoctor, exact, by the system's roots|env SSL_CERT_FILE=$out/roots.pem $bin console 127.0.0.1:PORT --enumerate --format json
casdoctor, exact, 127 suites a hello|$bin console 127.0.0.1:PORT --enumerate --suites-per-hello 127 --format json --ca-file $ca
casdoctor, inferred|$bin console 127.0.0.1:PORT --enumerate=inferred --format json --ca-file $ca
casdoctor, health check|$bin console 127.0.0.1:PORT --format json --ca-file $ca
sslscan, suites only|sslscan --no-colour --no-heartbleed --no-renegotiation --no-groups --no-compression --no-fallback --no-check-certificate --xml=- 127.0.0.1:PORT
sslscan|sslscan --no-colour --xml=- 127.0.0.1:PORT
nmap ssl-enum-ciphers|nmap -n -Pn -p PORT --script ssl-enum-ciphers -oX - 127.0.0.1
testssl.sh -p -E|testssl -p -E --color 0 --warnings batch --nodns none --jsonfile JSON 127.0.0.1:PORT
T
counted() { nft -j list counters table inet count | grep -o '"packets": [0-9]*' | grep -o '[0-9]*'; }
reset_count() { # port
  nft delete table inet count 2>/dev/null || true
  nft "add table inet count; add counter inet count syns; add chain inet count in { type filter hook input priority -10; };
    add rule inet count in tcp dport $1 tcp flags & (syn|ack) == syn counter name syns"
}
# behind starts a round trip in front of a port and says at which port.
behind() { # port, ms
  if [ "$2" = 0 ]; then
    echo "$1"
    return
  fi
  python3 "$here/delay.py" $(($1 + 10000)) "$1" "$2" >/dev/null 2>&1 &
  echo $! >>"$CASDOCTOR_TLS_LAB/pids"
  until (exec 3<>"/dev/tcp/127.0.0.1/$(($1 + 10000))") 2>/dev/null; do sleep 0.2; done
  echo $(($1 + 10000))
}
# Whatever was measured is shown, also when a later step fails.
trap 'python3 "$here/table.py" "$out/runs"' EXIT

for rtt in "${@:-0}"; do
  for server in ${PORTS:-9441 9442 9462 9465}; do
    port=$server
    # The first handshakes of a Java server compile it: not part of anybody's time.
    for _ in 1 2 3; do "$bin" console "127.0.0.1:$port" --enumerate --ca-file "$ca" >/dev/null || true; done
    # s_server takes one connection at a time: what waits in front of it is not the way's delay.
    [ "$rtt-$server" != 50-9462 ] || continue
    port=$(behind "$server" "$rtt")
    n=0
    while IFS='|' read -r name command; do
      n=$((n + 1))
      times=$runs
      if [[ $name == testssl* ]]; then
        times=1
        [[ " ${TESTSSL-9441@0} " == *" $server@$rtt "* ]] || continue
      fi
      file=$out/$rtt-$port-$n
      for _ in $(seq "$times"); do
        reset_count "$port"
        rm -f "$file.json"
        line=${command//PORT/$port}
        line=${line//JSON/$file.json}
        start=$(date +%s.%N)
        $line >"$file.txt" 2>/dev/null </dev/null || true
        end=$(date +%s.%N)
        echo "$rtt|$port|${title[$server]}|$name|$(awk "BEGIN{print $end-$start}")|$(counted)|$file" >>"$out/runs"
      done
    done <"$out/tools"
  done
done
echo "$(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg), $(nginx -v 2>&1 | sed 's/.*: //'), $(openssl version | cut -d' ' -f1,2), $(nmap --version | head -1 | cut -d' ' -f1-3), sslscan $(sslscan --version | head -1 | sed 's/\x1b[^m]*m//g' | tr -d ' \t' | cut -d- -f1), testssl.sh $(testssl --version 2>/dev/null | grep -o '3\.[0-9.]*' | head -1)"
