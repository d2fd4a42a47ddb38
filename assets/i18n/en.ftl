# Every text of the window in English. Other languages are files with the same ids beside this one.
# Sentence case, no colon after a label, an ellipsis when a button opens a dialog.

app-title = LGD Studio
window-title-progress = { $percent } % · LGD Studio

# Rail
rail-ask = Ask
rail-gallery = Gallery
rail-dataset = Dataset
rail-models = Models
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
command-save-tip = Saves a PNG that carries the question, the seed and every setting, unless Settings leaves them out
command-copy = Copy picture
command-copy-tip = Puts the answer picture into the clipboard
command-use = Use as next frame
command-use-tip = Asks the next question about this picture
command-save-run = Save run…
command-save-run-tip = Saves all columns with every step in one file that opens without a model
command-export-grid = Export grid picture…
command-export-grid-tip = One picture for a slide: the frame, every answer, and captions
command-export-pdf = Export PDF…
command-export-pdf-tip = The same figure for a paper: words as outlines, pictures without loss
command-export-latex = Export LaTeX table…
command-export-latex-tip = One row per column, with caption and label
command-story = Tell as a story…
command-story-tip = A short film of this run: frame, question, answers, denoising, and a wipe from the frame to the answers
command-export-sheet = Export contact sheet…
command-export-sheet-tip = A folder of JPEG files in the layout of the method's authors, and an overview beside it
command-export-gif = Export GIF…
command-export-gif-tip = The denoising of all columns side by side; small, 256 colours, plays everywhere
command-export-apng = Export animated PNG…
command-export-apng-tip = The denoising of all columns side by side, larger and with all colours
command-export-csv = Export CSV…
command-export-csv-tip = Numbers for a spreadsheet: one row per column, and a second file with one row per step
command-export-json = Export JSON…
command-export-json-tip = The same numbers for programs, with the complete requests
command-export-times = Export times…
command-export-times-tip = Every measured span of this run, as CSV for a spreadsheet or JSON for programs
command-times = Stage times
command-times-tip = Shows where the time of this run went, or hides it
command-look = Look closely
command-look-tip = Compares two pictures pixel by pixel: side by side, wipe, flip, blend or difference
command-target = Compare with a target picture…
command-target-tip = Opens a picture that the answers should look like; it is compared like any other
command-map = Guidance map…
command-map-tip = Draws many text and image scales at once, around the present ones
command-grid = X/Y grid…
command-grid-tip = Draws every combination of two lists of values
command-adopt = Use the chosen cell
command-adopt-tip = Takes the values of the chosen cell of the grid
command-explain = Explain…
command-explain-tip = Shows where the editor looked for each word, and what changes without it
command-play = Play
command-play-tip = Lets the denoising run from its first step
command-step-back = Step back
command-step-back-tip = Shows one denoising step earlier
command-step-on = Step on
command-step-on-tip = Shows one denoising step later
command-first-step = First step
command-first-step-tip = Shows what the first step made of the noise
command-last-step = Finished pictures
command-last-step-tip = Shows the finished pictures
command-undo = Undo
command-undo-tip = Takes back the last change of the question or the numbers
command-redo = Redo
command-redo-tip = Makes the change again that was taken back
command-queue = Queue
command-queue-tip = Shows what is drawn now, what waits and what is over
command-queue-up = Add to queue
command-queue-up-tip = Draws this after what is waiting already; the page stays as it is
command-hold-queue = Pause queue
command-hold-queue-tip = Lets nothing new begin, or goes on; what is being drawn is not stopped
command-cancel-all = Cancel all
command-cancel-all-tip = Cancels everything that is drawn or waits; finished columns are kept
command-open-run = Open run
command-open-run-tip = Shows the selected run on the Ask page, with every step
command-star = Star
command-star-tip = Stars the selected runs, or takes the stars away
command-delete-runs = Delete
command-delete-runs-tip = Takes the selected runs out of the gallery; can be undone
command-ask-page = Go to Ask
command-ask-page-tip = A frame, a question and its answers
command-gallery-page = Go to Gallery
command-gallery-page-tip = Every run that was kept
command-models-page = Go to Models
command-models-page-tip = The models on this machine, and which one answers
command-conference = Conference mode
command-conference-tip = Full screen for visitors: a loop of recorded answers, safe choices, a vote. Ctrl+Shift+X ends it
command-palette = Find a command…
command-palette-tip = Every command by name
command-settings = Settings
command-settings-tip = Look, size and places
command-about = About this program
command-about-tip = What this program is, its version and licence
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
example-cheese-party = Cheese party
example-no-cheese = No cheese
example-fishbowl = Fishbowl
example-evening-lamp = Evening lamp
example-magic-hat = Magic hat
example-apple-tree = Apple tree
example-snowman = Snowman
example-balloon = Balloon
example-garden-night = Garden night
example-campfire = Campfire
example-ice-cream = Ice cream
example-sprout = Sprout
frame-drop-here = Drop the picture to use it as the frame
frame-drop-hint = PNG, JPEG, WebP, GIF, BMP or TIFF
frame-empty = No frame yet
frame-empty-hint = Open or drop a picture, or pick an example below
frame-empty-hint-no-drop = Open or paste a picture, or pick an example below
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
question-two = Ask two questions
question-two-tip = Asks a second question about the same frame on the same noise, and shows what changes
question-second = Second question
question-second-hint = What if instead …
question-one = Ask one question
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
answer-picture = Answer picture, { $mode }
answer-empty = The answer appears here
answer-empty-hint = Pick a frame, write what happens, press Enter.
answer-ready = Press Enter and watch it happen
answer-ready-hint = { $question }
answer-before = Before
answer-compare = See the frame
answer-compare-tip = Press and hold, here or on the picture, to see the frame before
answer-written-score = Written by the model, score { $score }
answer-given = Your answer
answer-field = Answer of { $mode }
answer-field-tip = Change it and press Enter to draw this column again with your words.
answer-cut = cut
answer-rewrite = Let the model write it
answer-rewrite-tip = Draws this column again with the model's own answer
answer-others = Other answers the search found
answer-others-tip = Draws this column again with this answer
answer-scales = text { $text }, image { $image }
answer-cancelled = Cancelled
answer-cancelled-hint = Nothing was kept. Press Enter to draw again.
answer-interrupted = Interrupted at step { $step } of { $steps }
answer-again = Draw again
answer-again-tip = Draws this first and goes on with the queue. The same request gives the same picture, bit for bit.
answer-failed = That did not work
answer-retry = Try again
answer-other-model = Choose another model
answer-retry-tip = Runs the same request again
answer-seed = Seed { $seed }
answer-took = { $seconds } s

# Columns and time
mode-several = Click to add or remove a column, Ctrl+click for this one alone.
column-add = Add
column-add-tip = Draws the missing mode on the same noise, beside the others
column-more-label = More
column-more = More about { $mode }
column-save = Save picture of { $mode }
column-branch = Branch from step { $step }
column-branch-tip = Adds a column that follows this one up to here and then uses the scales and the question as they are set now
column-branch-off = Branch from a step
column-branch-how = Move through time first: a branch leaves at the step that is shown.
column-branched = { $mode }, from step { $step }
column-without = { $mode }, without { $pieces }
column-remove = Remove column
column-remove-busy = Wait until the run is drawn, or cancel it.
column-remove-tip = Takes this column out of the comparison
timeline-play = Play
timeline-pause = Pause
timeline-step = Step
timeline-step-tip = Every denoising step, for all columns at once
timeline-at = { $step } / { $steps }
timeline-parting = The columns part at step { $step }
timeline-parting-cells = The chosen cell parts from the middle of the grid at step { $step }
timeline-apart = The columns differ from the first step on
timeline-apart-cells = The chosen cell differs from the middle of the grid from the first step on
timeline-agree = All columns show the same so far
timeline-agree-cells = The chosen cell and the middle of the grid show the same so far
timeline-single = How far the picture is from the frame
timeline-strip-tip = Filled: the largest distance between two columns. Lines: each column's distance to the frame. Dashed: from here on they are never again closer than half of their final distance. Click to go there.

# Where the time of a run went
times-title = Stage times
times-none = The times of this run were not measured: an older version drew it.
times-all = { $seconds } in all
times-going = { $seconds } so far
times-close = Hide stage times
times-save = Save numbers…
times-save-off = There is something to save when a column is finished
times-job = Job { $job } of { $jobs }
times-earlier = Earlier job of this run
times-later = Later job of this run
times-chart = Stage times: { $seconds } in all. { $parts }
times-of-step = { $work } { $step }
times-when = From { $from } to { $to }
times-parts = { $count } spans added up
times-waiting = Queue
times-waiting-tip = The job waited for the worker
times-loading = Load
times-loading-tip = Weights were read into memory
times-reading = Read
times-reading-tip = The networks looked at the frame
times-thinking = Think
times-thinking-tip = The language model made the latent and wrote the answer
times-step = Step
times-step-tip = One denoising step of the UNet, all its columns together
times-preview = Preview
times-preview-tip = The picture of a step was made
times-decoding = Decode
times-decoding-tip = A finished picture was decoded
times-idle = Idle
times-idle-tip = None of these: keeping steps, telling the window, planning memory

# Asking a finished picture back
back-ask = Ask the picture back…
back-of = { $words } ({ $mode })
back-again = Ask again…
back-ask-tip = The bundle's own vision-language model looks at the picture that was drawn
back-no-model = This bundle has no language model to ask
back-question = Check question
back-yes-no = The model answers yes or no. The score is the probability of yes against no.
back-same = This model never learned yes and no. It is asked the same question twice: about the frame and about the picture. Where it expects the answer in the frame and no longer in the picture, it has come true.
back-go = Ask the model
back-empty = Write a question first
back-usual = Usual question
back-usual-tip = Puts the question back that is made of yours
back-asking = Asking: { $stage }
back-yes = Yes { $percent } %
back-no = No { $percent } %
back-open = Undecided
back-open-tip = It would say the same about both pictures, so it cannot tell.
back-judged = judged by the model
back-judged-tip = A model judges here, and it can be wrong. It is the one that guided the drawing, not a second opinion.
back-asked = Asked: { $question }
back-says = About the picture it says: { $answer }
back-yes-no-numbers = Yes against no: { $yes } %. It says one of the two with { $said } %.
back-hardly = It hardly ever answers yes or no, so this says little.
back-same-numbers = It expects the answer with { $before } % in the frame and with { $after } % in the picture.

