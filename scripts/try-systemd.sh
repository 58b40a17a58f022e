#!/usr/bin/env bash
# Tries deploy/systemd on a real systemd: Debian in a folder, booted by systemd-nspawn. Needs root, and the Debian packages
# debootstrap and systemd-container. It is not a test: it shows what happens, for docs/systemd.md.
#
#   npm run build && scripts/try-systemd.sh [folder] [suite]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-/var/tmp/baton-systemd}
suite=${2:-trixie}

if [ ! -d "$folder/etc" ]; then
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,procps,curl,libatomic1,libstdc++6 "$suite" "$folder"
fi
install -D "$(command -v node)" "$folder/usr/bin/node"
install -d "$folder/opt/baton" "$folder/srv/app"
cp -r dist package.json "$folder/opt/baton/"
npm ls --omit=dev --all --parseable | sed -n "s#^$PWD/##p" | tar --create --files-from - | tar --extract --directory "$folder/opt/baton"
cp deploy/systemd/baton.service deploy/systemd/baton.socket "$folder/etc/systemd/system/"
printf 'APP=/srv/app/app.js\nWORKERS=2\n' > "$folder/etc/default/baton"
echo '{ "type": "module" }' > "$folder/srv/app/package.json"
good="import { setTimeout } from 'node:timers/promises'
export default async function (fastify) {
  fastify.get('/', async () => fastify.worker)
  fastify.get('/slow', async () => { await setTimeout(3000); return fastify.worker })
}"
echo "$good" > "$folder/srv/app/app.js"

SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --boot --register=no --keep-unit --private-network --directory "$folder" < /dev/null > /dev/null 2>&1 &
nspawn=$!
# SIGTERM shuts it down.
trap 'kill -TERM "$nspawn"; wait "$nspawn" || true' EXIT
leader=
until [ -n "$leader" ]; do sleep 0.2; leader=$(pgrep --parent "$nspawn" || true); done

inside () {
  nsenter --target "$leader" --mount --uts --ipc --net --pid --cgroup env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c "$1" || echo "(exit code $?)"
}
title () { printf '\n== %s\n' "$1"; }
show='systemctl show --property ActiveState,SubState,NRestarts,StatusText baton'
until inside 'systemctl is-system-running' | grep -qE 'running|degraded'; do sleep 0.5; done

title "start, on $(inside 'systemctl --version' | head -1)"
inside 'systemctl start baton.socket baton.service; systemctl status baton --no-pager --lines 0; curl --silent 127.0.0.1:3000/'

title 'reload of a good release'
inside "systemctl reload baton"; inside "$show"

title 'reload of a broken release'
echo 'throw new Error("broken release")' > "$folder/srv/app/app.js"
inside 'systemctl reload baton'; inside "$show"
echo "$good" > "$folder/srv/app/app.js"

title 'five restarts under 32 clients with new connections'
nsenter --target "$leader" --net node --input-type=module --eval '
  import { request } from "node:http"
  const ends = {}
  const end = Date.now() + 20_000
  const once = () => new Promise((resolve) => {
    request({ host: "127.0.0.1", port: 3000, agent: false }, (answer) => {
      answer.resume().on("end", () => { resolve(answer.statusCode) }).on("error", ({ code }) => { resolve(code) })
    }).on("error", ({ code }) => { resolve(code) }).end()
  })
  await Promise.all(Array.from({ length: 32 }, async () => {
    while (Date.now() < end) {
      const how = await once()
      ends[how] = (ends[how] ?? 0) + 1
    }
  }))
  console.log(ends)' &
clients=$!
for _ in 1 2 3 4 5; do sleep 3; inside 'systemctl restart baton'; done
wait "$clients"

title 'the primary is killed with a request in progress (KillMode=mixed kills its worker)'
inside 'curl --silent --max-time 20 127.0.0.1:3000/slow' & request=$!
sleep 1
inside 'kill -KILL $(systemctl show --property MainPID --value baton)'
wait "$request"; inside 'curl --silent --max-time 20 127.0.0.1:3000/'; echo; inside "$show"

title 'the primary hangs: the watchdog, within WatchdogSec=30'
inside 'systemctl reset-failed baton; systemctl restart baton; kill -STOP $(systemctl show --property MainPID --value baton)'
for _ in $(seq 60); do sleep 1; if [ "$(inside 'systemctl show --property NRestarts --value baton')" != 0 ]; then break; fi; done
inside "$show"

title 'stop'
inside 'systemctl stop baton.socket baton.service; systemctl show --property ActiveState,Result,ExecMainStatus baton'
