# Sourced by window.sh and package.sh: a virtual display, the program on it, what it shows, and its
# polite end. Expects the name of the script in $script, a folder of its own in $work and a place for
# pictures in $shots; the program writes what it says to $work/log.

xvfb="" app="" window=""
# What is said here must not vanish where a check's own output is thrown away.
exec 4>&2

say() { echo "$script: $1"; }
fail() {
    echo "$script: $1" >&4
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

# Opens a display on a free number, which comes back in $display; the arguments go to Xvfb.
open_display() {
    Xvfb -displayfd 3 -screen 0 1280x800x24 "$@" 3>"$work/display" 2>/dev/null &
    xvfb=$!
    wait_for 20 test -s "$work/display" || fail "Xvfb did not start"
    display=$(cat "$work/display")
    export DISPLAY=":$display"
    unset WAYLAND_DISPLAY WAYLAND_SOCKET
}

alive() { kill -0 "$app" 2>/dev/null; }

find_window() {
    alive || fail "the program ended before its window appeared"
    window=$(xdotool search --onlyvisible --name 'LGD Studio$' | head -n 1)
    [ -n "$window" ]
}

look() { import -window root "$shots/$1.png"; }
# A picture of the screen with few colours is blank, or lacks the frame.
drawn() {
    alive || fail "the program ended by itself"
    look "$1" && [ "$(identify -format '%k' "$shots/$1.png")" -gt 400 ]
}

# Waits for the window of $app and for something in it; the picture is called $1.
window_appears() {
    wait_for 60 find_window || fail "no window after a minute"
    wait_for 60 drawn "$1" || fail "the window stays blank"
    xdotool windowfocus "$window" 2>/dev/null || true
}

# The program saves and ends by itself. The keys are sent until they are heard, because a slow machine
# may still be closing a dialog.
quits() {
    alive || return 0
    xdotool key ctrl+q
    sleep 1
    ! alive
}
window_closes() {
    wait_for 30 quits || fail "the program did not end when it was asked to"
    wait "$app" || fail "the program ended with an error"
    app=""
    if grep -qi panicked "$work/log"; then fail "there was a panic"; fi
}

# After the end with status $1: what the program said if it was a bad one, and nothing left running.
put_away() {
    if [ "$1" -ne 0 ]; then
        if [ -n "$app" ] && ! alive; then
            wait "$app" && echo "$script: the program ended with 0" >&4 ||
                echo "$script: the program ended with $?" >&4
        fi
        if [ -s "$work/log" ]; then
            echo "$script: failed; what the program said:" >&4
            cat "$work/log" >&4
        fi
    fi
    [ -z "$app" ] || kill "$app" 2>/dev/null || true
    [ -z "$xvfb" ] || kill "$xvfb" 2>/dev/null || true
}
