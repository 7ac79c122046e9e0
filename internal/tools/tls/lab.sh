#!/usr/bin/env bash
# Real TLS servers, proxies and faults of the way, in a network namespace of their own. Needs root
# on Debian 12. Nothing leaves the namespace: its only interface is loopback.
#
#   lab.sh COMMAND…   sets everything up, runs COMMAND inside, and takes everything down.
#
# COMMAND finds the directory with the certificates in $CASDOCTOR_TLS_LAB, and the servers on the
# ports below.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
packages="nginx-light gnutls-bin libnss3-tools haproxy stunnel4 tinyproxy squid-openssl mitmproxy socat nftables
  dnsmasq-base sslscan nmap testssl.sh bsdextrautils openjdk-17-jdk-headless openssl iproute2"

# install gets the packages; a policy that answers 101 keeps their daemons from being started.
install() {
  local missing="" p policy=/usr/sbin/policy-rc.d
  for p in $packages; do dpkg -s "$p" >/dev/null 2>&1 || missing="$missing $p"; done
  [ -n "$missing" ] || return 0
  echo "installing$missing" >&2
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap "rm -f $policy" RETURN
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
}

if [ "${1:-}" != --inside ]; then
  [ "$(id -u)" = 0 ] || { echo "lab.sh needs root: it makes a network namespace" >&2; exit 1; }
  install
  dir=$(mktemp -d /tmp/casdoctor-tls.XXXXXX)
  chmod 755 "$dir"
  ns=casdoctor-tls-$$
  finish() {
    local pid
    while read -r pid; do kill "$pid" 2>/dev/null || true; done < <(cat "$dir/pids" 2>/dev/null)
    ip netns del $ns 2>/dev/null || true
    rm -rf "$dir" "/etc/netns/$ns"
  }
  trap finish EXIT
  ip netns add $ns
  mkdir -p "/etc/netns/$ns"
  echo "127.0.0.1 localhost console.test other.test sub.tmcas.trendmicro.com" >"/etc/netns/$ns/hosts"
  ip netns exec $ns ip link set lo up
  CASDOCTOR_TLS_LAB=$dir ip netns exec $ns "$here/lab.sh" --inside "$@"
  exit
fi
shift
from=$PWD
cd "$CASDOCTOR_TLS_LAB"
mkdir certs ng squid logs

# ---- certificates -------------------------------------------------------------------------
quiet() { "$@" >>logs/certs.log 2>&1; }
pushd certs >/dev/null
mkdir ../certs/logs
quiet openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj "/CN=Lab Root CA"
issue() { # name, kind, subject, names
  if [ "$2" = rsa ]; then quiet openssl genrsa -out "$1.key" 2048; else quiet openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; fi
  openssl req -new -key "$1.key" -subj "$3" -out "$1.csr"
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' "$4" >"$1.ext"
  quiet openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -sha256 -extfile "$1.ext" -out "$1.pem"
  cat "$1.pem" ca.pem >"$1.chain.pem"
  cat "$1.pem" "$1.key" >"$1.both.pem"
}
names="DNS:console.test,DNS:sub.tmcas.trendmicro.com,IP:127.0.0.1"
issue rsa rsa /CN=console.test "$names"
issue ec ec /CN=console.test "$names"
issue wrong rsa /CN=other.example DNS:other.example
quiet openssl req -x509 -newkey rsa:2048 -nodes -keyout self.key -out self.pem -days 30 -subj /CN=console.test -addext "subjectAltName=$names"
quiet openssl req -x509 -newkey rsa:2048 -nodes -keyout gateway.key -out gateway.pem -days 30 -subj "/O=Example Corp/CN=Example Corp SSL Inspection CA" \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
cat gateway.pem gateway.key >gateway.both.pem
# Not "dhparam -dsaparam": nginx 1.22 refuses what it writes.
quiet openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out ffdhe2048.pem
quiet openssl pkcs12 -export -in rsa.pem -inkey rsa.key -certfile ca.pem -out rsa.p12 -passout pass:changeit -name rsa
popd >/dev/null
mkdir nssdb
quiet certutil -N -d sql:nssdb --empty-password
quiet pk12util -i certs/rsa.p12 -d sql:nssdb -W changeit -K ''

# ---- servers ------------------------------------------------------------------------------
run() { # name, command…
  local name=$1
  shift
  "$@" >>"logs/$name.log" 2>&1 </dev/null &
  echo $! >>pids
}