# Grids
grid-title = Draw a grid
grid-about = Every cell is drawn on its own from the same frame and, unless the seed varies, the same noise: only what you vary changes.
grid-x = Columns
grid-y = Rows
grid-none = Nothing
grid-answer = Answer
grid-parameter = Parameter of { $axis }
grid-parameter-tip = What varies along this axis
grid-values = Values of { $axis }
grid-values-tip = A list or a range: 1,2.5,5 or 1..9:2 for every second number
grid-values-lines-tip = One per line
grid-values-count = { $count } values
grid-map = Guidance map
grid-draw = Draw the grid
grid-draw-tip = Draws every cell; what is finished stays when you cancel
grid-pictures = { $count } pictures
grid-time = about { $time }, as fast as the last run
grid-time-unknown = time unknown until the first run
grid-seconds = { $seconds } s
grid-minutes = { $minutes } min
grid-progress = { $done } of { $count } drawn
grid-count = { $count } pictures
grid-rest = Draw the rest
grid-rest-tip = Draws the cells that are missing
grid-board = Grid of { $count } pictures; arrows choose a cell, Enter uses its values
grid-chosen = Chosen cell, { $cell }
grid-present = The form has these values now.
grid-cell-waiting = Waiting
grid-cell-done = Click to see it large, double click to use its values
grid-cell-failed = Failed
grid-cell-cancelled = Not drawn
grid-use-scales = Use these scales
grid-use-values = Use these values
grid-use-tip = Takes the values of this cell for the next answer (Enter, or a double click on the cell)
grid-use-present = The form has these values already.
grid-distance = { $distance } away from the frame
grid-distance-tip = Root mean square distance of the latents at this step; unrelated pictures are about 1 apart

# Two questions
pair-change = Change
pair-change-tip = Red where the second answer is brighter than the first, blue where it is darker, white where both are the same
pair-change-legend = red brighter, blue darker
pair-change-picture = Change from the first answer to the second

# Command palette
palette-field = Command
palette-hint = Type a command
palette-nothing = No command is called like that.
palette-impossible = Not possible right now.

# Looking closely at two pictures of a run
closer-a = First picture
closer-b = Second picture
closer-with = with
closer-frame = Frame
closer-swap = Swap
closer-swap-tip = Exchanges the two pictures
closer-nothing = There is no picture to compare yet.
closer-similarity = PSNR { $psnr } dB  ·  SSIM { $ssim }
closer-similarity-tip = How similar the two pictures are. PSNR: above 40 dB hardly visible, infinite for equal pictures. SSIM: 1 is equal.
closer-measuring = Measuring …
closer-target = Target
closer-drop-here = Drop the picture to compare with it
closer-clip = ·  CLIP { $cosine }
closer-clip-tip = How alike CLIP finds the two pictures: the cosine of their embeddings, 1 for equal ones. The paper's Sim is this number.
closer-clip-none = This bundle has no CLIP, so nobody can say how alike the pictures are to it. A bundle has one in a folder named clip.
target-menu = Target
target-menu-tip = A picture that the answers should look like
target-path = Path of the target picture
target-drop = Or drop a picture here
target-remove = Remove the target
target-remove-tip = Takes the target picture out of the run
target-resized = { $name }, resized from { $width } × { $height }

# Gallery
gallery-loading = Looking for kept runs
gallery-off = Runs cannot be kept here
gallery-empty = No runs yet
gallery-empty-hint = Every answer you draw is kept here, with all its steps. Ask a first question.
gallery-ask = Ask a question
gallery-nothing = No run is like that
gallery-nothing-hint = Look for other words, or take a filter away.
gallery-search = Search runs
gallery-search-hint = Words of question or answer
gallery-mode = Mode
gallery-all-modes = All modes
gallery-bundle = Bundle
gallery-all-bundles = All bundles
gallery-period = When
period-always = Any time
period-day = Last 24 hours
period-week = Last 7 days
period-month = Last 30 days
gallery-starred = Starred
gallery-starred-tip = Shows only runs with a star
gallery-clear = Clear
gallery-clear-tip = Shows all runs again
gallery-count = { $count } runs
gallery-count-some = { $shown } of { $count } runs
gallery-reading = still reading { $count } answers
gallery-card = { $question } { $modes }, { $when }
gallery-select = Select a run
gallery-select-hint = Click one to see it in detail. Ctrl+click several to see what tells them apart.
gallery-unfinished = No column is finished
gallery-broken = This run cannot be read
gallery-show-column = Show { $name }
gallery-drawn = Drawn { $when }
gallery-unstar = Unstar
gallery-differences = What differs
gallery-differences-label = Differences, { $count } settings
gallery-no-differences = These runs were drawn with the same settings.
gallery-modes = Modes
gallery-own-answer = Own answer
gallery-branch = Branch at step
kept-waiting = Waiting
kept-running = At work
kept-failed = Failed
kept-cancelled = Cancelled
kept-interrupted = Interrupted
recall-title = Use again
recall-all = Everything
recall-all-tip = Question, modes, numbers, seed and frame go into the form
recall-settings = Settings
recall-settings-tip = Modes and numbers go into the form; question, seed and frame stay
recall-seed = Seed
recall-seed-tip = Only the seed goes into the form, and is kept for the next answers
when-now = just now
when-minutes = { $count } min ago
when-hours = { $count } h ago
when-days = { $count } d ago
when-date = { $day } { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
} { $year }
when-moment = { $date }, { $hour }:{ $minute }
when-second = { $date }, { $hour }:{ $minute }:{ $second }

# Exports of a run
export-menu = Export run
exporting-gif = Making the GIF
exporting-apng = Making the animated PNG
exporting-waiting = Waiting for the worker
exporting-step = { $done } of { $all } steps
exporting-story = Making the story
exporting-picture = { $done } of { $all } pictures
exporting-cancel-tip = Stops at once; no file is written

# A story of a run
story-title = Tell as a story
story-about = A short film: the frame, the question as it is typed, the written answers, the denoising side by side, and a wipe from the frame to the answers.
story-format = Format
story-gif = GIF
story-gif-tip = Plays everywhere; 256 colours per picture
story-apng = Animated PNG
story-apng-tip = All colours; plays in browsers
story-mp4 = MP4
story-mp4-tip = Smallest; for slides and messages
story-no-ffmpeg = MP4 needs the program ffmpeg, which is not installed here.
story-looking = Looking for ffmpeg
story-size = Size
story-small = Small
story-medium = Medium
story-large = Large
story-summary = { $seconds } s · { $pictures } pictures · { $width } × { $height } pixels · about { $size }
story-columns = It shows the first { $shown } of { $all } columns.
story-make = Make story…

# A picture of this program was opened
offer-title = This picture was drawn by LGD Studio
offer-picture = The opened picture
offer-facts = { $modes }  ·  seed { $seed }  ·  { $steps } steps
offer-settings = Use its settings
offer-settings-tip = Puts its question, modes, numbers and seed into the form and looks for the frame it was drawn from. Undo takes the form back.
offer-frame = Use it as the frame
offer-frame-tip = Asks the next question about this picture
offer-nothing = Leave everything as it is
offer-unknown = Settings that this version does not know are left out: { $names }
offer-branch = It branched off another path; the form draws the whole way anew.
offer-answer = Its answer was written by hand and is not part of the form: “{ $answer }”

# Explaining a column
explain-attention = Attention
explain-attention-tip = Where the editor looked while it drew. Attention is where, not why: a word can get much of it and change little.
explain-effect = Effect
explain-effect-tip = What changes when a word is taken away and the picture is drawn again on the same noise.
explain-close = Columns
explain-close-tip = Shows the columns again (E)
explain-differs = Another picture now
explain-differs-tip = Drawing this column again gave another picture, because the model, the device or the frame is not the same. What you see belongs to the new drawing.
explain-looking = Drawing it again, and watching
explain-looking-hint = The same picture on the same noise; this time it is noted where the editor looks.
explain-cancelled-hint = Start it again whenever you like.
explain-again = Explain again
explain-question = Question
explain-answer = Answer
explain-word-tip = The number is its share of all attention, in percent. Left and right step through the words.
explain-piece = { $piece }, { $share } % of the attention
explain-query = query { $place }
explain-picture = Attention for { $piece }, up to { $top } % in a cell
explain-legend-tip = The share of a place's attention that goes here. Every word has its own scale; the number on the right is its brightest place.
explain-mean = Mean of all steps
explain-mean-tip = On: the mean of all steps. Off: the step that the timeline shows.
explain-rest = Ends, padding and empty text take { $share } %
explain-rest-tip = The editor also looks at places that stand for no word: the end of a text, the padding after it, and the empty text in the part that this mode does not use.
explain-queries = Queries
explain-queries-tip = The learned queries through which the language model sees the frame. They have no names; their maps share one scale.
explain-measure = Measure every word
explain-measure-queries = Measure every query
explain-measure-tip = Draws { $count } pictures on the same noise, each without one of them
explain-measure-none = What does each word do?
explain-measure-hint = Each word is taken away in turn, and the picture is drawn again on the same noise.
explain-measuring = Drawing without each word
explain-measuring-hint = The numbers appear when the pictures are done.
explain-as-written = As written
explain-as-written-tip = In the order of the text
explain-largest = Largest first
explain-largest-tip = What changes the picture most comes first
explain-bar = { $piece }, changes the picture by { $mean } levels
explain-bar-unit = Mean change of all pixels, in levels of 255
explain-bar-tip = Mean difference of all pixels in levels of 255. The largest difference of a single channel is { $largest }.
explain-change = Change
explain-change-tip = The full picture, and on it where it changes
explain-without = Without it
explain-without-tip = The picture that is drawn without the word
explain-change-picture = Change without { $piece }
explain-without-picture = Picture without { $piece }
explain-not-measured = { $piece } is not measured yet
explain-change-top = { $top } of 255
explain-change-legend-tip = Difference in levels of 255; all words share this scale
explain-keep = Add as column
explain-keep-tip = Draws the picture without it as a column of its own, to be looked at closely
explain-keep-full = There is no room for another column. Remove one first.
explain-keep-hint = without { $piece }
reading = The model reads its latent as “{ $text }”
reading-ask = Read the latent back
reading-tip = The editor is guided by hidden states. The language model's own decoder can put them into words, likeliest word by word; the picture does not depend on it.
reading-now = Reading …

# Stages
stage-queued = Waiting for its turn
stage-held = Waiting, the queue is paused
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
settings-rows = Seeds at once
settings-rows-tip = One row of pictures per seed, counted up from the one above. Usual: 1; at most eight pictures are drawn together.
settings-rows-pair = Two questions are asked with one seed.
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
blocked-second-question = Write a second question that differs from the first, or ask one question.
blocked-axis = Correct the values first.

# Status bar
status-bundle-loading = Loading the model
status-bundle-failed = No model loaded
status-device-pending = Device not known yet
status-idle = Ready
status-drawing = Drawing
status-running = Drawing, { $count } waiting
status-waiting = { $count } waiting
status-held = Queue paused, { $count } waiting
status-explaining = Explaining a column
status-loading = { $percent } % of { $size }
status-loading-stop = Stop
status-loading-stop-tip = Stops loading the model. It can be loaded again.
status-memory = Needs about { $size }
status-memory-measured = Needs { $size }
status-memory-tip = Estimated from the sizes of the networks, the program itself included. After the first run it is measured.
status-memory-tip-measured = The whole was measured on this computer; the stages are estimated.
status-memory-short = This is more than is free. It will be tried, but the computer may become slow.
memory-all = Everything in memory
memory-one = One network at a time
memory-bits = T5 in { $bits } bits
memory-tiles = pictures in tiles
status-network = Network requests: { $count }
status-offline = Offline, network requests: { $count }
status-network-tip = Every request that was ever made, all of them for downloads that somebody asked for. Click for the list.
status-bundle-tip = { $description } Works at { $resolution } × { $resolution } pixels.

