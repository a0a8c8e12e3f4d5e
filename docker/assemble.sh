#!/bin/sh
# Lays out the root of the image around the binary: what the dynamic linker wants, certificate authorities, a user, and
# busybox as `wget` alone, for health checks where nobody probes from outside.
set -eu
root=$1

mkdir -p "$root/bin" "$root/etc/ssl/certs" "$root/tmp" "$root/run/secrets"
chmod 1777 "$root/tmp"
# Each line of ldd names a library after "=>", or the linker itself first.
for library in $(ldd "$root/usr/bin/changke" | grep -o '/[^ ]*'); do
    cp --dereference --parents "$library" "$root"
done
cp /bin/busybox "$root/bin/wget"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'changke:x:65532:65532::/tmp:/nonexistent' > "$root/etc/passwd"
echo 'changke:x:65532:' > "$root/etc/group"
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
