# Every text of the window. A second language is a second file with the same ids.
# Sentence case, no colon after a label, an ellipsis when a button opens a dialog.

app-title = LGD Studio

# Rail
rail-ask = Ask
rail-settings = Settings
rail-about = About

# Commands (buttons, tooltips, list of shortcuts)
command-generate = Draw the answer
command-generate-tip = Reads the frame, thinks about the question and draws what happens
command-cancel = Cancel
command-cancel-tip = Stops at once; nothing half-finished is kept
command-open = Open…
command-open-tip = Choose a picture file as the frame
command-paste = Paste
command-paste-tip = Use the picture in the clipboard as the frame
command-save = Save picture…
command-save-tip = Saves a PNG that carries the question, the seed and every setting
command-copy = Copy picture
command-copy-tip = Puts the answer picture into the clipboard
command-use = Use as next frame
command-use-tip = Asks the next question about this picture
command-settings = Settings
command-settings-tip = Look, size and places
command-about = About and shortcuts
command-about-tip = What this program is, and its keys
command-zoom-in = Larger interface
command-zoom-in-tip = Makes everything a little larger
command-zoom-out = Smaller interface
command-zoom-out-tip = Makes everything a little smaller
command-zoom-reset = Normal interface size
command-zoom-reset-tip = Back to 100 %
command-quit = Quit
command-quit-tip = Saves the session and closes the window
shortcut-newline = New line in the question
shortcut-newline-keys = Shift+Enter
shortcut-history = Earlier and later questions
shortcut-history-keys = Up, Down

# Frame
frame-path = Picture file
frame-path-hint = Path of a picture
frame-recent = Recent
frame-recent-empty = No files yet
frame-recent-tip = Frames you opened before
frame-examples = Drawn examples
frame-example = Example { $title }
frame-drop-here = Drop the picture to use it as the frame
frame-drop-hint = PNG, JPEG, WebP, GIF, BMP or TIFF
frame-empty = No frame yet
frame-empty-hint = Open or drop a picture, or pick an example below
frame-picture = Frame { $name }, { $width } by { $height } pixels
frame-size = { $width } × { $height }
frame-from-clipboard = From the clipboard
frame-from-drop = Dropped picture
frame-from-result = Earlier answer

# Question
question-title = Question
question-field = Question
question-hint = What happens if …
question-tokens = { $count } of { $limit } tokens
question-tokens-limit = up to { $limit } tokens
question-tokens-over = { $count } of { $limit } tokens, the rest is cut
question-tokens-tip = The model reads at most { $limit } tokens. A token is a short word or a part of a longer one.
question-suggestions = Try asking
question-again = Enter draws, Shift+Enter starts a new line

# Modes
mode-title = Guided by
mode-question = Question
mode-question-tip = The editor reads your question as it is.
mode-answer = Answer
mode-answer-tip = The language model writes an answer first; the editor reads that sentence.
mode-latent = Latent
mode-latent-tip = The editor sees what the language model thinks: its hidden states of frame and question. The method of this program.
mode-both = Both
mode-both-tip = Hidden states and the written answer together.
mode-missing = { $mode } cannot run with this bundle. { $reason }

# Answer column
answer-picture = Answer picture
answer-empty = The answer appears here
answer-empty-hint = Pick a frame, write what happens, press Enter.
answer-ready = Press Enter and watch it happen
answer-ready-hint = { $question }
answer-before = Before
answer-after = After
answer-compare = Hold to see the frame
answer-compare-tip = Press and hold, here or on the picture, to see the frame before
answer-written = The model answers
answer-given = Your answer
answer-cancelled = Cancelled
answer-cancelled-hint = Nothing was kept. Press Enter to draw again.
answer-failed = That did not work
answer-retry = Try again
answer-retry-tip = Runs the same request again
answer-seed = Seed { $seed }
answer-took = { $seconds } s

# Stages
stage-queued = Waiting for the worker
stage-loading = Loading the model
stage-reading = Reading the frame
stage-thinking = Thinking
stage-drawing = Drawing { $step } of { $steps }
stage-drawing-start = Drawing
stage-finishing = Finishing
stage-cancelling = Stopping
stage-seconds-left = about { $seconds } s left
stage-nearly-done = nearly done
progress-label = Progress

