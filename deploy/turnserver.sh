#!/bin/sh
# Runs coturn for DOMAIN with SECRET, and with the certificate that Caddy obtains, which is below CERTIFICATES.
# PUBLIC_ADDRESS is needed only where DOMAIN resolves to something else.
set -eu
umask 077
settings=$(cd "$(dirname "$0")" && pwd)/turnserver.conf
cd "${TMPDIR:-/tmp}"

# Copies the newest certificate if there is one. Its folder is named after who issued it.
copy_certificate () {
  crt=$(find "$CERTIFICATES" -name "$DOMAIN.crt" -exec ls -t {} + 2> /dev/null | head -n 1)
  [ -n "$crt" ] && cp "$crt" turnserver.crt && cp "${crt%.crt}.key" turnserver.key
}

# A machine behind NAT does not know its public address, to which the domain resolves. Its own /etc/hosts may say otherwise.
address=${PUBLIC_ADDRESS:-}
while [ -z "$address" ]; do
  set -- $(getent ahostsv4 "$DOMAIN")
  case ${1:-} in
    127.*) ;;
    '')
      set -- $(getent ahostsv6 "$DOMAIN")
      # IPv6 addresses are not translated.
      case ${1:-} in
        '' | ::1) ;;
        *) echo "$DOMAIN has no IPv4 address. If this machine has one behind NAT, set PUBLIC_ADDRESS" >&2 && break ;;
      esac ;;
    *) address=$1 && break ;;
  esac
  echo "On this machine, $DOMAIN resolves to ${1:-no address}: set PUBLIC_ADDRESS, or correct DNS and /etc/hosts" >&2
  sleep 10
done

until copy_certificate; do sleep 1; done

# In a file, because everyone on the machine can read a command line.
{
  cat "$settings"
  echo "realm=$DOMAIN"
  echo "static-auth-secret=$SECRET"
  echo "cert=$PWD/turnserver.crt"
  echo "pkey=$PWD/turnserver.key"
  echo "userdb=$PWD/turnserver.db"
  echo "pidfile=$PWD/turnserver.pid"
  [ -z "$address" ] || echo "external-ip=$address"
} > turnserver.conf

# On SIGUSR2, coturn reads its certificate again. `exec` gives it this script's process id, $$.
while sleep 3600 && kill -0 $$; do
  copy_certificate && kill -USR2 $$
done &
exec turnserver -c "$PWD/turnserver.conf"