# Notices
notice-saved = Saved to { $path }
notice-copied = The picture is in the clipboard.
notice-settings-broken = The settings file could not be read. It was set aside as { $path }, and the defaults are used.
notice-session-broken = The last session could not be read. It was set aside as { $path }.
notice-runs-broken = The list of runs was damaged. It was set aside as { $path }; run files that were found are listed again.
notice-queue-returned = { $count ->
    [one] One run was waiting or being drawn when the program ended. The queue is paused.
   *[other] { $count } runs were waiting or being drawn when the program ended. The queue is paused.
}
notice-continue-tip = Draws what was waiting and what was cut off
notice-discard = Discard
notice-discard-tip = Forgets what was not yet drawn; finished columns are kept
notice-look = Show queue
notice-look-tip = Lists what came back
notice-run-ready = An answer is ready: { $question }
notice-show = Show
notice-not-recalled = The picture is the frame now.
notice-frame-missing = The settings are in the form. The frame they were used with was not found: { $name }, { $width } × { $height } pixels.
notice-frame-missing-unnamed = The settings are in the form. The frame they were used with had no name and was not found.
notice-frame-missing-hint = Open that frame yourself, or ask about another one.
notice-runs-deleted = Runs deleted: { $count }
notice-imported = { $name } is imported and can be used
notice-downloaded = { $what } is downloaded
notice-bundle-deleted = { $name } was deleted
notice-bundle-deleted-hint = It goes to the system's bin when the program ends.
notice-undo = Undo
notice-dismiss = Dismiss

# Queue
queue-title = Queue
queue-close = Close the queue
queue-continue = Continue
queue-empty = Nothing waits. What you ask while an answer is drawn waits here.
queue-held = Paused: nothing new begins until you continue.
queue-nothing = There is nothing in the queue.
queue-over = Done
queue-row = Show { $question }
queue-row-tip = Shows this run on the page
queue-drag-tip = Drag to another place
queue-waiting = Waiting
queue-done = Done
queue-failed = Failed: { $why }
queue-up = Earlier: { $question }
queue-down = Later: { $question }
queue-cancel = Cancel { $question }
queue-retry = Try again: { $question }
queue-dismiss = Take { $question } off the list

# Looking closely: two pictures compared
look-view = { $a } and { $b }, { $compare }, { $zoom } %
look-flip = Flip
look-flip-tip = One picture at a time; hold to see the other in the same place
look-flip-hint = Hold the picture, or A, to see { $a }
look-side-by-side = Side by side
look-side-by-side-tip = Both pictures, zoomed and moved together
look-wipe = Wipe
look-wipe-tip = One picture on each side of a line that you can drag
look-wipe-vertical = Left, right
look-wipe-vertical-tip = The line runs from top to bottom
look-wipe-horizontal = Above, below
look-wipe-horizontal-tip = The line runs from left to right
look-wipe-position = Position of the line
look-wipe-position-tip = Where the two pictures meet. The line in the picture can be dragged, too.
look-blend = Blend
look-blend-tip = One picture shining through the other
look-blend-amount = Share of the second picture
look-blend-amount-tip = From the first picture alone to the second alone
look-difference = Difference
look-difference-tip = What changed from one picture to the other, in 8-bit values as they are in the files
look-absolute = Absolute
look-absolute-tip = How much every channel changed; black is equal
look-signed = Signed
look-signed-tip = Grey is equal, brighter or darker is what the second picture is. Half the change, so that nothing is cut off.
look-false-colour = Colours
look-false-colour-tip = The largest change of the three channels, from black over violet and orange to white
look-red-blue = Red, blue
look-red-blue-tip = The mean change of the three channels: red where the second picture is brighter, blue where it is darker, white where both are equal
look-gain = Amplification
look-gain-tip = Multiplies the difference, so that small ones can be seen. Usual: 1 to 16.
look-gain-value = × { $gain }
look-zoom = { $zoom } %
look-zoom-in = Zoom in
look-zoom-in-tip = The next power of two (+). The wheel zooms around the pointer.
look-zoom-out = Zoom out
look-zoom-out-tip = The power of two before (-). The wheel zooms around the pointer.
look-fit = Fit
look-fit-tip = Shows the whole picture (0 or F, or a double click)
look-one-to-one = 1:1
look-one-to-one-tip = One pixel of the picture per pixel of the screen (1)
look-loupe = Loupe
look-loupe-tip = Enlarges the pixels under the pointer and shows their values (L)
look-loupe-place = Pixel
look-loupe-difference = Change
look-histogram = Histogram
look-histogram-tip = How often every brightness and every value of red, green and blue occurs
look-histogram-label = Histogram of { $name }, mean brightness { $mean } of 255
look-histogram-waiting = Histogram of { $name }, still counting
look-histogram-chart-tip = From black on the left to white on the right. Grey is brightness; heights are square roots, so that small counts can be seen.

# Models page
models-title = Models
models-count = { $count ->
    [one] one bundle
   *[other] { $count } bundles
}
models-loading = Looking for models
models-refresh = Look again
models-refresh-tip = Looks through the data folder, the added folders and the Hugging Face cache again
models-add = Add a folder…
models-add-tip = Puts a bundle folder from anywhere on the list; its files stay where they are
models-more = The embedded bundle is small, so that the program answers anywhere. Larger ones draw better: drop a bundle folder here, or put it into the data folder.
models-drop-here = Drop them to add or import them
models-drop-hint = Bundle folders, checkpoints, folders of published weights
models-row = Model { $name }
models-looking = Looking into it…
models-unnamed = No name
models-use = Use
models-use-tip = This bundle answers from now on, also after a restart
models-use-label = Use { $name }
models-use-this = Use this bundle
models-use-damaged = It cannot be loaded as it is
models-verify = Check files
models-verify-tip = Compares every checksum, then loads every network
models-verify-begins = Beginning
models-verify-stop-tip = Stops the check; nothing is changed
models-verify-good = { $unlisted ->
    [0] All { $count } files are as they should be, and every network loads.
   *[other] Every network loads. { $count } files were read, { $unlisted } of them without a checksum in lgd.json.
}
models-verify-files-good = { $unlisted ->
    [0] All { $count } files are as they should be. The networks were not loaded, because there is not enough free memory.
   *[other] { $count } files were read, { $unlisted } of them without a checksum in lgd.json. The networks were not loaded, because there is not enough free memory.
}
models-verify-stopped = The check was stopped.
models-verify-damaged = { $count ->
    [one] One file is not as it should be.
   *[other] { $count } files are not as they should be.
}
models-verify-damaged-hint = Copy the bundle again from where it came from.
models-rename = Rename
models-rename-tip = Gives the bundle another name; its folder stays as it is
models-name = Name of the bundle
models-delete = Delete
models-delete-tip = Moves the bundle to the system's bin; that can be taken back
models-delete-in-use = This bundle answers now. When it is deleted, the embedded one answers instead.
models-delete-anyway = Delete it
models-keep = Keep it
models-forget = Take off the list
models-forget-tip = The bundle is not listed any more; its files stay where they are
models-progress = { $done } of { $all }
models-minutes-left = about { $minutes } min left
models-hours-left = about { $hours } h left
models-cached = In the Hugging Face cache
models-cached-tip = What this and other programs downloaded from the hub; it stays where it is
models-cached-facts = { $size } in { $count ->
    [one] one file
   *[other] { $count } files
}
models-cached-about = This or another program downloaded these files from the hub. They are shared, so they stay as they are; importing makes a bundle of them, also without a copy.
models-revision-tip = The branch, tag or commit that was downloaded
models-select = Select a model
models-select-hint = Click one to see what it is made of.
models-resolution = { $side } × { $side } px
models-size = Size
models-side = Draws at
models-stored = Stored as
models-licence = Licence
models-licence-unknown = Not written down
models-copy-path = Copy path
models-copy-path-tip = Puts the path of the folder into the clipboard
models-reveal = Show in folder
models-reveal-tip = Opens the folder in the system's file manager
models-second-editor = drawn by the second editor
models-second-editor-tip = Plain InstructPix2Pix (ip2p), which reads the sentence through CLIP, as the baselines of the paper do
models-modes = Guided by
models-mode-possible = { $mode } is possible
models-in-place = Its weights are used where they are, in { $path }
models-networks = Networks
models-all = Together
models-parameters = { $count } parameters
models-files = { $count ->
    [one] One file
   *[other] { $count } files
}
badge-in-use = In use
badge-in-use-tip = This bundle answers now
badge-damaged = Damaged
badge-damaged-tip = It cannot be used as it is
badge-about-tip = Worth knowing before believing its pictures
badge-embedded = Embedded
badge-embedded-tip = It is part of the program and always there
badge-hub = Hugging Face cache
badge-hub-tip = It lies in the cache that other programs use too, and is used in place
badge-added = Added folder
badge-added-tip = Its folder was added by hand; its files stay where they are
verdict-right = right
verdict-right-tip = Its checksum is the one in lgd.json
verdict-changed = changed
verdict-changed-tip = Its checksum is not the one in lgd.json
verdict-unlisted = no checksum
verdict-unlisted-tip = lgd.json has no checksum of it, so nobody can tell whether it changed
verdict-unreadable = unreadable
size-bytes = { $number } bytes
size-kilobytes = { $number } kB
size-megabytes = { $number } MB
size-gigabytes = { $number } GB
# Units of large counts, as far apart as the language has them
count-small = { $number } thousand
count-middle = { $number } million
count-large = { $number } billion