cat >nginx.conf <<N
worker_processes 1;
daemon off;
pid ng/nginx.pid;
error_log ng/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ng/b; proxy_temp_path ng/p; fastcgi_temp_path ng/f; uwsgi_temp_path ng/u; scgi_temp_path ng/s;
  ssl_certificate certs/rsa.chain.pem; ssl_certificate_key certs/rsa.key; ssl_dhparam certs/ffdhe2048.pem;
  # 9441: TLS 1.2 with three strong suites, as the console is documented. 9472 and 9487 are the same behind a fault.
  server { listen 127.0.0.1:9441 ssl; listen 127.0.0.1:9472 ssl; listen 127.0.0.1:9487 ssl; server_name console.test; ssl_protocols TLSv1.2;
    ssl_prefer_server_ciphers on; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305; location / { return 200 "ok\n"; } }
  # 9442: TLS 1.0 to 1.2. OpenSSL 3 wants @SECLEVEL=0 for the old ones. 9485 and 9486 are the same behind a fault.
  server { listen 127.0.0.1:9442 ssl; listen 127.0.0.1:9485 ssl; listen 127.0.0.1:9486 ssl; server_name console.test; ssl_protocols TLSv1 TLSv1.1 TLSv1.2;
    ssl_prefer_server_ciphers on; ssl_ciphers HIGH:!aNULL:!eNULL:!DSS:!PSK:!SRP:!ARIA:!CAMELLIA:!CCM:@SECLEVEL=0; location / { return 200 "ok\n"; } }
  # 9443: TLS 1.3 only
  server { listen 127.0.0.1:9443 ssl; server_name console.test; ssl_protocols TLSv1.3; location / { return 200 "ok\n"; } }
  # 9444: two certificates, TLS 1.2 and 1.3, with DHE
  server { listen 127.0.0.1:9444 ssl; server_name console.test; ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate certs/ec.chain.pem; ssl_certificate_key certs/ec.key; ssl_certificate certs/rsa.chain.pem; ssl_certificate_key certs/rsa.key;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384;
    location / { return 200 "ok\n"; } }
  # 9445: TLS 1.2 with an ECDSA certificate only
  server { listen 127.0.0.1:9445 ssl; server_name console.test; ssl_protocols TLSv1.2; ssl_certificate certs/ec.chain.pem; ssl_certificate_key certs/ec.key;
    ssl_ciphers HIGH:!aNULL; location / { return 200 "ok\n"; } }
  # 9447: plain HTTP
  server { listen 127.0.0.1:9447; location / { return 200 "plain\n"; } }
  # 9452, 9453: another host's certificate, and one that signed itself
  server { listen 127.0.0.1:9452 ssl; ssl_protocols TLSv1.2; ssl_certificate certs/wrong.chain.pem; ssl_certificate_key certs/wrong.key; location / { return 200 "ok\n"; } }
  server { listen 127.0.0.1:9453 ssl; ssl_protocols TLSv1.2; ssl_certificate certs/self.pem; ssl_certificate_key certs/self.key; location / { return 200 "ok\n"; } }
  # 9454: alert 112 for whoever does not send the name
  server { listen 127.0.0.1:9454 ssl default_server; ssl_protocols TLSv1.2; ssl_reject_handshake on; }
  server { listen 127.0.0.1:9454 ssl; server_name console.test; ssl_protocols TLSv1.2; location / { return 200 "ok\n"; } }
}
N
run nginx nginx -p "$PWD/" -c nginx.conf

s_server() { run "s_server-$1" openssl s_server -accept "127.0.0.1:$1" -cert certs/rsa.pem -cert_chain certs/ca.pem -key certs/rsa.key -www -quiet "${@:2}"; }
s_server 9461 -tls1_2 -cipher 'ECDHE+AESGCM:ECDHE+CHACHA20'                                      # the client's order
s_server 9462 -dcert certs/ec.pem -dkey certs/ec.key -dhparam certs/ffdhe2048.pem -cipher 'ALL:COMPLEMENTOFALL:@SECLEVEL=0' # NULL, anonymous, CCM, ARIA, Camellia
s_server 9468 -no_tls1_3 -dhparam certs/ffdhe2048.pem -cipher 'HIGH:!aNULL:!PSK:!SRP:!DSS:!ARIA:!CAMELLIA:!AESCCM:@SECLEVEL=0'
run gnutls gnutls-serv --quiet --http --port 9463 --x509certfile certs/rsa.chain.pem --x509keyfile certs/rsa.key --dhparams certs/ffdhe2048.pem \
  --priority 'NORMAL:+VERS-ALL:+ARCFOUR-128:+3DES-CBC:+MD5:+NULL:+ANON-ECDH:+ANON-DH:+RSA:+DHE-RSA:+SIGN-ALL:%SERVER_PRECEDENCE:%VERIFY_ALLOW_BROKEN'
# Java is the only server in Debian 12 that still has the export suites: SSL 3.0 to TLS 1.3, 137 pairs.
javac -d . "$here/WeakServer.java"
run java java -Xmx256m -cp . WeakServer 9465 certs/rsa.p12
run nss selfserv -d sql:nssdb -n rsa -p 9466 -V ssl3:tls1.2 -H 1 -W 1 \
  -c cdeinpruvxyz:C02F:C030:C013:C014:C011:C012:C027:C028:C010:009C:009D:009E:009F:003B:003C:003D:0033:0039:0067:006B:CCA8:CCAA:0041:0084:0045:0088:0001:0002:0004:0005:0009:000A:0016

