#!/bin/sh
# Runs a command in a network of its own, with a resolver of its own. As root, under `unshare --net --mount --pid --fork`.
set -eu
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
ip link set lo up
[ -c /dev/net/tun ]
# Kernels give up on a connection that is silent after a quarter of an hour, here after a few seconds.
echo 3 > /proc/sys/net/ipv4/tcp_retries2
printf 'nameserver 10.77.0.1\noptions timeout:1 attempts:1\n' > /run/resolv.conf
mount --bind /run/resolv.conf /etc/resolv.conf
exec "$@"