# Imports
import-title = Import a model
import-about = Checkpoints of Stable Diffusion, InstructPix2Pix, BLIP-2 and LGD, and folders as published. Several can make one bundle.
import-path = Path
import-path-hint = Path of a file or folder
import-add = Add
import-add-tip = Looks at what the path holds, too
import-add-blocked = Write a path first
import-folder = Folder…
import-folder-tip = Chooses folders in a dialog
import-files = Files…
import-files-tip = Chooses weight files in a dialog
import-remove = Leave out { $path }
import-looking = Looking at what they hold
import-empty = Drop files or folders here, choose them, or write a path. First you see what they hold.
import-found = What they hold
part-blip2-tokenizer = BLIP-2's tokenizer
part-adapter = latent translation
part-sentence-encoder = T5 of the sentences
part-text-encoder = CLIP text encoder
part-clip-tokenizer = CLIP's tokenizer
part-scheduler = noise schedule
import-licence = Licence { $licence }
import-mode-needs = { $mode } needs { $parts } as well
import-missing = Not there
import-source = Usually from { $source }
import-unknown = { $count ->
    [one] One tensor is not known and is left out.
   *[other] { $count } tensors are not known and are left out.
}
import-name = Name
import-name-tip = What the bundle is called; its folder is named after it
import-place = Weights
import-place-tip = Whether the bundle gets its own copy of the weights
import-copy = Copy into the bundle
import-copy-tip = The bundle stands on its own, and the originals can go
import-in-place = Use in place
import-in-place-tip = Takes no room; works for folders in the published layouts, such as those of the Hugging Face cache
import-format = Number format
import-format-tip = Smaller formats load faster and need half the room
import-as-stored = As stored
import-as-stored-tip = Tensor by tensor as the originals have it
import-f32 = F32
import-f32-tip = 32 bits per number
import-f16 = F16
import-f16-tip = 16 bits per number, fine steps
import-bf16 = BF16
import-bf16-tip = 16 bits per number, the range of F32
import-weights = Editor
import-weights-tip = The checkpoint keeps two sets of the editor's weights
import-ema = Running averages
import-ema-tip = What the authors validate with
import-plain = Last step
import-plain-tip = As the last training step left them
import-start = Make the bundle
import-start-tip = Writes the bundle; it can be stopped and goes on later
import-no-name = Give it a name first
import-no-room = It does not fit onto the disk
import-room = { $needed } needed, { $free } free
import-room-unknown = { $needed } needed
import-room-in-place = Needs no room
import-running = Importing
import-stopping = Stopping
import-stopped = Not finished
import-failed = Interrupted
import-waiting = Waiting for its turn
import-stop = Stop
import-stop-tip = Stops the import; what is finished stays
import-continue = Continue
import-continue-tip = Goes on where the import stopped
import-discard = Discard
import-stage-reading = Reading the originals
import-stage-checking = Checking what is there
import-stage-writing = Writing weights
import-discard-tip = Deletes what is finished; the originals stay as they are

# Downloads
models-import = Import…
models-import-tip = Makes a bundle of checkpoints and published weights
models-import-label = Import { $name }
models-import-this = Import this
models-import-this-tip = Shows what these files hold, and makes a bundle of them
models-download = Download…
models-download-tip = Gets a model from the Hugging Face hub
models-no-cache = There is no folder for downloads on this system
hub-title = Download a model
hub-about = Nothing is asked of the network before you look something up, and nothing is downloaded before you say so.
hub-repo = Repository
hub-repo-hint = owner/name, or the address of its page
hub-repo-tip = The name on the hub, for example timbrooks/instruct-pix2pix
hub-revision = Revision
hub-revision-hint = main
hub-revision-tip = A branch, tag or commit; empty for the newest version
hub-look-up = Look up
hub-look-up-tip = Asks the hub what the repository holds; downloads nothing
hub-look-up-blocked = Write the name of a repository first
hub-looking-up = Asking for { $repo }
hub-looking-up-stop-tip = Stops asking
hub-offline = The program is set to stay offline.
hub-offline-hint = Turn Stay offline off in the settings of the network
hub-known = What a bundle is made of
hub-known-editor = The editor, guided by the question or an answer, with its text encoder
hub-known-language = Sees the frame and writes answers; 16 GB
hub-known-judge = Judges how alike two pictures are
hub-facts = { $revision }, commit { $commit }, licence { $licence }
hub-facts-tip = As the page of the repository says
hub-full = Full precision, { $size }
hub-full-tip = The weights as they were trained
hub-half = Half precision, { $size }
hub-half-tip = Half the size, hardly any difference in the pictures
hub-file-tip = Download this file
hub-download = Download { $size }
hub-download-tip = Begins the download; it can be paused and goes on after a restart
hub-nothing-chosen = Choose at least one file
hub-room = { $free } free
hub-no-room = Only { $free } free
hub-no-room-tip = The chosen files do not fit onto the disk
hub-network = Network…
hub-network-tip = Offline switch, mirror, proxy, token, and every request that was made
download-running = Downloading
download-pausing = Pausing
download-paused = Paused
download-failed = Interrupted
download-speed = { $size } per second
download-files = { $done } of { $all } files
download-checking = Checking what has arrived
download-waiting = The server does not answer. Trying again in { $seconds } s
download-pause = Pause
download-pause-tip = Stops the download; what has arrived is kept, also over a restart
download-continue = Continue
download-continue-tip = Goes on where the download stopped
download-discard = Discard
download-discard-tip = Forgets the download and deletes what has arrived of unfinished files

# Network
network-title = Network
network-about = The program asks the network only for downloads that you start.
network-offline = Stay offline
network-offline-tip = Nothing is asked of the network at all
network-mirror = Mirror
network-mirror-tip = The address of a server that answers like the hub; empty for the hub itself
network-proxy = Proxy
network-proxy-tip = http:// or socks5://; empty for the proxy of the system's environment
network-token = Token
network-token-tip = For private repositories, and for those whose conditions you accepted. Leave it empty and HF_TOKEN or the file that hf auth login writes is used. What is written here is kept as plain text in settings.toml, which only you can read; it goes to the hub or the mirror alone, and into no log.
network-token-found = taken from { $source }
network-requests = Requests
network-none = None was ever made.
network-no-answer = no answer

# Settings dialog
preferences-network = Network
preferences-title = Settings
preferences-look = Look
preferences-theme = Theme
preferences-theme-system = System
preferences-theme-light = Light
preferences-theme-dark = Dark
preferences-language = Language
preferences-language-system = As the system
preferences-language-en = English
preferences-language-zh = 简体中文
preferences-scale = Interface size
preferences-motion = Motion
preferences-motion-system = Follow the system
preferences-motion-full = All
preferences-motion-reduced = Little
preferences-motion-tip = Whether things that could stand still fade, slide and turn
preferences-work = While it works
preferences-stay-awake = Keep the machine awake
preferences-stay-awake-tip = Screen and machine do not fall asleep while something is drawn, evaluated, downloaded or trained
preferences-announce = Say when long work is done
preferences-announce-tip = A message of the desktop, when work of more than ten seconds ends and this window is not in front
preferences-pictures = Saved pictures
preferences-leave-out = Leave my settings out of exported pictures
preferences-leave-out-tip = Saved and exported pictures then carry no question, seed or settings. They cannot be drawn again from the file.
preferences-ask-back = Ask every finished picture back
preferences-ask-back-tip = The language model looks at each picture once it is drawn; takes a moment per picture
preferences-compute = Computing
preferences-device = Device
preferences-device-tip = Where the networks compute. A change takes effect with the next picture; the model is loaded again.
preferences-device-auto = Automatic
preferences-device-auto-takes = On this machine that is: { $device }.
preferences-device-memory = { $device }, { $size }
preferences-device-missing = This machine has no device { $device } that this build can use, so no model can be loaded.
preferences-device-otherwise = This start computes on { $device }, as its command line says. Choose another device to change it.
preferences-devices-looking = Looking for devices …
preferences-precision = Precision of the large networks
preferences-precision-auto = Automatic
preferences-precision-auto-tip = 16 bits on CUDA cards, 32 bits elsewhere
preferences-precision-auto-takes = That is 16 bits on CUDA cards and 32 bits elsewhere.
preferences-precision-f32 = 32 bits
preferences-precision-f32-tip = f32: the reference. Needs twice the memory of 16 bits.
preferences-precision-int8 = 8 bits
preferences-precision-int8-tip = int8: the UNet multiplies whole numbers of eight bits. About half of the time on processors with VNNI; on graphics cards the same as Automatic.
preferences-precision-int8-fast = This processor multiplies 8 bits about twice as fast. Pictures differ a little from those of 32 bits.
preferences-precision-int8-slow = This processor has no fast 8-bit products: pictures may take longer. The UNet needs a third of the memory.
preferences-precision-bf16 = 16 bits
preferences-precision-bf16-tip = bf16: half the memory, about three digits. Fast on graphics cards, slower on most processors.
preferences-memory-limit = Most memory the model may take
preferences-memory-free = As much as is free
preferences-memory-most = { $size }
preferences-memory-tip = With less memory the model works one network at a time or with fewer bits, which takes longer. Changing it loads the model again.
preferences-places = Places
preferences-places-settings = Settings
preferences-places-data = Data
preferences-places-copy = Copy path
preferences-places-copy-of = Copy path of { $place }
preferences-places-none = This system names no home folder, so nothing is remembered.
preferences-runs = Runs
preferences-keep-runs = Keep runs
preferences-keep-runs-tip = Writes every run with all its steps to disk while it is drawn, so that nothing is lost when the program ends. Runs that are kept already stay.
preferences-runs-room = { $count ->
    [one] One run
   *[other] { $count } runs
}, { $size }
preferences-runs-measuring = Measuring …
preferences-places-runs = Runs
preferences-places-note = Set LGD_STUDIO_HOME to keep everything under one folder.
dialog-close = Close
remedy-cpu = Use the processor
remedy-cpu-tip = Computes on the processor from now on, which takes longer. The settings have the way back.

# About dialog
about-version = Version { $version }
about-text = Ask a cartoon frame a causal question and watch latent-guided diffusion draw the answer, on this computer, without a network.
about-world = The cat, the mouse, the dog and their rooms are drawn for this program.
about-font = Chinese characters: Noto Sans SC, SIL Open Font License 1.1
about-licence = Licence Apache-2.0
about-model = Model { $name }
about-device = Device { $device }
about-shortcuts = Keys

