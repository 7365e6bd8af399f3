#!/bin/sh
# Makes an image's file system of this machine's programs, with the libraries that they need, the C++ library and the
# certificates. There is no registry of images to take one from.
#
# usage: container-base.sh DIRECTORY [PROGRAM…]
set -eu
root=$1
shift
mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/usr/lib64" "$root/etc/ssl" "$root/root" "$root/tmp"
chmod 1777 "$root/tmp"
for name in bin lib lib64; do ln -s "usr/$name" "$root/$name"; done

copy_libraries () {
  ldd "$1" | grep -o '/[^ )]*' | while read -r library; do
    [ -e "$root$library" ] || { mkdir -p "$root${library%/*}"; cp -L "$library" "$root$library"; }
  done
}

# Every image has those of Node.
copy_libraries "$(readlink -f "$(command -v node)")"
for program; do
  path=$(readlink -f "$(command -v "$program")")
  case $path in
    *.js) # npm, whose program is a link into its package
      package=${path%/bin/*}
      mkdir -p "$root/usr/lib/node_modules"
      cp -a "$package" "$root/usr/lib/node_modules/"
      ln -s "../lib/node_modules/${package##*/}/bin/${path##*/}" "$root/usr/bin/$program" ;;
    *)
      cp "$path" "$root/usr/bin/$program"
      copy_libraries "$path" ;;
  esac
done
cp -rL /etc/ssl/certs "$root/etc/ssl/"
