#!/usr/bin/env bash
# real-kafka: a real Apache Kafka (KRaft, no ZooKeeper) on 127.0.0.1 for tests.
# The jars come from Maven Central once and are kept in a cache folder.
# Needs: bash, java >= 17, mvn, openssl (only for --tls).
set -euo pipefail

KAFKA_VERSION=${WEIR_KAFKA_VERSION:-4.3.1}
LOG4J_VERSION=2.25.1
CACHE=${WEIR_KAFKA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir-kafka}
HEAP=${WEIR_KAFKA_HEAP:-512m}
WAIT=${WEIR_KAFKA_WAIT:-120}          # seconds to wait for a broker
PASSWORD_ADMIN=admin-secret
PASSWORD_ALICE=alice-secret

usage() {
  cat <<'USAGE'
usage: real-kafka.sh start [--dir D] [--port P] [--brokers 1|3] [--sasl] [--tls | --mtls] [--prop K=V]...
       real-kafka.sh stop | status | kill-broker I | restart-broker I   [--dir D]
       real-kafka.sh resolve

start           start 1 (default) or 3 brokers; when every broker answers, prints lines
                bootstrap=, sasl=, tls=, ca= (those that apply) on standard output. On a
                cluster that was started before: brings up the brokers that are down, prints the same.
stop            end the brokers and remove the folder (data, certificates, logs)
status          one line per broker; exit 0 if all run, 1 if some are down, 3 if none was started
kill-broker I   SIGKILL broker I (1..N), as a crash would
restart-broker I  start broker I again on its old data
resolve         only fetch the jars into the cache

--dir D     work folder (default: $TMPDIR/weir-kafka); one cluster per folder
--port P    first port (default 19092). Broker i uses P+10(i-1) and the three after it:
            +0 plain text, +1 controller, +2 SASL, +3 TLS
            (with --sasl --tls, +2 is SASL_PLAINTEXT and +3 is SASL_SSL)
--sasl      adds a SASL listener: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; users
            admin/admin-secret (super user) and alice/alice-secret (no rights
            until an ACL grants some). The plain-text listener stays and is super user.
--tls       adds a TLS listener; CA in D/tls/ca.pem
--mtls      as --tls, and clients must show D/tls/client.pem (key D/tls/client.key)
--prop K=V  one more line for every broker's server.properties (may be repeated)

Environment: WEIR_KAFKA_CACHE (jars), WEIR_KAFKA_VERSION, WEIR_KAFKA_HEAP (512m), WEIR_KAFKA_WAIT (120 s)
USAGE
}

die() { echo "real-kafka: $*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || die "'$1' is not installed"; }

[ $# -ge 1 ] || { usage >&2; exit 2; }
CMD=$1; shift
DIR=${TMPDIR:-/tmp}/weir-kafka PORT=19092 BROKERS=1 SASL=0 TLS=0 MTLS=0 INDEX= PROPS=
while [ $# -gt 0 ]; do
  case $1 in
    --dir|--port|--brokers|--prop) [ $# -ge 2 ] || die "$1 needs a value" ;;&
    --dir)     DIR=$2; shift 2 ;;
    --port)    PORT=$2; shift 2 ;;
    --brokers) BROKERS=$2; shift 2 ;;
    --prop)    PROPS=$PROPS$2$'\n'; shift 2 ;;
    --sasl)    SASL=1; shift ;;
    --tls)     TLS=1; shift ;;
    --mtls)    TLS=1; MTLS=1; shift ;;
    -h|--help) usage; exit 0 ;;
    -*)        die "unknown option $1 (try --help)" ;;
    *)         [ -z "$INDEX" ] || die "unexpected argument $1"; INDEX=$1; shift ;;
  esac