# Window that cannot open
window-no-display = No display was found, so the window cannot open. Use the command line instead, for example: lgd-studio ask FRAME.png "What happens if it rains?"
window-no-graphics = No graphics driver can draw the window ({ $detail }). Install a Vulkan or OpenGL driver (a software one such as Mesa's lavapipe works too), or use the command line: lgd-studio ask FRAME.png "What happens if it rains?"

# Evaluate page
rail-evaluate = Evaluate
command-evaluate-page = Go to Evaluate
command-evaluate-page-tip = The paper's evaluation of a bundle on a data set
evaluate-title = Evaluate
evaluate-what = What is evaluated
evaluate-data = Data set
evaluate-data-tip = A VQAI folder: images/ and labels_cot_val.json
evaluate-data-hint = Folder with images and labels
evaluate-choose = Choose…
evaluate-choose-label = Choose the folder: { $what }
evaluate-split = Split
evaluate-split-tip = Which list of the data set: labels_cot_SPLIT.json
evaluate-bundle = Bundle
evaluate-bundle-tip = The models that draw
evaluate-bundle-in-use = The one in use
evaluate-modes = Modes
evaluate-modes-tip = The paper compares question, answer and latent
evaluate-how = How it is drawn
evaluate-as-paper = As in the paper: 50 steps, 7.5 and 1.8, nine seeds
evaluate-to-paper = Back to the paper's settings
evaluate-to-paper-tip = 50 steps, text guidance 7.5, image guidance 1.8, nine seeds, three modes; data set and folders stay
evaluate-seeds = Seeds
evaluate-seeds-tip = One picture per sample and mode for each; the paper has nine
evaluate-seeds-hint = 1391, 1491, …
evaluate-limit = Most samples
evaluate-limit-tip = Only so many samples from the start of the list
evaluate-limit-hint = All
evaluate-steps-tip = How many denoising steps are drawn. Usual: 20 to 50, the paper: { $default }.
evaluate-guidance-tip = How strongly the question or answer steers the picture. Usual: 3 to 10, the paper: { $default }.
evaluate-image-guidance-tip = How closely the answer keeps to the frame. Usual: 1 to 2, the paper: { $default }.
evaluate-where = Folders
evaluate-output = Pictures and reports
evaluate-output-tip = Laid out as the original's evaluation; the same folder again goes on where it stopped
evaluate-output-hint = In the data folder
evaluate-clip = CLIP
evaluate-clip-tip = Folder with config.json and model.safetensors of CLIP ViT-B/32, which judges how alike pictures are. Empty: that of the bundle or of the data folder
evaluate-clip-hint = Of the bundle or the data folder
evaluate-lpips = LPIPS
evaluate-lpips-tip = Folder with the weights of LPIPS as they were downloaded: torchvision's AlexNet or VGG-16 and the file of the lpips package. Empty: the folder lpips of the data folder, where there is one
evaluate-lpips-hint = Of the data folder, if it is there
evaluate-no-data = Choose a data set first
evaluate-no-mode = Take at least one mode
evaluate-bad-seeds = Seeds are whole numbers with commas between them
evaluate-bad-limit = The number of samples has to be a whole number from 1, or empty for all
evaluate-no-folder = Choose a folder for the pictures
evaluate-busy = An evaluation is at work
evaluate-looking = Looking at the data set
evaluate-expected = { $samples ->
    [one] One sample
   *[other] { $samples } samples
}, { $pictures ->
    [0] nothing left to draw.
    [one] one picture to draw.
   *[other] { $pictures } pictures to draw.
}
evaluate-kept = { $count ->
    [one] One is there already.
   *[other] { $count } are there already.
}
evaluate-forecast = That takes { $time }.
evaluate-no-forecast = How long it takes is known after the first run.
evaluate-unusable = { $count ->
    [one] One record cannot be used.
   *[other] { $count } records cannot be used.
}
evaluate-start = Start evaluating
evaluate-resume = Go on
evaluate-judge = Judge the pictures
evaluate-start-tip = Draws what is missing, then judges. It can be stopped at any time: finished pictures are kept
evaluate-stop = Stop
evaluate-stop-tip = Finished pictures are kept; it goes on from there
evaluate-stopping = Stopping
evaluate-waiting = Waits for its turn
evaluate-loading = Loading the models
evaluate-drawing = Drawing picture { $done } of { $all }
evaluate-judging = { $all ->
    [0] Judging the pictures
   *[other] Judging sample { $done } of { $all }
}
evaluate-progress = Progress of the evaluation
evaluate-empty = No numbers yet
evaluate-empty-hint = Choose a data set on the left and evaluate a bundle, or open the pictures of an earlier evaluation.
evaluate-open = Open evaluation
evaluate-open-tip = Judges pictures that are there, also those that the original code made
evaluate-open-other = Another folder…
evaluate-none-yet = None yet
evaluate-drawn = { $samples } samples are complete: { $drawn } pictures were drawn, { $kept } were there already. They have no numbers yet.
evaluate-export = Export
evaluate-export-tip = Writes the numbers for others
evaluate-html = Page for people (HTML)…
evaluate-html-tip = One file with the numbers and the pictures inside
evaluate-csv = Tables (CSV)…
evaluate-csv-tip = One row per mode and category, and beside it one per picture
evaluate-latex = Table for a paper (LaTeX)…
evaluate-latex-tip = Rows for all modes and categories, with the paper's beside them
evaluate-json = Everything (JSON)…
evaluate-json-tip = For programs, and to compare with later
evaluate-no-clip = No CLIP was there to judge, so there are no similarities. The field CLIP says where one is looked for.
evaluate-by-clip = CLIP: { $clip }
evaluate-by-lpips = { $name } to the target: smaller is more alike
evaluate-compare = Compare with
evaluate-compared = Compared with { $name }
evaluate-compare-none = Nothing
evaluate-compare-tip = Shows the difference to an earlier evaluation
evaluate-skipped = { $count ->
    [one] One folder is skipped
   *[other] { $count } folders are skipped
}
evaluate-unlisted = Not in the categories, so in no number: { $names }
evaluate-method = { $samples ->
    [one] one sample
   *[other] { $samples } samples
}, { $pictures ->
    [one] one picture each
   *[other] { $pictures } pictures each
}
evaluate-category = Category
evaluate-samples = Samples
evaluate-all = All samples
evaluate-paper = The paper
evaluate-paper-difference = Difference to the paper
evaluate-difference = Difference to { $name }
evaluate-interval-tip = The 95 % interval: how far the number would move with other samples (bootstrap)
evaluate-sim-avg-tip = Mean CLIP similarity of all pictures and their targets
evaluate-sim-best-tip = The same of the best picture of each sample
evaluate-auc-avg-tip = Mean share of pictures above a similarity, over the thresholds 1 to 100
evaluate-auc-best-tip = The same of the best picture of each sample
evaluate-causal = Causal accuracy
evaluate-causal-tip = Toon world: share of pictures to which, of all outcomes that are possible, the right one is the nearest
evaluate-causal-more = A guess would be right in { $chance }. { $unchanged } show the frame as it was.
evaluate-psnr = PSNR
evaluate-psnr-tip = Peak signal-to-noise ratio to the target, in dB
evaluate-ssim = SSIM
evaluate-ssim-tip = Structural similarity to the target
evaluate-lpips-column-tip = How far the picture looks from the target to a network that recognises things: 0 for equal pictures
evaluate-direction = Direction
evaluate-direction-tip = Whether the change from the frame points the same way as the target's, in CLIP's space, -1 to 1

# Vote page
rail-vote = Vote
command-vote-page = Go to Vote
command-vote-page-tip = Compare the pictures of all modes without knowing which is which
vote-title = Vote
vote-about = Which picture shows what happens?
vote-about-hint = You see the pictures of several modes about one question, blind and in an order of your own. Choose the folder of an evaluation with at least two modes, and say who you are.
vote-folder = Evaluation
vote-folder-tip = The folder that Evaluate or validate wrote, with a folder per mode
vote-folder-hint = Folder with question, answer, latent
vote-recent-tip = An evaluation that was made or opened here
vote-rater = Your name
vote-rater-tip = Several people can vote; each has an order of their own
vote-rater-hint = For example Ann
vote-blind = Some comparisons come a second time, to see how sure you are. Votes are kept one by one: you can stop at any time and go on later.
vote-begin = Begin
vote-begin-tip = Begins, or goes on where you stopped
vote-not-ready = Choose an evaluation and say who you are
vote-progress = { $rater }: { $done } of { $all }
vote-close = Close
vote-close-tip = Back to the choice of evaluation and name; all votes stay
vote-results = Results
vote-results-tip = What all votes say so far
vote-next = Next
vote-next-tip = To the next comparison without a vote (Right)
vote-back = Back
vote-back-tip = To the comparison before, to vote again (Left)
vote-skip = Skip it
vote-voted = Voted
vote-no-question = What happens?
vote-how = Press the number of the picture that shows best what happens, 0 when none does, T when several do equally well. Mark other pictures that are right, too, with Shift and their number.
vote-frame = Before
vote-picture = Picture { $number }
command-vote-1 = Vote for picture 1
command-vote-2 = Vote for picture 2
command-vote-3 = Vote for picture 3
command-vote-4 = Vote for picture 4
command-vote-none = Vote for none
command-vote-tie = Vote for a tie
command-mark-1 = Mark picture 1 as right
command-mark-2 = Mark picture 2 as right
command-mark-3 = Mark picture 3 as right
command-mark-4 = Mark picture 4 as right
command-vote-back = Comparison before
command-vote-next = Next comparison
vote-choose = { $number } is best
vote-choose-tip = It shows what happens, and better than the others; it counts as right
vote-right = Right
vote-right-tip = It shows what had to happen, whether it is the best or not
vote-right-label = Picture { $number } is right
vote-none = None (0)
vote-none-tip = No picture shows what had to happen
vote-tie = Tie (T)
vote-tie-tip = Several show it equally well: the marked ones, or without marks all of them
vote-done = All votes are cast
vote-done-hint = Look at the results, or go back to change a vote. Somebody else can vote under another name.
vote-all = What the votes say
vote-count = { $votes ->
    [one] one vote
   *[other] { $votes } votes
} of { $raters ->
    [one] one person
   *[other] { $raters } people
}
vote-to-poll = Back to voting
vote-to-poll-tip = Shows the comparison again
vote-export = Export…
vote-export-tip = Writes all votes into a file, for other machines
vote-import = Import…
vote-import-tip = Adds votes that were exported elsewhere; the same vote twice counts once
vote-agreement = Agreement
vote-kappa = Fleiss' kappa
vote-kappa-tip = How far people agree beyond chance, over the samples that all of them voted on: 1 is perfect, 0 is chance
vote-alpha = Krippendorff's alpha
vote-alpha-tip = The same over all samples with at least two votes
vote-consistency = Same again
vote-consistency-tip = How often people chose the same when a comparison came a second time
vote-seconds = Median time
vote-seconds-tip = How long a vote took
vote-all-samples = All samples
vote-acc = Acc
vote-acc-tip = Share of its pictures that were judged right, with the 95 % interval (Wilson)
vote-chosen = ChosenRate
vote-chosen-tip = Share of comparisons in which it was chosen; a tie and none choose nobody
vote-paper = The paper
vote-none-row = None
vote-tie-row = Tie
# Train page
rail-train = Train
command-train-page = Go to Train
command-train-page-tip = Training runs, and the way to a new one
train-title = Training
train-new = New run
train-new-tip = Shows the settings of a run that is not there yet
train-row = Run { $name }
train-looking = Looking for runs
train-none = No runs yet. Choose a data folder on the right, look at the cost, and start one.
train-no-place = There is no folder for runs here.
train-drop-here = Drop a data folder
train-drop-hint = It holds images/ and labels_cot_train.json
train-waiting = Waiting
train-waiting-tip = It begins when its device is free
train-starting = Starting
train-starting-tip = Its process loads bundle and data
train-training = Training
train-training-tip = Its process works, also when this window is closed
train-paused = Paused
train-paused-tip = Its process waits; what was learnt is saved
train-stopped = Stopped
train-stopped-tip = It was stopped and saved, and can go on
train-finished = Finished
train-finished-tip = All steps are done
train-failed = Failed
train-failed-tip = It could not go on; what was saved is kept
train-killed = Ended
train-killed-tip = Its process is gone; it can go on from the last checkpoint
train-steps = { $step } of { $steps } steps
train-loss-is = loss { $loss }
train-pace = { $seconds } s per step
train-seconds = { $number } s
train-minutes = { $number } min
train-hours = { $number } h
train-days = { $number } days
train-cpu = Processor
train-load = { $percent } % busy
train-degrees = { $degrees } °C
train-not-in-build = not usable by this build
train-memory = { $used } of { $total } in use
train-form = New run
train-undo = Undo
train-undo-tip = Takes back the last change of the form
train-redo = Redo
train-redo-tip = Does it again
train-undo-none = There is nothing to take back
train-data = Learn from
train-data-folder = Data folder
train-data-folder-tip = A folder in the published layout: images/ beside labels_cot_train.json
train-data-empty = A folder with images/ and labels_cot_train.json
train-data-pick = Choose…
train-data-pick-tip = Chooses the data folder
train-data-examining = Looking through the records
train-data-hint = Choose, type or drop a data folder. `lgd-studio toon dataset` draws one of any size.
train-split-trained = { $split }: { $records ->
    [one] one record
   *[other] { $records } records
}, { $answered } with an answer (trained on)
train-split = { $split }: { $records ->
    [one] one record
   *[other] { $records } records
}, { $answered } with an answer
train-skipped = { $count ->
    [one] one record is skipped
   *[other] { $count } records are skipped
}
train-what = Train
train-preset = Preset
train-preset-tip = A starting point for all settings; data, bundle and name stay
train-preset-full = Full
train-preset-full-tip = What LGD trains: editor, translation, Q-Former and both projections
train-preset-adapter = Adapter only
train-preset-adapter-tip = The translation of the latent alone: little memory, quick
train-preset-lora = LoRA
train-preset-lora-tip = Small pairs of matrices beside the editor's attention: little memory, a small file
train-preset-toon = Toon tiny
train-preset-toon-tip = Editor and translation of a small bundle, for the drawn world
train-preset-answers = Answers
train-preset-answers-tip = BLIP-2 alone, by the answers it writes
train-preset-autoencoder = Autoencoder
train-preset-autoencoder-tip = Pictures to latents and back: the first stage of a bundle from nothing, or a sharper decoder
train-bundle = Model
train-bundle-tip = The bundle whose weights are the start
train-device = Device
train-device-tip = Where it trains; one run per device at a time, the others wait
train-together = Together
train-together-tip = One process trains on each of these cards; they share the samples of every step
train-name = Name
train-name-tip = What the folder of the run is called; a number is put behind it
train-groups = Trained parts
train-groups-tip = Everything else stays as it is
train-group-unet = Editor
train-group-unet-tip = The UNet that draws: most of the numbers
train-group-lora = LoRA
train-group-lora-tip = Low-rank pairs beside the editor's attention; the editor itself stays as it is
train-lora-rank = LoRA rank
train-lora-rank-tip = Width of the pairs, usually 4 to 64: more can learn more and take more room
train-lora-alpha = LoRA weight
train-lora-alpha-tip = Weight of the pairs, divided by the rank; usually as large as the rank
train-group-adapter = Translation
train-group-adapter-tip = The two layers that bring the latent into the editor
train-group-qformer = Q-Former
train-group-qformer-tip = What reads the frame for the language model, by the answer
train-group-t5 = Projection
train-group-t5-tip = From the Q-Former into the language model
train-group-predictive = Predictive code
train-group-predictive-tip = The projection that the contrastive loss looks at
train-group-vision = Image encoder
train-group-vision-tip = The eyes of BLIP-2; rarely worth its memory
train-group-language = Language model
train-group-language-tip = What writes the answer; large in large bundles
train-group-scene = Scene readers
train-group-scene-tip = Two layers that tell what stands where, so that BLIP-2 learns to see; for data of the drawn world, and in no bundle
train-group-encoder = Picture encoder
train-group-encoder-tip = Pictures to latents; when they change, the editor has to learn again
train-group-decoder = Picture decoder
train-group-decoder-tip = Latents to pictures; alone it makes them sharper and changes nothing else
train-how = How
train-max-steps = Steps
train-max-steps-tip = Steps of the whole run, usually 1,000 to 100,000
train-batch = Batch
train-batch-tip = Samples that are computed together, usually 1 to 32; more need more memory
train-accumulation = Accumulation
train-accumulation-tip = Batches per step, usually 1 to 16: the same as a larger batch, without its memory
train-lr = Learning rate
train-lr-tip = How far a step goes, usually 1e-5 for large and 1e-3 for tiny models
train-schedule = Schedule
train-schedule-tip = How the learning rate changes over the run
train-constant = Constant
train-cosine = Cosine
train-cycles = Cycles
train-warmup = Warm-up steps
train-warmup-tip = Steps over which the learning rate rises, usually 0 to 1,000
train-clip = Gradient limit
train-clip-tip = Largest norm of the gradients, usually 1; 0 does not limit
train-decay = Weight decay
train-decay-tip = How fast weights shrink by themselves, usually 0.01
train-ema = Average
train-ema-tip = Decay of the averaged weights that samples and bundles use, usually 0.99 to 0.9999
train-seed = Seed
train-seed-tip = The same seed and settings give the same run
train-precision = Precision
train-precision-tip = In how many bits editor, image encoder and language model compute; weights, averages and losses have 32 always
train-precision-no-card = On a processor 16 bits are slower than 32. Choose a graphics card to train with them.
train-products = Multiply in 16 bits
train-products-tip = Rounds what the processor multiplies, as autocast does; weights, sums and averages stay at 32 bits. Steps took two thirds to four fifths of the time where it was measured.
train-products-missing = This processor has no products of 16 bits.
train-recompute = Compute the editor's blocks again
train-recompute-tip = Gradient checkpointing: on the way back they are computed a second time instead of being kept. Less memory, up to twice the time
train-losses = Judged by
train-answer-weight = Answer
train-answer-weight-tip = Weight of the answer's cross-entropy, 0.1 in the paper
train-cpc-weight = Contrast
train-cpc-weight-tip = Weight of contrastive predictive coding, 0.1 in the paper; needs causal features
train-dropout = Left out
train-dropout-tip = Share of samples without text, without frame and without both, 0.05 in the paper
train-flip = Mirrored
train-flip-tip = Share of pairs that are mirrored; 0 where left and right matter
train-keeping = Kept and drawn
train-save-every = Save every
train-save-every-tip = Steps between two checkpoints
train-keep = Checkpoints
train-keep-tip = The newest ones that are kept, usually 2
train-sample-every = Draw every
train-sample-every-tip = Steps between two drawings of the pinned questions; 0 draws only when asked
train-sample-steps = Drawing steps
train-sample-steps-tip = Denoising steps of these drawings, usually 20 to 50
train-pinned = Pinned questions
train-pinned-tip = Questions of the data set that are drawn again and again on the same noise
train-try = Look at the cost
train-try-tip = Trains two real steps in a process of their own; nothing is kept
train-trying = Two steps are trained to see what the run costs
train-try-stop = Stop
train-try-stop-tip = Ends the two steps; nothing is lost
train-start = Start
train-start-tip = Starts the run as a process of its own, which goes on when this window is closed
train-queue = Add to the queue
train-queue-tip = Another run has the device; this one begins after it
train-blocked-no-data = Choose a data folder first
train-blocked-examining = The data folder is being looked through
train-blocked-bad-data = The data folder cannot be used
train-blocked-trying = The cost is being looked at
train-blocked-untried = Look at the cost first
train-cost = What it will cost
train-cost-unknown = Two steps show memory, time and disk before anything starts.
train-cost-old = The settings have changed since; look at the cost again.
train-cost-memory = Memory
train-cost-memory-of = { $peak } of { $free } free
train-cost-pace = A step
train-cost-time = All steps
train-cost-disk = Checkpoints
train-cost-disk-of = { $size } of { $free } free
train-cost-precision = Precision
train-cost-numbers = Trained numbers
train-cost-samples = Samples
train-pause = Pause
train-pause-tip = Saves and waits after this step
train-continue = Continue
train-continue-tip = Goes on with the next step
train-stop = Stop and keep
train-stop-tip = Saves and ends; the run can go on later
train-sample = Draw now
train-sample-tip = Draws the pinned questions after this step
train-sample-none = No questions are pinned
train-save = Save now
train-save-tip = Writes a checkpoint after this step
train-discard = Discard
train-discard-tip = Moves the run to the system's bin
train-discard-sure = Move this run with its checkpoints and samples to the system's bin?
train-discard-yes = Move it to the bin
train-discard-no = Keep it
train-resume = Resume
train-resume-tip = Goes on from the last checkpoint, when the device is free
train-unqueue = Take out of the queue
train-unqueue-tip = It does not begin; its folder stays
train-promote = Make a bundle
train-promote-tip = Makes a bundle of the newest checkpoint, with the averaged weights; it appears on the Models page
train-promoting = Writing…
train-export-lora = Export LoRA
train-export-lora-tip = Writes the low-rank pairs of the newest checkpoint into the folder of the run, as diffusers reads them
train-no-checkpoint = There is no checkpoint yet
train-reuse = Use its settings
train-reuse-tip = Puts the settings of this run into the form of a new one
train-view-curves = Curves
train-view-curves-tip = Losses, learning rate and pace over the steps
train-view-wall = Samples
train-view-wall-tip = The pinned questions as they change
train-view-log = Log
train-view-log-tip = What the run said
train-series-total = Loss
train-series-noise = Noise
train-series-answer = Answer
train-series-contrastive = Contrast
train-series-norm = Gradients
train-series-lr = Learning rate
train-series-speed = Samples per second
train-series-tip = Shows or hides this curve
train-other = { $series } of { $name }
train-log-scale = Log scale
train-log-scale-tip = Equal distances are equal factors
train-smoothing = Smoothing
train-smoothing-tip = 0 shows the steps as they are, 0.9 their running mean
train-compare = Compare
train-compare-tip = Draws the same curves of another run, dashed
train-compare-none = No other run
train-zoom-reset = Whole
train-zoom-reset-tip = Shows the whole run again. Scroll or drag a box with the right button to look closer
train-curves-empty = No steps yet
train-curves-empty-hint = The curves begin with the first step.
train-wall-empty = No samples yet
train-wall-empty-hint = “Draw now” draws the pinned questions; the run also does it by itself every few steps.
train-wall-step = Step
train-wall-step-tip = The steps at which the pinned questions were drawn
train-wall-newest = Newest
train-wall-newest-tip = Follows the run
train-wall-picture = { $question }, { $mode }, after { $step } steps
train-wall-broken = This picture cannot be read
train-log-empty = Nothing was said yet
train-log-empty-hint = The log begins when the process does.
train-log-started = Began behind step { $step } of { $steps }: { $samples } samples, { $parameters } trained numbers
train-log-broken = { $record } is left out: { $reason }
train-log-saved = Saved after step { $step }
train-log-sampled = Drew the pinned questions after step { $step }
train-log-paused = Paused after step { $step }
train-log-continued = Went on after step { $step }
train-log-stopped = Stopped and saved after step { $step }
train-log-discarded = Discarded
train-log-finished = All { $step } steps are done
train-log-failed = Failed after step { $step }: { $message }
notice-promoted = A bundle was made of step { $step }
notice-lora = The LoRA of step { $step } was written

# Dataset page
command-dataset-page = Go to Dataset
command-dataset-page-tip = Pairs of frames with their questions, to be annotated
command-pair-next = Next pair
command-pair-next-tip = Goes to the next pair
command-pair-previous = Previous pair
command-pair-previous-tip = Goes to the pair before
command-pair-open = Next pair to review
command-pair-open-tip = Goes to the next pair that you have not reviewed
command-pair-look = Compare the pictures
command-pair-look-tip = Compares both pictures pixel by pixel
command-pair-question = Write the question
command-pair-question-tip = Puts the typing cursor into the question
command-pair-answer = Write the answer
command-pair-answer-tip = Puts the typing cursor into the answer
command-pair-chain = Write the causal chain
command-pair-chain-tip = Puts the typing cursor into the causal chain
command-pair-search = Search pairs
command-pair-search-tip = Puts the typing cursor into the search
command-pair-scenery = Category: scenery variation
command-pair-more = Category: more entities
command-pair-fewer = Category: fewer entities
command-pair-entities = Category: entities variation
command-pair-emotion = Category: emotion variation
command-pair-category-tip = Gives the pair this category
command-pair-accept = Accept
command-pair-accept-tip = Says that the pair can be used; once more takes it back
command-pair-reject = Reject
command-pair-reject-tip = Says that the pair cannot be used; once more takes it back
command-pair-save = Save the data set
command-pair-save-tip = Saves now. Edits are also saved by themselves when you pause.
command-pair-new = New pair
command-pair-new-tip = Picks a new pair from pictures, from a folder of frames or from a video
command-pair-before = Take as before
command-pair-before-tip = Makes the frame under the cursor the picture before
command-pair-after = Take as after
command-pair-after-tip = Makes the frame under the cursor the picture after
command-pair-add = Add the pair
command-pair-add-tip = Copies both pictures into the folder and adds a record to the list
strip-pictures = Pictures…
strip-pictures-tip = Chooses picture files; two of them are a pair at once
strip-folder = Folder of frames…
strip-folder-tip = Chooses a folder with the frames of a scene as pictures
strip-video = Video…
strip-video-tip = Chooses a video; ffmpeg takes frames out of it into a temporary folder
strip-no-ffmpeg = Frames of a video need ffmpeg, which is not installed. A folder of frames works without.
strip-rate = Frames per second of a video
strip-rate-one = 1 frame a second
strip-rate-value = { $rate } frames a second
strip-path = Path of frames
strip-path-hint = Path of a picture, a folder or a video
strip-gathering = { $count ->
    [one] One frame so far
   *[other] { $count } frames so far
}
strip-reading = Reading the folder
strip-stop = Stop
strip-stop-tip = Takes no more frames; those so far are dropped
strip-empty = Which moments belong together?
strip-empty-hint = Drop two pictures, a folder of frames or a video here, or choose them above. Then pick the moment before and the one after.
strip-drop-here = Drop frames here
strip-drop-hint = Pictures, a folder of them, or a video
strip-take-before = B takes the frame under the cursor
strip-take-after = A takes the frame under the cursor
strip-picked = { $file }, { $width } × { $height }
strip-frame = Frame { $number }
strip-frame-before = Frame { $number } is before
strip-frame-after = Frame { $number } is after
strip-name = Name
strip-name-hint = Name of the pair
strip-split = List it joins
strip-cut = The video is longer than what is shown; take fewer frames a second to see all of it.
strip-adding = The pair is being added
strip-no-before = Pick the picture before
strip-no-after = Pick the picture after
strip-unreadable = One of the pictures cannot be read
strip-bad-name = The name becomes the name of files: use letters, digits, - and _
strip-name-taken = Another pair has this name
strip-sizes = The pictures have different sizes: { $before } and { $after }
dataset-empty = Open a data set
dataset-empty-hint = Pairs of frames, before and after, with a question about what happens between them.
dataset-choose = Choose a folder…
dataset-choose-tip = A folder with images and labels_cot_train.json or labels_cot_val.json
dataset-open-hint = A folder in the layout of VQAI. Drop it here, choose it, or write its path and press Enter.
dataset-path = Folder of the data set
dataset-path-hint = Path of a folder
dataset-recent = Recent folders
dataset-forget = Forget { $path }
dataset-forget-tip = Takes the folder off this list; its files stay
dataset-opening = Opening { $path }
dataset-decoding = Decoding the pictures
dataset-drop-here = Drop a folder here
dataset-drop-hint = A data set in the layout of VQAI
dataset-count = { $count ->
    [one] One pair
   *[other] { $count } pairs
}
dataset-count-some = { $shown } of { $count } pairs
dataset-unreadable = { $count ->
    [one] One record cannot be shown
   *[other] { $count } records cannot be shown
}
dataset-close = Close folder
dataset-close-tip = Saves everything and goes back to the choice of folders
dataset-back = Back to the list
dataset-search = Search pairs
dataset-search-hint = Search the words
dataset-clear-tip = Shows all pairs again
dataset-order = Order
order-list = As in the lists
order-name = By name
order-category = By category
order-review = To review first
dataset-cards = Cards
dataset-cards-tip = Shows pairs as cards with large pictures
dataset-rows = Rows
dataset-rows-tip = Shows pairs as rows with more words
dataset-split = Split
dataset-all-splits = All splits
dataset-category = Category
dataset-all-categories = All categories
dataset-no-category = No category
dataset-state = Review
dataset-all-states = Any review
dataset-answered = Answer written
dataset-any-answer = Any answer
dataset-with-answer = With answer
dataset-without-answer = Without answer
dataset-no-pairs = There are no pairs in this folder
dataset-no-pairs-hint = None of its records names a sample and two pictures.
dataset-nothing = No pair is shown
dataset-nothing-hint = Search for fewer words, or show all pairs again.
dataset-card = { $name }: { $question }
dataset-missing = Missing: { $names }
dataset-no-question = No question yet
dataset-select = No pair is selected
dataset-select-hint = Choose one on the left.
dataset-before = Before
dataset-after = After
dataset-pictures = Both pictures, compare them
dataset-question = Question
dataset-question-hint = What happens if …?
dataset-answer = Answer
dataset-answer-hint = What one sees afterwards, in a sentence
dataset-chain = Causal chain
dataset-chain-hint = One step a line, from the cause to what one sees
dataset-tokens = { $count } of { $limit } tokens
dataset-tokens-tip = The model reads no more tokens of a question than that
dataset-sketch = Draw while I write
dataset-sketch-tip = Draws a quick answer to the question beside it; the next key cancels it
dataset-sketch-loading = The model is not loaded yet
dataset-sketch-what = Quick answer: { $steps } steps, mode { $mode }
dataset-category-tip = Gives the pair this category (key { $key } in the list)
dataset-proposal = The words and the pictures speak for { $category } ({ $percent } %)
dataset-proposal-agrees = The words and the pictures speak for it, too ({ $percent } %)
dataset-proposal-tip = Judged by the question, the answer and where the pictures differ. It is a proposal; pairs it doubts are listed under Health.
dataset-take-proposal = Take
command-pair-proposal = Take the proposed category
command-pair-proposal-tip = Gives the pair the category that its words and pictures speak for
dataset-own-category = Now “{ $category }”, which is none of the five
dataset-review = Review
dataset-annotator = Your name
dataset-annotator-hint = Your name
dataset-annotator-tip = Stands beside what you accept or reject
dataset-others-hidden = Somebody else has reviewed this pair. You see what they think when you have decided.
dataset-other-accepted = { $name } accepted it
dataset-other-rejected = { $name } rejected it
review-open = Not reviewed
review-waiting = Waits for you
review-once = Reviewed by you
review-accepted = Accepted by all
review-rejected = Rejected by all
review-disputed = Disputed
review-you-accepted = Accepted
review-you-rejected = Rejected
category-scenery = Scenery variation
category-more = More entities
category-fewer = Fewer entities
category-entities = Entities variation
category-emotion = Emotion variation
dataset-position = { $at } of { $count }
dataset-saved = Saved
dataset-saved-tip = Everything you wrote is in the lists
dataset-noted = Noted
dataset-noted-tip = Safe on disk, and in the lists when you pause
dataset-not-saved = Not saved
dataset-not-saved-tip = Noted on disk, but the lists could not be written
dataset-locked = Another window edits this folder, so it can only be looked at here.
dataset-locked-again = Try again
dataset-locked-tip = Opens the folder once more; it can be edited here when the other window has closed it
dataset-save-again = Save again
dataset-save-again-tip = Tries to write the lists once more; nothing is lost meanwhile
dataset-conflict = { $count ->
    [one] Another program changed { $name } while you did. The list has its text now.
   *[other] Another program changed { $name } and { $count } fields in all while you did. The lists have its texts now.
}
dataset-conflict-gone = Another program took { $name } out of the list while you wrote about it.
dataset-yours = Yours: { $text }
dataset-theirs = Theirs: { $text }
dataset-keep-mine = Keep mine
dataset-keep-mine-tip = Writes your text over the other one
dataset-take-theirs = Take theirs
dataset-take-theirs-tip = Shows the other text here, too
dataset-copy-mine = Copy mine
dataset-copy-mine-tip = Puts your text into the clipboard
notice-edits-recovered = { $count ->
    [one] One edit of the last time was not saved yet. It is back, and will be saved now.
   *[other] { $count } edits of the last time were not saved yet. They are back, and will be saved now.
}

# Health of a data set
health-title = Health
health-title-tip = Duplicates, mixed-up pairs, missing files, leaks between splits, questions that give the answer away
health-first = Is this data set healthy?
health-first-hint = Every picture and every question is looked at. Nothing is changed; what can be put right is proposed to you.
health-examine = Look at everything
health-examine-tip = Reads every picture once, and compares pictures and words
health-again = Look again
health-reading = Reading the lists …
health-going = { $done } of { $total } pictures
health-stop = Stop
health-stop-tip = Stops looking; findings of the last time stay
health-well = Nothing is wrong
health-well-hint = No duplicates, no leaks, no missing or broken pictures, no question that is too long or says too much.
health-kind = Kind of finding
health-all-kinds = All findings ({ $count })
health-apply = { $count ->
    [0] Apply the patch
    [one] Apply one proposal
   *[other] Apply { $count } proposals
}
health-apply-tip = Writes what is ticked as one step, which one undo takes back
health-apply-none = Tick what is to be applied first
health-choose-all = Tick all
health-choose-none = Tick none
health-choose-tip = Puts every proposal that is shown into the patch, or none
health-no-fixes = Nothing that is shown can be put right by itself
health-fix = Apply the proposal for { $name }
health-fix-tip = Puts this proposal into the patch
health-think = Look at it yourself
health-done = Done
health-turn = Turn the pair round
health-category = Give it that category
health-exclude = Leave the pair out
health-no-tokens = The length of questions was not checked, because no model was loaded.
finding-missing = A picture is missing
finding-broken = A picture cannot be read
finding-odd-size = Before and after have different shapes
finding-nothing-happens = Before and after look the same
finding-swapped = Before and after are mixed up
finding-duplicate = The same pair twice
finding-leak = The same scene in two splits
finding-gives-away = The question gives the answer away
finding-too-long = The question is too long for the model
finding-no-question = There is no question
finding-category = Another category may fit better
finding-rare = A category is rare
dataset-excluded = Left out: { $reason }
notice-patch-applied = { $count ->
    [one] One field was written. Ctrl+Z takes it back.
   *[other] { $count } fields were written. Ctrl+Z takes all of them back.
}

# Conference mode
conference-tagline = Ask a cartoon what happens next
conference-begin = Touch to ask your own question
conference-opening = The recorded answers are being opened…
conference-frame = The picture
conference-back = Back
conference-choose = Choose a picture
conference-choose-question = What do you want to know?
conference-own = Or ask in your own words
conference-own-field = Your question
conference-own-hint = What happens if …?
conference-ask = Draw the answer
conference-left = { $count ->
    [one] 1 character left
   *[other] { $count } characters left
}
conference-drawing = The model draws its answer in three ways at once
conference-stop = Stop
conference-vote = Which picture shows what really happens?
conference-this-one = { $name } is right
conference-none = None of them
conference-votes = { $votes } of { $total } visitors
conference-votes-yours = { $votes } of { $total } visitors, with you
conference-votes-none = None of them: { $votes } of { $total }
conference-again = Ask another question
conference-failed = That did not work
conference-failed-hint = Please try another question.

# The program about itself: log, crash, debug package, doctor, settings in files
command-log = Log
command-log-tip = What the program wrote down about itself in the last two weeks
command-doctor = Check this machine
command-doctor-tip = What this machine can run, with a remedy for each problem
command-package = Make debug package…
command-package-tip = A zip file with log, versions and devices, for whoever looks into a mistake
command-requests = Network requests
command-requests-tip = Every request that was ever made
command-export-settings = Export settings…
command-export-settings-tip = Writes the settings into a file, without the token
command-import-settings = Import settings…
command-import-settings-tip = Reads settings from a file; what would change is shown first
command-reset-settings = Reset settings
command-reset-settings-tip = Puts every setting back to what a new installation has; that can be taken back
command-safe-mode = Restart in safe mode
command-safe-mode-tip = Usual settings, the embedded model on the processor, and none of your files read or written
preferences-file = Settings in a file
preferences-care = When something is odd
status-safe = Safe mode
status-safe-tip = Usual settings, the embedded model on the processor; your files are neither read nor written. Close the program and start it again to leave.
log-reading = Reading the log…
log-empty = Nothing was logged yet
log-empty-hint = Events and warnings appear here, and stay for two weeks. Questions never do.
log-nothing = No line matches
log-nothing-hint = Look for other words, or show all levels.
log-clear = Show all lines
log-unreadable = The log cannot be read
log-again = Look again
log-all = All
log-all-tip = Every line
log-warnings = Warnings
log-warnings-tip = What went on differently, and what failed
log-errors = Errors
log-errors-tip = What failed
log-search = Search the log
log-search-hint = Search the log
log-follow = Follow
log-follow-tip = New lines come into view by themselves
log-copy = Copy
log-copy-tip = Copies the lines that are shown, at most the newest 2000
log-folder = Open folder
log-folder-tip = Shows the log files in the file manager
log-count = { $shown } of { $count } lines
log-level-info = Info
log-level-warning = Warning
log-level-error = Error
log-place-tip = The part of the program, and the number of the process
log-copy-line = Copy line
log-close-line = Close
last-end-title = The program did not end properly last time
last-end-open = It was started { $when }.
last-end-start = It was started { $when }, and ended before the window had opened.
last-end-kept = Runs, edits and downloads were kept as they came, so they are still there.
last-end-killed = It wrote no report: it was ended from outside, or the machine went off.
last-end-reading = Reading the report…
last-end-report = It says why: { $message }
last-end-see = See the report
last-end-hide = Hide the report
last-end-safe = Start in safe mode
last-end-safe-tip = Opens a new window with usual settings and the embedded model on the processor. Your files are neither read nor written.
last-end-dismiss = Go on
door-title = The last starts did not work
door-text = Twice in a row the program ended before its window had opened. Nothing is loaded yet.
door-safe = Safe mode uses the usual settings and the embedded model on the processor. Your files are neither read nor written.
door-usual = Start as usual
package-title = Make debug package
package-about = One zip file on your disk. Nothing is sent anywhere; you decide who gets it. Tokens are left out, and the name of your home folder too.
package-questions = Add my questions
package-questions-tip = The session: questions, answers you typed, and the names of opened files
package-pictures = Add my newest run
package-pictures-tip = Its frame, its question and its pictures
package-holds = What it will hold
package-looking = Looking…
package-machine = Versions, devices, folders
package-settings = Settings, without tokens
package-log = Log
package-report = Crash report
package-requests = Network requests
package-session = Questions, because you ticked it
package-run = A run, because you ticked it
package-total = { $count ->
    [one] one file, { $size }
   *[other] { $count } files, { $size }
}
package-save = Save package…
doctor-title = What this machine can run
doctor-looking = Looking at devices, drivers and folders…
doctor-again = Look again
doctor-copy = Copy the list
doctor-problem = To do
doctor-count = { $count ->
    [0] Everything is as it should be.
    [one] One thing could be better.
   *[other] { $count } things could be better.
}
doctor-program = Program
doctor-processor = Processor
doctor-memory = Memory
doctor-devices = Compute devices
doctor-build = This build
doctor-display = Display
doctor-dialogs = File dialogs
doctor-graphics = Graphics driver
doctor-folders = Folders
doctor-settings = Settings
doctor-data = Data
doctor-cache = Cache
doctor-state = State
doctor-log = Log
doctor-room = Free space
doctor-bundle = Chosen bundle
doctor-video = Video frames
doctor-file-manager = File manager
doctor-network = Network requests
doctor-crashes = Crash reports
exchange-title = Import settings
exchange-count = { $count ->
    [0] These settings are the same as yours.
    [one] One setting would change.
   *[other] { $count } settings would change.
}
exchange-name = Setting
exchange-now = Now
exchange-then = Then
exchange-usual = usual
exchange-limited = The interface size was out of range; the nearest one is taken.
exchange-unknown = Not known to this version and left out: { $names }
exchange-take = Use these settings
exchange-leave = Leave as it is
exchange-other = Choose another file…
notice-settings-imported = The settings were imported.
notice-settings-reset = All settings are as in a new installation.
network-look-up = look up
network-download = download

# The way in: welcome, tour, help
command-help = Help and keys
command-help-tip = What the modes do, and every key
command-tour = Show me around
command-tour-tip = Five stops at the real controls; Escape leaves
welcome-title = Ask a picture what happens next
welcome-text = Choose one: its question is asked at once, and you watch the answer being drawn.
welcome-private = Everything happens on this computer. Nothing is sent anywhere.
welcome-ask = Ask: { $question }
tour-skip = Skip
tour-skip-tip = Leaves the tour; Escape does too. It starts again from the Help page.
tour-next = Next
tour-back = Back
tour-done = Done
tour-place = { $place } of { $count }
tour-frame = A picture
tour-frame-text = Choose one of the drawn frames, or open, paste or drop a picture of your own.
tour-question = A question
tour-question-text = Ask what happens if something changes. Below are questions that suit the frame.
tour-modes = What guides the drawing
tour-modes-text = The question itself, an answer that the language model writes, or its thoughts. Choose several to compare them side by side.
tour-draw = Draw the answer
tour-draw-text = Press this, or Enter. Escape cancels the drawing.
tour-answers = The answers
tour-answers-text = You watch each step. Afterwards drag the line below to go back in time, save a picture, or ask the next question about it.
help-title = How a question becomes a picture
help-text = The program looks at your frame, thinks about your question, and draws what happens with a diffusion model. Three things can guide the drawing. These pictures are from a recorded run.
help-try = Ask this yourself
help-try-tip = Opens the frame and asks the question now
help-asked = What was asked
help-asked-text = The frame and the question are the same for all three.
help-frame = Frame
help-question = Question
help-model = Language model
help-sentence = Its sentence
help-states = Its hidden states
help-editor = Editor
help-keys-text = Ctrl+K finds every command by name, also those without keys.
gallery-all = Show all runs
vote-evaluate = Make an evaluation first

# Around the window
awake-reason = LGD Studio is working
announce-answers = The answers are drawn
announce-answers-failed = The answers could not be drawn
announce-evaluation = The evaluation is done
announce-evaluation-failed = The evaluation stopped with a problem
announce-export = The file is written
announce-export-failed = The file could not be written
announce-import = The bundle is made
announce-import-failed = The bundle could not be made
announce-download = The download is complete
announce-download-failed = The download stopped with a problem
announce-training = The training run is done
announce-training-failed = The training run stopped with a problem
quit-title = Quit while work goes on?
quit-lost = Lost
quit-waits = Waits
quit-goes-on = Goes on
quit-answers-lost = { $count ->
    [one] One run that is not kept
   *[other] { $count } runs that are not kept
}
quit-answers-wait = { $count ->
    [one] The run that is being drawn begins anew next time
   *[other] { $count } runs that are being drawn begin anew next time
}
quit-evaluation = The evaluation: start it again in the same folder, and it goes on where it stopped
quit-export = { $count ->
    [one] The animation that is being made
   *[other] { $count } animations that are being made
}
quit-import = { $count ->
    [one] The bundle that is being made: go on with it on the Models page
   *[other] { $count } bundles that are being made: go on with them on the Models page
}
quit-download = { $count ->
    [one] The download: go on with it on the Models page
   *[other] { $count } downloads: go on with them on the Models page
}
quit-training = { $count ->
    [one] The training run, without this window
   *[other] { $count } training runs, without this window
}
quit-stay = Keep working
quit-now = Quit anyway
status-no-drop = No file drop here
status-no-drop-tip = Under Wayland no files can be dropped on this window. Open them, paste a picture, or write a path.

# A thing and the reason that is given for it
with-reason = { $name }: { $why }

# Units beside numbers
unit-seconds = { $number } s
unit-milliseconds = { $number } ms
unit-percent = { $number } %

# Behind each other: things of a list, parts of a sentence
joint-list = { $list }, { $next }
joint-clauses = { $first }, { $then }