# ---- what stands in the way -----------------------------------------------------------------
cat >haproxy.cfg <<'N'
defaults
  mode tcp
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend closes
  bind 127.0.0.1:9474
  tcp-request inspect-delay 5s
  tcp-request content reject if { req.ssl_hello_type 1 }
  default_backend strong
frontend name
  bind 127.0.0.1:9479
  tcp-request inspect-delay 5s
  tcp-request content reject if { req.ssl_sni -m end tmcas.trendmicro.com }
  tcp-request content accept if { req.ssl_hello_type 1 }
  default_backend strong
backend strong
  server s 127.0.0.1:9441
N
run haproxy haproxy -f haproxy.cfg -db
run socat socat TCP-LISTEN:9473,bind=127.0.0.1,fork,reuseaddr EXEC:'sleep 600' # accepts, never answers
cat >stunnel.conf <<'N'
foreground = yes
pid =
[cap]
accept = 127.0.0.1:9478
connect = 127.0.0.1:9480
cert = certs/rsa.both.pem
sslVersionMax = TLSv1.1
ciphers = ALL:@SECLEVEL=0
[up]
client = yes
accept = 127.0.0.1:9480
connect = 127.0.0.1:9441
N
run stunnel stunnel stunnel.conf
run mitmproxy mitmdump -q --set confdir=mitm --listen-host 127.0.0.1 -p 9477 --mode reverse:https://127.0.0.1:9441 --ssl-insecure
for n in 9481 9482; do
  printf 'Port %s\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nMaxClients 50\n' $n >tiny$n.conf
done
echo 'BasicAuth user pass' >>tiny9482.conf
run tiny1 tinyproxy -d -c tiny9481.conf
run tiny2 tinyproxy -d -c tiny9482.conf
helper=$(dpkg -L squid-openssl | grep 'security_file_certgen$')
quiet "$helper" -c -s squid/ssl_db -M 4MB
cat >squid.conf <<N
http_port 127.0.0.1:9483 ssl-bump tls-cert=$PWD/certs/gateway.both.pem generate-host-certificates=on dynamic_cert_mem_cache_size=4MB
sslcrtd_program $helper -s $PWD/squid/ssl_db -M 4MB
acl step1 at_step SslBump1
ssl_bump peek step1
ssl_bump bump all
dns_nameservers 127.0.0.1
sslproxy_cert_error allow all
tls_outgoing_options flags=DONT_VERIFY_PEER
http_access allow all
cache deny all
pid_filename $PWD/squid/pid
cache_log $PWD/squid/cache.log
access_log none
coredump_dir $PWD/squid
N
cat >squid-denies.conf <<N
http_port 127.0.0.1:9484
acl console dstdomain console.test 127.0.0.1
http_access deny console
http_access allow all
cache deny all
pid_filename $PWD/squid/pid2
cache_log $PWD/squid/cache2.log
access_log none
coredump_dir $PWD/squid
N
chmod 644 certs/gateway.both.pem
chown -R proxy squid
run squid squid -N -f "$PWD/squid.conf"
run squid2 squid -N -f "$PWD/squid-denies.conf"
run dns dnsmasq --no-daemon --no-resolv --no-hosts --port=9553 --listen-address=127.0.0.1 --bind-interfaces \
  --address=/console.test/127.0.0.1 --address=/sink.example/0.0.0.0 --local=/nx.test/

# @ih is what TCP carries: a record of type 22 with the client's version 0x0303 behind ten bytes.
nft -f - <<'N'
table inet lab {
  chain in { type filter hook input priority 0;
    tcp dport 9472 @ih,0,8 0x16 reject with tcp reset                    # RST on every hello
    tcp dport 9485 @ih,0,8 0x16 @ih,72,16 0x0303 reject with tcp reset   # RST on TLS 1.2 and later
    tcp dport 9486 @ih,0,8 0x16 @ih,72,16 0x0303 drop                    # TLS 1.2 and later vanish
    tcp dport 9487 @ih,0,8 0x16 @ih,24,16 > 1300 drop                    # large hellos vanish
    tcp dport 9496 reject with icmpx type host-unreachable
    tcp dport 9497 reject with icmpx type admin-prohibited
    tcp dport 9498 tcp flags syn drop                                    # a black hole
  }
}
N

# ---- ready? -------------------------------------------------------------------------------
for port in 9441 9442 9461 9462 9463 9465 9466 9468 9473 9474 9477 9478 9481 9482 9483 9484; do
  for i in $(seq 200); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    [ "$i" -lt 200 ] || { echo "no server on port $port: $(tail -n 3 logs/*.log)" >&2; exit 1; }
    sleep 0.2
  done
done
cd "$from"
"$@"