done
case $DIR in /*) ;; *) DIR=$PWD/$DIR ;; esac
[[ $PORT =~ ^[0-9]+$ ]] && [ "$PORT" -ge 1024 ] && [ "$PORT" -le 65000 ] || die "bad --port $PORT"
[ "$BROKERS" = 1 ] || [ "$BROKERS" = 3 ] || die "--brokers must be 1 or 3"
WANTED="port $PORT, brokers $BROKERS, sasl $SASL, tls $TLS, mtls $MTLS, props $PROPS"

resolve() {
  JARS=$CACHE/$KAFKA_VERSION
  [ -f "$JARS/.complete" ] && return
  need mvn
  local tmp; mkdir -p "$CACHE"; tmp=$(mktemp -d "$CACHE/fetch.XXXXXX")
  cat > "$tmp/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>weir</groupId><artifactId>real-kafka</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$KAFKA_VERSION</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>$LOG4J_VERSION</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>$LOG4J_VERSION</version></dependency>
</dependencies></project>
POM
  echo "real-kafka: fetching Kafka $KAFKA_VERSION with Maven" >&2
  if ! mvn -q -B -f "$tmp/pom.xml" dependency:copy-dependencies \
       -DincludeScope=runtime -DoutputDirectory="$tmp/jars" > "$tmp/mvn.log" 2>&1; then
    cat "$tmp/mvn.log" >&2; rm -rf "$tmp"; die "Maven could not fetch Kafka $KAFKA_VERSION"
  fi
  touch "$tmp/jars/.complete"
  rm -rf "$JARS"
  mv -T "$tmp/jars" "$JARS" 2>/dev/null || [ -f "$JARS/.complete" ] || die "cannot write $JARS"
  rm -rf "$tmp"
}

port_of() { echo $(( PORT + 10 * ($1 - 1) + $2 )); }           # broker, offset
pid_of() {                                                      # prints the pid if broker $1 runs
  local pid; pid=$(cat "$DIR/$1/pid" 2>/dev/null) || return 1
  kill -0 "$pid" 2>/dev/null || return 1
  # not some other process that got the same pid
  tr '\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | grep -qF "$DIR/$1/server.properties" || return 1
  echo "$pid"
}
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
bootstrap() { local i s=; for i in $(seq "$BROKERS"); do s=$s,127.0.0.1:$(port_of "$i" "$1"); done; echo "${s#,}"; }
load() { [ -f "$DIR/cluster.env" ] || return 1; . "$DIR/cluster.env"; }
kjava() { java -Xshare:auto -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m -cp "$JARS/*" \
  -Dlog4j2.configurationFile="$DIR/log4j2.xml" -Dkafka.logs.dir="$DIR" "$@"; }

write_config() {                                                # broker index
  local i=$1 d=$DIR/$1 rf=$BROKERS isr=1 voters= j lst
  [ "$rf" = 3 ] && isr=2
  for j in $(seq "$BROKERS"); do voters=$voters,$j@127.0.0.1:$(port_of "$j" 1); done
  lst="PLAINTEXT://127.0.0.1:$(port_of "$i" 0)"
  local map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
  if [ "$SASL" = 1 ]; then lst=$lst,SASL://127.0.0.1:$(port_of "$i" 2); map=$map,SASL:SASL_PLAINTEXT; fi
  if [ "$TLS" = 1 ]; then lst=$lst,TLS://127.0.0.1:$(port_of "$i" 3)
    if [ "$SASL" = 1 ]; then map=$map,TLS:SASL_SSL; else map=$map,TLS:SSL; fi; fi
  mkdir -p "$d/data"
  {
    cat <<PROPS
process.roles=broker,controller
node.id=$i
controller.quorum.voters=${voters#,}
listeners=$lst,CONTROLLER://127.0.0.1:$(port_of "$i" 1)
advertised.listeners=$lst
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=$map
log.dirs=$d/data
default.replication.factor=$rf
min.insync.replicas=$isr
offsets.topic.replication.factor=$rf
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=$rf
transaction.state.log.min.isr=$isr
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor=$rf
share.coordinator.state.topic.min.isr=$isr
share.coordinator.state.topic.num.partitions=3
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=2097152
controlled.shutdown.enable=true
PROPS
    if [ "$SASL" = 1 ]; then
      local l m
      echo "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"
      for l in sasl tls; do
        [ $l = tls ] && [ "$TLS" = 0 ] && continue
        for m in scram-sha-256 scram-sha-512; do
          echo "listener.name.$l.$m.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"
        done
        echo "listener.name.$l.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_admin=\"$PASSWORD_ADMIN\" user_alice=\"$PASSWORD_ALICE\";"
      done
      echo "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"
      echo "super.users=User:admin;User:ANONYMOUS"   # ANONYMOUS: the plain-text listener
      echo "allow.everyone.if.no.acl.found=false"
    fi
    if [ "$TLS" = 1 ]; then
      cat <<PROPS
listener.name.tls.ssl.keystore.type=PEM
listener.name.tls.ssl.keystore.location=$DIR/tls/broker.pem
listener.name.tls.ssl.truststore.type=PEM
listener.name.tls.ssl.truststore.location=$DIR/tls/ca.pem
listener.name.tls.ssl.client.auth=$([ "$MTLS" = 1 ] && echo required || echo none)
PROPS
    fi
    printf '%s' "$PROPS"
  } > "$d/server.properties"
}

format_storage() {                                              # broker index
  local args=() u
  if [ "$SASL" = 1 ]; then
    for u in admin=$PASSWORD_ADMIN alice=$PASSWORD_ALICE; do
      args+=(--add-scram "SCRAM-SHA-256=[name=${u%%=*},password=${u#*=}]"
             --add-scram "SCRAM-SHA-512=[name=${u%%=*},password=${u#*=}]")
    done
  fi
  kjava kafka.tools.StorageTool format -t "$CLUSTER_ID" -c "$DIR/$1/server.properties" \
    "${args[@]}" > "$DIR/$1/format.log" 2>&1 || { cat "$DIR/$1/format.log" >&2; die "formatting broker $1 failed"; }
}

check_ports() {                                                 # broker index
  local o
  for o in 0 1 $([ "$SASL" = 0 ] || echo 2) $([ "$TLS" = 0 ] || echo 3); do
    if listening "$(port_of "$1" "$o")"; then die "port $(port_of "$1" "$o") is in use"; fi
  done
}

launch() {                                                      # broker index
  local i=$1
  check_ports "$i"
  setsid nohup java -Xms"$HEAP" -Xmx"$HEAP" -XX:+UseG1GC -cp "$JARS/*" \
    -Dlog4j2.configurationFile="$DIR/log4j2.xml" -Dkafka.logs.dir="$DIR/$i" \
    kafka.Kafka "$DIR/$i/server.properties" > "$DIR/$i/out.log" 2>&1 < /dev/null &
  echo $! > "$DIR/$i/pid"
}

wait_ready() {                                                  # broker index
  local i=$1 end=$((SECONDS + WAIT))
  until grep -q 'Kafka Server started' "$DIR/$i/out.log" 2>/dev/null && listening "$(port_of "$i" 0)"; do
    pid_of "$i" >/dev/null || { tail -n 25 "$DIR/$i/out.log" >&2; die "broker $i ended while starting (above: its log)"; }
    [ $SECONDS -lt $end ] || { tail -n 25 "$DIR/$i/out.log" >&2; die "broker $i was not ready after $WAIT s"; }
    sleep 0.1
  done
}

make_certs() {
  need openssl
  local t=$DIR/tls n; mkdir -p "$t"
  ( cd "$t"; umask 077
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=weir-test-ca -keyout ca.key -out ca.pem
    for n in broker client; do
      openssl req -newkey rsa:2048 -nodes -subj "/CN=$n" -keyout $n.key -out $n.csr   # PKCS#8 key
      printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n' > $n.ext
      openssl x509 -req -in $n.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile $n.ext -out $n.crt
    done
    cat broker.key broker.crt ca.pem > broker.pem
    cat client.crt ca.pem > client.pem
    rm -f ./*.csr ./*.ext ./*.srl ) > "$DIR/openssl.log" 2>&1 || { cat "$DIR/openssl.log" >&2; die "openssl failed"; }
}

print_cluster() {
  echo "bootstrap=$(bootstrap 0)"
  if [ "$SASL" = 1 ]; then echo "sasl=$(bootstrap 2)"; fi
  if [ "$TLS" = 1 ]; then echo "tls=$(bootstrap 3)"; echo "ca=$DIR/tls/ca.pem"; fi
}
index_arg() {
  [[ $INDEX =~ ^[0-9]+$ ]] && [ "$INDEX" -ge 1 ] && [ "$INDEX" -le "$BROKERS" ] || die "$CMD needs a broker number 1..$BROKERS"
}

start() {
  need java
  local i
  if load; then                                                 # idempotent: bring up what is down
    [ "$OPTIONS" = "$WANTED" ] || die "$DIR holds a cluster with other options ($OPTIONS); stop it first"
    resolve
    for i in $(seq "$BROKERS"); do pid_of "$i" >/dev/null || launch "$i"; done
    for i in $(seq "$BROKERS"); do wait_ready "$i"; done
    print_cluster; return
  fi
  [ ! -e "$DIR" ] || [ -z "$(ls -A "$DIR")" ] || die "$DIR exists and is not a real-kafka folder"
  for i in $(seq "$BROKERS"); do check_ports "$i"; done
  resolve
  mkdir -p "$DIR"
  CLUSTER_ID=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '=')
  cat > "$DIR/log4j2.xml" <<'XML'
<Configuration status="warn"><Appenders><Console name="c" target="SYSTEM_OUT"><PatternLayout pattern="%d %p %c{1} %m%n"/></Console></Appenders>
<Loggers><Logger name="kafka.server.KafkaRaftServer" level="info"/><Root level="${env:WEIR_KAFKA_LOG:-warn}"><AppenderRef ref="c"/></Root></Loggers></Configuration>
XML
  printf '%s=%q\n' PORT "$PORT" BROKERS "$BROKERS" SASL "$SASL" TLS "$TLS" MTLS "$MTLS" \
    CLUSTER_ID "$CLUSTER_ID" KAFKA_VERSION "$KAFKA_VERSION" OPTIONS "$WANTED" > "$DIR/cluster.env"
  trap 'st=$?; if [ $st != 0 ]; then stop_all; rm -rf "$DIR"; fi; exit $st' EXIT   # a failed start leaves nothing
  if [ "$TLS" = 1 ]; then make_certs; fi
  for i in $(seq "$BROKERS"); do write_config "$i"; format_storage "$i"; done
  for i in $(seq "$BROKERS"); do launch "$i"; done
  for i in $(seq "$BROKERS"); do wait_ready "$i"; done
  trap - EXIT
  print_cluster
}

stop_all() {                                                    # SIGTERM, then SIGKILL after 20 s
  local i pid n
  for i in $(seq "$BROKERS"); do if pid=$(pid_of "$i"); then kill -TERM "$pid" 2>/dev/null || true; fi; done
  for i in $(seq "$BROKERS"); do
    for n in $(seq 200); do pid_of "$i" >/dev/null || break; sleep 0.1; done
    if pid=$(pid_of "$i"); then kill -KILL "$pid" 2>/dev/null || true; sleep 0.2; fi
  done
}

case $CMD in
  start) start ;;
  stop)
    load || { echo "real-kafka: nothing to stop in $DIR" >&2; exit 0; }
    stop_all; rm -rf "$DIR" ;;
  status)
    load || { echo "no cluster in $DIR"; exit 3; }
    rc=0
    for i in $(seq "$BROKERS"); do
      if pid=$(pid_of "$i"); then echo "broker $i pid $pid port $(port_of "$i" 0) up"
      else echo "broker $i port $(port_of "$i" 0) down"; rc=1; fi
    done
    print_cluster; exit $rc ;;
  kill-broker)
    load || die "no cluster in $DIR"; index_arg
    pid=$(pid_of "$INDEX") || die "broker $INDEX is not running"
    kill -KILL "$pid"
    while pid_of "$INDEX" >/dev/null; do sleep 0.05; done ;;
  restart-broker)
    load || die "no cluster in $DIR"; index_arg; need java; resolve
    if pid_of "$INDEX" >/dev/null; then die "broker $INDEX is running"; fi
    launch "$INDEX"; wait_ready "$INDEX" ;;
  resolve) resolve; echo "$JARS" ;;
  -h|--help|help) usage ;;
  *) usage >&2; exit 2 ;;
esac
