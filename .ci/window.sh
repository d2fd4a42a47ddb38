#!/usr/bin/env bash
# Starts the real window on a virtual display, draws one answer with the keyboard, looks at the
# screen and closes the window. Usage: .ci/window.sh [BINARY]. LGD_XVFB_ARGS goes to Xvfb.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=${1:-target/debug/lgd-studio}
script=window.sh
shots=target/window
work=$(mktemp -d)
mkdir -p "$shots"
# shellcheck source=.ci/screen.sh
. .ci/screen.sh

failed_at=""
trap 'failed_at=$LINENO' ERR
finish() {
    status=$?
    [ $status -eq 0 ] || echo "$script: failed (status $status, line $failed_at)" >&4
    put_away $status
    rm -rf "$work"
}
trap finish EXIT

# shellcheck disable=SC2086
open_display -nolisten tcp ${LGD_XVFB_ARGS:-}
export LGD_STUDIO_HOME="$work/studio"
export XDG_RUNTIME_DIR="$work"

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

RUST_LOG=${RUST_LOG:-warn,lgd_studio=info} "$binary" >"$work/log" 2>&1 &
app=$!

window_appears started

# Mean difference of the answer's place between two pictures, in 1/1000 of the range.
difference() {
    local place=500x440+450+120
    compare -metric MAE -extract "$place" "$shots/$1.png" "$shots/$2.png" null: 2>&1 |
        sed 's/.*(\(.*\)).*/\1/' | awk '{ print int($1 * 1000) }'
}

xdotool key Return
asked() { grep -q 'terribly hot' <(tr -d '\n' <"$LGD_STUDIO_HOME/session.toml" | grep -o 'history = \[[^]]*\]'); }
wait_for 60 asked || fail "Enter did not ask the question"

# The log tells when the answer is drawn; then it has to be on screen, and stay.
drawn_says_the_log() {
    alive || fail "the program ended while it was drawing"
    grep -q 'answer .* drawn' "$work/log"
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

window_closes
say "window, answer and close worked; pictures in $shots"
