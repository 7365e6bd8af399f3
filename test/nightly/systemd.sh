#!/bin/sh
# Boots systemd with one service and none of the machine's own, in namespaces of its own except for the network.
# Run it as root, under `unshare --mount --pid --fork`.
#
# usage: systemd.sh UNIT NODE ROOT ENVIRONMENT GROUP
#   UNIT         signalbox.service
#   NODE         the program
#   ROOT         the repository, built
#   ENVIRONMENT  the service's /etc/signalbox/signalbox.env
#   GROUP        the name of a control group for it; the caller removes it
set -eu
unit=$1 node=$2 root=$3 environment=$4 group=$5

mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd /run/units /run/repository
cp "$unit" /run/units/signalbox.service
# In place of the machine's, which would start what belongs to them.
for target in basic network-online shutdown sysinit; do
  printf '[Unit]\nDefaultDependencies=no\n' > "/run/units/$target.target"
done
# Except for the journal, where the service's log goes.
for folder in /usr/lib/systemd/system /lib/systemd/system; do
  [ ! -e "$folder/systemd-journald.service" ] || cp "$folder/systemd-journald.service" "$folder/systemd-journald.socket" /run/units
done
printf 'Wants=systemd-journald.service\n' >> /run/units/sysinit.target

cp -a /etc /run/etc
mkdir /run/etc/signalbox
cp "$environment" /run/etc/signalbox/signalbox.env
chmod 600 /run/etc/signalbox/signalbox.env
mount --bind /run/etc /etc

# A `signalbox` as from `npm install --global`. The service cannot see a repository in somebody's home.
mount --bind "$root" /run/repository
mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin
touch /usr/local/sbin/node
mount --bind "$node" /usr/local/sbin/node
printf '#!/bin/sh\nexec /usr/local/sbin/node /run/repository/dist/server/cli.js "$@"\n' > /usr/local/sbin/signalbox
chmod +x /usr/local/sbin/signalbox
mount -t tmpfs -o mode=755 tmpfs /var/lib

# A hierarchy of control groups that has no controllers. If the machine has it, too, this is the same one.
umount -R /sys/fs/cgroup
mount -t tmpfs tmpfs /sys/fs/cgroup
mkdir /sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
mkdir "/sys/fs/cgroup/systemd/$group"
echo $$ > "/sys/fs/cgroup/systemd/$group/cgroup.procs"

export SYSTEMD_UNIT_PATH=/run/units container=signalbox-test
systemd=$(command -v /usr/lib/systemd/systemd /lib/systemd/systemd | head -n 1)
exec "$systemd" --system --unit=signalbox.service --log-target=console
