#!/bin/sh
# Runs a command on a machine of its own, as far as the network is concerned: with the public address and the domain
# of a server, all ports free, and nothing else to reach. As root, under `unshare --net --mount --pid --fork`.
#
# usage: network.sh DOMAIN ADDRESS… -- COMMAND…
#   ADDRESS  the addresses of this machine; the first is the domain's
set -eu
domain=$1 public=$2
shift
mount -t proc proc /proc
ip link set lo up
# Not on loopback, of which coturn takes no address.
ip link add eth0 type veth peer name eth1
ip link set eth0 up
ip link set eth1 up
while [ "$1" != -- ]; do
  ip address add "$1/32" dev eth0
  shift
done
shift
hosts=$(mktemp)
printf '127.0.0.1 localhost\n%s %s\n' "$public" "$domain" > "$hosts"
mount --bind "$hosts" /etc/hosts
rm "$hosts"
# Caddy would have this machine trust its authority.
[ ! -d /usr/local/share/ca-certificates ] || mount -t tmpfs -o ro tmpfs /usr/local/share/ca-certificates
exec "$@"
