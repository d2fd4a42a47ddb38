#!/usr/bin/env bash
# Starts the real window on a virtual display, draws one answer with the keyboard, looks at the
# screen and closes the window. Usage: .ci/window.sh [BINARY]. LGD_XVFB_ARGS goes to Xvfb.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=${1:-target/debug/lgd-studio}
shots=target/window
width=1280 height=800
mkdir -p "$shots"
home=$(mktemp -d)
xvfb="" app=""
# What is said here must not vanish where a check's own output is thrown away.
exec 4>&2

failed_at=""
trap 'failed_at=$LINENO' ERR
finish() {
    status=$?
    if [ $status -ne 0 ]; then
        if [ -n "$app" ] && ! kill -0 "$app" 2>/dev/null; then
            wait "$app" && echo "window.sh: the program ended with 0" >&4 ||
                echo "window.sh: the program ended with $?" >&4
        fi
        echo "window.sh: failed (status $status, line $failed_at); what the program said:" >&4
        cat "$home/log" >&4 2>/dev/null || true
    fi
    [ -z "$app" ] || kill "$app" 2>/dev/null || true
    [ -z "$xvfb" ] || kill "$xvfb" 2>/dev/null || true
    rm -rf "$home"
}
trap finish EXIT

fail() {
    echo "window.sh: $1" >&4
    exit 1
}

# Waits up to $1 seconds until the command after it works.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}

alive() { kill -0 "$app" 2>/dev/null; }
# Xvfb picks a free display number and writes it down.
display_known() { [ -s "$home/display" ]; }
# shellcheck disable=SC2086
Xvfb -displayfd 3 -screen 0 "${width}x${height}x24" -nolisten tcp ${LGD_XVFB_ARGS:-} 3>"$home/display" 2>/dev/null &
xvfb=$!
wait_for 20 display_known || fail "Xvfb did not start"
DISPLAY=":$(cat "$home/display")"
export DISPLAY
unset WAYLAND_DISPLAY WAYLAND_SOCKET
export LGD_STUDIO_HOME="$home/studio"
export XDG_RUNTIME_DIR="$home"

# The last session: an example, a question, a fixed seed. The answer is written back at the end of
# a run, so its seed in the session file tells that Enter was understood.
mkdir -p "$LGD_STUDIO_HOME"
echo 'theme = "light"' >"$LGD_STUDIO_HOME/settings.toml"
cat >"$LGD_STUDIO_HOME/session.toml" <<'SESSION'
history = []
window_size = [1280.0, 800.0]

[frame]
example = "snowman.png"

[form]
modes = ["answer"]
keep_seed = true

[form.request]
question = "What happens if it gets terribly hot?"
seed = 7
steps = 8
SESSION

RUST_LOG=${RUST_LOG:-warn,lgd_studio=info} "$binary" >"$home/log" 2>&1 &
app=$!

window=""
find_window() {
    alive || fail "the program ended before its window appeared"
    window=$(xdotool search --onlyvisible --name '^LGD Studio$' | head -n 1)
    [ -n "$window" ]
}
wait_for 60 find_window || fail "no window after a minute"

# A picture of the screen with few colours is blank, or lacks the frame.
look() { import -window root "$shots/$1.png"; }
colours() { identify -format '%k' "$shots/$1.png"; }
drawn() {
    alive || fail "the program ended by itself"
    look "$1" && [ "$(colours "$1")" -gt 400 ]
}
wait_for 60 drawn started || fail "the window stays blank"

# Mean difference of the answer's place between two pictures, in 1/1000 of the range.
difference() {
    local place=500x440+450+120
    compare -metric MAE -extract "$place" "$shots/$1.png" "$shots/$2.png" null: 2>&1 |
        sed 's/.*(\(.*\)).*/\1/' | awk '{ print int($1 * 1000) }'
}

xdotool windowfocus "$window" 2>/dev/null || true
xdotool key Return
asked() { grep -q 'terribly hot' <(tr -d '\n' <"$LGD_STUDIO_HOME/session.toml" | grep -o 'history = \[[^]]*\]'); }
wait_for 60 asked || fail "Enter did not ask the question"

# The log tells when the answer is drawn; then it has to be on screen, and stay.
drawn_says_the_log() {
    alive || fail "the program ended while it was drawing"
    grep -q 'answer .* drawn' "$home/log"
}
wait_for 240 drawn_says_the_log || fail "no answer was drawn"
shown() {
    drawn answer
    [ "$(difference started answer)" -gt 20 ] || return 1
    sleep 2
    drawn answer-again
    [ "$(difference answer answer-again)" -eq 0 ]
}
wait_for 60 shown || fail "the answer does not appear on screen"
mv "$shots/answer-again.png" "$shots/answer.png"

# The help page and a dialog open by key, and the program is still there.
xdotool key F1
sleep 1
drawn help
xdotool key ctrl+comma
sleep 1
drawn settings
alive || fail "the program did not survive"
xdotool key Escape

# A polite end: the program saves and ends by itself. The keys are sent until they are heard,
# because a slow machine may still be closing the dialog.
quit() {
    alive || return 0
    xdotool key ctrl+q
    sleep 1
    ! alive
}
wait_for 30 quit || fail "the program did not end when it was asked to"
wait "$app" || fail "the program ended with an error"
app=""
if grep -qi 'panicked' "$home/log"; then
    fail "there was a panic"
fi
echo "window.sh: window, answer and close worked; pictures in $shots"
