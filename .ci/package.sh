#!/usr/bin/env bash
# Builds the Debian package, installs it into a bare Debian with only the packages it declares, and
# there answers a question and starts the window. A job of its own, beside .ci/run: it needs root
# (chroot), the network, and half an hour where nothing is built yet.
#
#   .ci/package.sh           builds a release binary first
#   .ci/package.sh BINARY    packs this one
#
# LGD_SUITE names the Debian (bookworm), LGD_BASE keeps the bare system for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=${1:-}
suite=${LGD_SUITE:-bookworm}
packager=0.11.8
out=target/package
script=package.sh
shots=target/window
work=$(mktemp -d)
base=${LGD_BASE:-$work/base}
root=$work/root
mkdir -p "$out" "$shots"
# shellcheck source=.ci/screen.sh
. .ci/screen.sh

finish() {
    status=$?
    put_away $status
    for place in proc dev; do
        if mountpoint -q "$root/$place" 2>/dev/null; then umount "$root/$place"; fi
    done
    # A mount that stays would take the system's own files along.
    if grep -q " $root" /proc/mounts; then
        say "$root is still mounted and stays"
    else
        rm -rf "$work"
    fi
    exit $status
}
trap finish EXIT

[ "$(id -u)" = 0 ] || fail "chroot needs root"

missing=()
for package in appstream debootstrap desktop-file-utils imagemagick shared-mime-info x11-utils xdotool xvfb; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
cargo packager --version >/dev/null 2>&1 || cargo install cargo-packager --version "$packager" --locked

# 1. What desktops read is right by their own tools.
desktop-file-validate assets/desktop/lgd-studio.desktop
appstreamcli validate --no-net assets/desktop/*.metainfo.xml

# 2. The package. A given binary is not built again.
if [ -n "$binary" ]; then
    # The packager asks cargo where binaries are.
    mkdir -p "$work/target/release"
    cp "$binary" "$work/target/release/lgd-studio"
    CARGO_TARGET_DIR=$work/target cargo packager --release --formats deb
else
    cargo build --release --locked
    cargo packager --release --formats deb
fi
deb=$(ls -t "$out"/*.deb | head -n 1)
say "$deb, $(stat -c %s "$deb") bytes"
dpkg-deb --field "$deb" Package Version Architecture Depends
contents=$(dpkg-deb --contents "$deb")
for path in usr/bin/lgd-studio usr/share/applications/lgd-studio.desktop \
    usr/share/mime/packages/lgd-studio.xml usr/share/icons/hicolor/16x16/apps/lgd-studio.png \
    usr/share/icons/hicolor/512x512/apps/lgd-studio.png \
    usr/share/icons/hicolor/scalable/apps/lgd-studio.svg usr/share/doc/lgd-studio/copyright; do
    grep -q " \(\./\)\?$path\$" <<<"$contents" || fail "the package lacks $path"
done

# 3. A bare Debian, and nothing in it but what the package asks for.
if [ ! -x "$base/usr/bin/apt-get" ]; then
    debootstrap --variant=minbase "$suite" "$base" >"$work/debootstrap.log" 2>&1 ||
        { tail -n 20 "$work/debootstrap.log" >&2 && fail "no bare Debian"; }
fi
cp -a "$base" "$root"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$deb" "$root/package.deb"
# Where mounts are forbidden the program has to do without.
mount -t proc proc "$root/proc" 2>/dev/null || say "no /proc in the bare system"
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "${extra[@]}" chroot "$root" "$@"
}
extra=(DEBIAN_FRONTEND=noninteractive)
inside apt-get update -qq
inside apt-get install -y -qq --no-install-recommends /package.deb >"$work/install.log" 2>&1 ||
    { cat "$work/install.log" >&2 && fail "the package cannot be installed"; }
say "installed with $(grep -c '^Setting up ' "$work/install.log") packages"
inside dpkg --audit
inside dpkg --status lgd-studio | grep -q '^Status: install ok installed' || fail "not installed"

# 4. A question, answered from the command line.
inside lgd-studio toon render --rule mouse_hungry --seed 3 -o /frame.png
inside lgd-studio ask /frame.png "What happens if the mouse gets hungry?" --seed 7 --steps 8 -o /answer.png
[ -s "$root/answer.png" ] || fail "no answer was drawn"
[ "$(identify -format '%wx%h' "$root/answer.png")" = 512x512 ] || fail "the answer has a wrong size"
cp "$root/answer.png" "$shots/package-answer.png"
inside lgd-studio doctor

# 5. The window, on a display from outside: an X server inside would bring libraries along.
open_display -listen tcp -ac -extension MIT-SHM
extra=("DISPLAY=127.0.0.1:$display" LGD_STUDIO_HOME=/studio XDG_RUNTIME_DIR=/tmp RUST_LOG=warn,lgd_studio=info)
mkdir -p "$root/studio"
inside lgd-studio /frame.png >"$work/log" 2>&1 &
app=$!
window_appears package
xprop -id "$window" WM_CLASS | grep -q '"lgd-studio"' ||
    fail "the window has another class than the desktop entry says"
window_closes

# 6. Away without a trace, but for what a person made.
extra=(DEBIAN_FRONTEND=noninteractive)
inside apt-get purge -y -qq lgd-studio >/dev/null 2>&1
[ ! -e "$root/usr/bin/lgd-studio" ] && [ -d "$root/studio" ] || fail "removing it went wrong"
say "installed, answered, opened and removed; pictures in $shots"