# Settings of the answer
settings-title = Drawing
settings-steps = Steps
settings-steps-tip = How many denoising steps are drawn. More is slower and a little finer. Usual: 10 to 50, this model: { $default }.
settings-guidance = Text scale
settings-guidance-tip = How strongly the question or answer steers the picture. Usual: 3 to 10, this model: { $default }.
settings-image-guidance = Image scale
settings-image-guidance-tip = How closely the answer keeps to the frame. Usual: 1 to 2, this model: { $default }.
settings-seed = Seed
settings-seed-tip = The number every bit of noise comes from. The same seed and settings draw the same picture again.
settings-seed-roll = Roll a new seed
settings-seed-keep = Keep
settings-seed-keep-tip = Every answer uses this seed, so that settings can be compared
settings-seed-random = Random
settings-seed-random-tip = Every answer rolls a new seed
settings-preview = Preview
settings-preview-tip = What you see while it draws. It never changes the result.
preview-off = Off
preview-off-tip = Shows nothing until the end
preview-latent = Quick
preview-latent-tip = One colour per latent cell, almost free
preview-decode = Full
preview-decode-tip = Decodes every step, sharper and slower
settings-advanced = Advanced
settings-sampler = Sampler
settings-sampler-tip = The rule that walks from noise to picture. Usual: Euler ancestral.
sampler-euler-ancestral = Euler ancestral
sampler-euler-ancestral-diffusers = Euler ancestral (diffusers)
sampler-dpm-solver-2m = DPM-Solver++ 2M
settings-noise = Noise
settings-noise-tip = Which random numbers a seed stands for. CPU draws as PyTorch on a processor, CUDA as PyTorch on a graphics card. Usual: CPU.
noise-mt19937 = CPU
noise-philox = CUDA
settings-answer = Written answer
settings-decoding = Search
settings-decoding-tip = How the written answer is searched; used by Answer and Both. Usual: greedy.
decoding-greedy = Greedy
decoding-greedy-tip = Always the most likely next word
decoding-beams = Beams
decoding-beams-tip = Keeps several sentences and takes the likeliest
decoding-paper = Paper
decoding-paper-tip = Five beams with sampling, as the original does it
settings-beams = Beams
settings-beams-tip = Sentences kept at once. Usual: 3 to 8.
settings-answer-length = Longest answer
settings-answer-length-tip = In tokens. Usual: 16 to 77.
settings-answer-seed = Answer seed
settings-answer-seed-tip = Seed of the sampled answer; separate from the picture's seed.
settings-reset = Reset to defaults
settings-reset-tip = Puts every number on this side back to what the model was made for

# Why Generate is not possible
blocked-no-frame = Choose a frame first: open a picture or pick an example.
blocked-opening = The frame is still being opened.
blocked-no-question = Write a question first.
blocked-running = An answer is being drawn.

# Status bar
status-bundle-loading = Loading the model
status-bundle-failed = No model loaded
status-device-pending = Device not known yet
status-idle = Ready
status-running = Drawing, { $count } in the queue
status-network = Network requests: 0
status-network-tip = This program never talks to the network. Everything happens on this computer.
status-bundle-tip = { $description } Works at { $resolution } × { $resolution } pixels.

# Notices
notice-saved = Saved to { $path }
notice-copied = The picture is in the clipboard.
notice-settings-broken = The settings file could not be read. It was set aside as { $path }, and the defaults are used.
notice-session-broken = The last session could not be read. It was set aside as { $path }.
notice-dismiss = Dismiss

# Settings dialog
preferences-title = Settings
preferences-look = Look
preferences-theme = Theme
preferences-theme-system = System
preferences-theme-light = Light
preferences-theme-dark = Dark
preferences-scale = Interface size
preferences-places = Places
preferences-places-settings = Settings
preferences-places-data = Data
preferences-places-copy = Copy path
preferences-places-none = This system names no home folder, so nothing is remembered.
preferences-places-note = Set LGD_STUDIO_HOME to keep everything under one folder.
dialog-close = Close

# About dialog
about-version = Version { $version }
about-text = Ask a cartoon frame a causal question and watch latent-guided diffusion draw the answer, on this computer, without a network.
about-world = The cat, the mouse, the dog and their rooms are drawn for this program.
about-licence = Licence Apache-2.0
about-model = Model { $name }
about-device = Device { $device }
about-shortcuts = Keys

# Window that cannot open
window-no-display = No display was found, so the window cannot open. Use the command line instead, for example: lgd-studio ask FRAME.png "What happens if it rains?"
window-no-graphics = No graphics driver can draw the window ({ $detail }). Install a Vulkan or OpenGL driver (a software one such as Mesa's lavapipe works too), or use the command line: lgd-studio ask FRAME.png "What happens if it rains?"
