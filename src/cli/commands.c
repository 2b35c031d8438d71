/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of commands: help, man pages, completion and parsing all come from here. */
#include "cli/commands.h"

#include <string.h>

#include "cli/suggest.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const proofs[] = {"auto", "interrupt", "switch", "proc",
				     "stop", "reread",    "none",   NULL};
/* In the order of enum pyro_report_metric; the first suits tables alone. */
static const char *const modes[] = {"time", "wall", "cpu", "gil",   "wait", "gil_wait",
				    "lock", "io",   "net", "sleep", NULL};

/* Options that several commands share, word for word. */
#define OPTION_JSON                                                                                \
	{                                                                                          \
		.name = "json", .kind = PYRO_OPTION_FLAG,                                          \
		.help = "print JSON on standard output and nothing else there"                     \
	}
#define OPTION_QUIET                                                                               \
	{                                                                                          \
		.name = "quiet", .letter = 'q', .kind = PYRO_OPTION_FLAG,                          \
		.help = "print nothing but errors"                                                 \
	}
#define OPTION_FORCE                                                                               \
	{                                                                                          \
		.name = "force", .letter = 'f', .kind = PYRO_OPTION_FLAG,                          \
		.help = "replace the output file if it exists"                                     \
	}
/* How a process is sampled. */
#define OPTIONS_RATE(default_rate)                                                                 \
	{.name = "overhead",                                                                       \
	 .kind = PYRO_OPTION_PERCENT,                                                              \
	 .metavar = "PCT",                                                                         \
	 .min = 0.01,                                                                              \
	 .max = 100,                                                                               \
	 .help = "what sampling may cost the program; the rate follows it (default: 2%, "          \
		 "at "                                                                             \
		 "most " default_rate ")"},                                                        \
	{                                                                                          \
		.name = "rate", .letter = 'r', .kind = PYRO_OPTION_RATE, .metavar = "HZ",          \
		.min = 0.1, .max = 1e6, .help = "sample at this rate whatever it costs: 100, 1kHz" \
	}
#define OPTIONS_PROOF                                                                              \
	{.name = "proof",                                                                          \
	 .kind = PYRO_OPTION_CHOICE,                                                               \
	 .metavar = "METHOD",                                                                      \
	 .choices = proofs,                                                                        \
	 .help = "how each sample is proved consistent: interrupt (the kernel reads, for "         \
		 "root), switch (the kernel's switch records), proc (/proc), stop "                \
		 "(stops the thread for the read), reread (reads twice, no proof), "               \
		 "none (default: auto, the best that this machine permits)"},                      \
	{                                                                                          \
		.name = "no-children", .kind = PYRO_OPTION_FLAG,                                   \
		.help = "do not follow the processes that the program starts"                      \
	}
#define OPTIONS_RECORD(default_rate)                                                               \
	{.name = "output",                                                                         \
	 .letter = 'o',                                                                            \
	 .kind = PYRO_OPTION_PATH,                                                                 \
	 .metavar = "FILE",                                                                        \
	 .help = "write the capture to FILE, which must not exist (default: named after the "      \
		 "program and its process id)"},                                                   \
		OPTIONS_RATE(default_rate),                                                        \
		{.name = "duration",                                                               \
		 .letter = 'd',                                                                    \
		 .kind = PYRO_OPTION_DURATION,                                                     \
		 .metavar = "TIME",                                                                \
		 .min = 1e-3,                                                                      \
		 .help = "stop recording after this time: 10s, 5m, 1h; the program goes on"},      \
		OPTIONS_PROOF,                                                                     \
		{.name = "native",                                                                 \
		 .kind = PYRO_OPTION_FLAG,                                                         \
		 .help = "show the machine code on every stack too, C, C++ and Rust, what the "    \
			 "kernel does on top of it, as far as it shows that, and how exactly "     \
			 "running divides into Python, native code and system calls"},             \
		{.name = "async",                                                                  \
		 .kind = PYRO_OPTION_FLAG,                                                         \
		 .help = "look at the tasks of asyncio too: how long each ran, and where and "     \
			 "for what it waits while it is on no thread"},                            \
		{.name = "html",                                                                   \
		 .kind = PYRO_OPTION_PATH,                                                         \
		 .metavar = "FILE",                                                                \
		 .help = "also write the page that \"pyrometer view\" makes"},                     \
		{.name = "force",                                                                  \
		 .letter = 'f',                                                                    \
		 .kind = PYRO_OPTION_FLAG,                                                         \
		 .help = "replace the file of --html if it exists; a capture is never replaced"},  \
		OPTION_JSON, OPTION_QUIET

#define OPTION_LOGICAL                                                                             \
	{                                                                                          \
		.name = "async", .kind = PYRO_OPTION_FLAG,                                         \
		.help = "by tasks of asyncio in the place of the threads that run them: each "     \
			"with its time waiting, and stacks that begin with the task that awaits "  \
			"it; of a capture recorded with --async"                                   \
	}

static const struct pyro_option run_options[] = {
	{.name = "MODULE",
	 .letter = 'm',
	 .kind = PYRO_OPTION_REST,
	 .metavar = "MODULE",
	 .help = "run a module as a program; all that follows is its own"},
	{.name = "CODE",
	 .letter = 'c',
	 .kind = PYRO_OPTION_REST,
	 .metavar = "CODE",
	 .help = "run code given as text; all that follows is its own"},
	{.name = "perf-map",
	 .kind = PYRO_OPTION_FLAG,
	 .help = "let CPython 3.12 or later name its functions for perf and other native "
		 "profilers, "
		 "in /tmp/perf-PID.map; its calls take longer then"},
	OPTIONS_RECORD("1000 Hz"),
	{.name = NULL},
};

static const struct pyro_example run_examples[] = {
	{"pyrometer run shop.py --orders 5000", "profile a script; --orders is the script's"},
	{"pyrometer run -m pytest tests", "profile a module, here a test suite"},
	{"pyrometer run -- gunicorn shop:app", "any command that ends in Python, and its children"},
	{"pyrometer run -d 30s -o warm.pyro serve.py", "the first half minute of a server"},
	{NULL, NULL},
};

static const struct pyro_option attach_options[] = {
	OPTIONS_RECORD("200 Hz"),
	{.name = NULL},
};

static const struct pyro_example attach_examples[] = {
	{"pyrometer attach 4127", "until the process ends or you press Ctrl-C"},
	{"pyrometer attach -d 30s -o night.pyro 4127", "half a minute, into a file of your choice"},
	{NULL, NULL},
};

static const struct pyro_option dump_options[] = {
	{.name = "async",
	 .kind = PYRO_OPTION_FLAG,
	 .help = "also show the tasks of asyncio and the greenlets, running and suspended, and who "
		 "awaits whom"},
	{.name = "locals",
	 .letter = 'l',
	 .kind = PYRO_OPTION_FLAG,
	 .help = "show the arguments and local variables of every frame as well"},
	{.name = "native",
	 .kind = PYRO_OPTION_FLAG,
	 .help = "show the machine code on every stack too, C, C++ and Rust, and what the kernel "
		 "does for threads that wait; a thread that runs is stopped for that, for well "
		 "under a millisecond"},
	{.name = "no-stop",
	 .kind = PYRO_OPTION_FLAG,
	 .help = "with --native: stop nothing; threads that run show Python's frames alone"},
	{.name = "core",
	 .kind = PYRO_OPTION_PATH,
	 .metavar = "FILE",
	 .help = "look into a core file and not at a process"},
	{.name = "exe",
	 .kind = PYRO_OPTION_PATH,
	 .metavar = "FILE",
	 .help = "with --core: the program, if it is not where it was"},
	{.name = "root",
	 .kind = PYRO_OPTION_PATH,
	 .metavar = "FOLDER",
	 .help = "with --core: the folder that has the program's files, such as the root of a "
		 "copied "
		 "container (default: /)"},
	OPTION_JSON,
	{.name = NULL},
};

static const struct pyro_example dump_examples[] = {
	{"pyrometer dump 4127", "what every thread does now, and where"},
	{"pyrometer dump --async 4127", "also what each task of asyncio waits for, and where"},
	{"pyrometer dump --locals 4127", "and with which values"},
	{"pyrometer dump --json 4127", "the same for a program to read"},
	{"pyrometer dump --core core.4127", "what it did when it died"},
	{NULL, NULL},
};

static const struct pyro_option top_options[] = {
	{.name = "all",
	 .letter = 'a',
	 .kind = PYRO_OPTION_FLAG,
	 .help = "watch every Python process that may be read, those that start later too"},
	{.name = "by",
	 .kind = PYRO_OPTION_CHOICE,
	 .metavar = "WHAT",
	 .choices = LIST("functions", "lines", "threads", "processes", "tasks", "each-task"),
	 .help = "what a row is at first: functions, lines, threads, processes, tasks of asyncio "
		 "(those of one coroutine together) or each-task (default: functions; with "
		 "several processes: processes)"},
	{.name = "sort",
	 .kind = PYRO_OPTION_CHOICE,
	 .metavar = "COLUMN",
	 .choices = LIST("self", "total", "running", "waiting", "gil", "gil_wait", "name", "ready",
			 "tasks", "longest"),
	 .help = "what rows are sorted by at first (default: the first column)"},
	{.name = "mode",
	 .kind = PYRO_OPTION_CHOICE,
	 .metavar = "WHAT",
	 .choices = modes,
	 .help = "what self and total count: time (default: what suits the program), wall "
		 "(running or not), cpu, gil (holding it), wait (off the processor), or what is "
		 "waited for"},
	{.name = "filter",
	 .kind = PYRO_OPTION_STRING,
	 .metavar = "TEXT",
	 .help = "only rows whose name or file has this in it, in either case"},
	{.name = "window",
	 .letter = 'w',
	 .kind = PYRO_OPTION_DURATION,
	 .metavar = "TIME",
	 .min = 0.1,
	 .max = 300,
	 .help = "show the last 10s, 500ms, 1m, up to 5m (default: 10s; of snapshots: what "
		 "--interval is)"},
	{.name = "since-start", .kind = PYRO_OPTION_FLAG, .help = "show all since the start"},
	{.name = "interval",
	 .letter = 'i',
	 .kind = PYRO_OPTION_DURATION,
	 .metavar = "TIME",
	 .min = 0.1,
	 .max = 86400,
	 .help = "show what is new so often (default: 1s)"},
	{.name = "library",
	 .kind = PYRO_OPTION_FLAG,
	 .help = "show library code by itself, not in the line of yours that called it"},
	{.name = "threads",
	 .kind = PYRO_OPTION_FLAG,
	 .help = "show a function or line once for each thread"},
	{.name = "no-async",
	 .kind = PYRO_OPTION_FLAG,
	 .help = "do not look at the tasks of asyncio"},
	{.name = "count",
	 .letter = 'n',
	 .kind = PYRO_OPTION_NUMBER,
	 .metavar = "N",
	 .min = 1,
	 .max = 1e9,
	 .help = "print N snapshots, one each --interval, and leave"},
	{.name = "limit",
	 .kind = PYRO_OPTION_NUMBER,
	 .metavar = "N",
	 .max = 1e9,
	 .help = "print N rows of a snapshot at most (default: 20); 0 prints all"},
	OPTIONS_RATE("100 Hz, with --all 50 Hz"),
	OPTIONS_PROOF,
	{.name = "json",
	 .kind = PYRO_OPTION_FLAG,
	 .help = "print each snapshot as one line of JSON"},
	{.name = NULL},
};

static const struct pyro_example top_examples[] = {
	{"pyrometer top 4127", "where a process spends its time now"},
	{"pyrometer top --all", "every Python process that you may read"},
	{"pyrometer top -n 1 -i 5s 4127", "one table of five seconds"},
	{"pyrometer top --by tasks 4127", "which tasks a server has now, and what they wait for"},
	{"pyrometer top --json --by threads 4127", "a line of JSON each second, for other tools"},
	{NULL, NULL},
};

static const struct pyro_option report_options[] = {
	OPTION_LOGICAL,
	{.name = "by",
	 .kind = PYRO_OPTION_CHOICE,
	 .metavar = "WHAT",
	 .choices = LIST("function", "line", "file", "module", "thread", "process"),
	 .help = "what a row of the table is: function, line, file, module, thread or process"},
	{.name = "mode",
	 .kind = PYRO_OPTION_CHOICE,
	 .metavar = "WHAT",
	 .choices = modes,
	 .help = "what shares are of: time (default: what suits the program), wall (all threads' "
		 "time, running or not), cpu, gil (holding the GIL), wait (off the processor), or "
		 "waiting for one thing: gil_wait, lock, io, net or sleep"},
	{.name = "sort",
	 .kind = PYRO_OPTION_CHOICE,
	 .metavar = "KEY",
	 .choices = LIST("self", "total", "name"),
	 .help = "sort by self (default: while it ran itself), total (with all it called) or name"},
	{.name = "limit",
	 .letter = 'n',
	 .kind = PYRO_OPTION_NUMBER,
	 .metavar = "N",
	 .max = 1e9,
	 .help = "show N rows at most; 0 shows all"},
	{.name = "filter",
	 .kind = PYRO_OPTION_STRING,
	 .metavar = "REGEX",
	 .help = "only what has a name or place that matches"},
	{.name = "all",
	 .letter = 'a',
	 .kind = PYRO_OPTION_FLAG,
	 .help = "show library code by itself, not in the line of yours that called it"},
	{.name = "tree", .kind = PYRO_OPTION_FLAG, .help = "show who called whom as a tree"},
	{.name = "callers",
	 .kind = PYRO_OPTION_STRING,
	 .metavar = "NAME",
	 .help = "who called the function NAME, and what it took for each"},
	{.name = "callees",
	 .kind = PYRO_OPTION_STRING,
	 .metavar = "NAME",
	 .help = "whom the function NAME called, and what each took"},
	{.name = "source",
	 .kind = PYRO_OPTION_PATH,
	 .metavar = "FILE",
	 .help = "the source of FILE with what each line took"},
	OPTION_JSON,
	{.name = NULL},
};

static const struct pyro_example report_examples[] = {
	{"pyrometer report shop-4127.pyro", "the summary that the recording ended with"},
	{"pyrometer report --by line shop-4127.pyro", "the slowest lines"},
	{"pyrometer report --callers price shop-4127.pyro", "who called price()"},
	{"pyrometer report --source shop.py shop-4127.pyro", "the numbers beside the source"},
	{NULL, NULL},
};

static const struct pyro_option view_options[] = {
	OPTION_LOGICAL,
	{.name = "output",
	 .letter = 'o',
	 .kind = PYRO_OPTION_PATH,
	 .metavar = "FILE",
	 .help = "write the page to FILE, \"-\" for standard output (default: the capture's name "
		 "with .html)"},
	OPTION_FORCE,
	{.name = "no-open",
	 .kind = PYRO_OPTION_FLAG,
	 .help = "only write the page, do not open it in a browser"},
	{.name = "no-sources",
	 .kind = PYRO_OPTION_FLAG,
	 .help = "leave the text of the source files out of the page"},
	OPTION_QUIET,
	{.name = NULL},
};

static const struct pyro_example view_examples[] = {
	{"pyrometer view shop-4127.pyro", "write shop-4127.html and open it"},
	{"pyrometer view -o page.html shop-4127.pyro", "a page to send: one file, no network"},
	{NULL, NULL},
};

static const struct pyro_option convert_options[] = {
	OPTION_LOGICAL,
	{.name = "output",
	 .letter = 'o',
	 .kind = PYRO_OPTION_PATH,
	 .metavar = "FILE",
	 .help = "write to FILE, \"-\" for standard output; its suffix chooses the format"},
	{.name = "to",
	 .kind = PYRO_OPTION_STRING,
	 .metavar = "FORMAT",
	 .help = "the format, whatever the suffix; \"--to list\" lists them"},
	{.name = "mode",
	 .kind = PYRO_OPTION_CHOICE,
	 .metavar = "WHAT",
	 .choices = &modes[1],
	 .help = "what is counted: wall (default: time, running or not), cpu, gil (holding the "
		 "GIL), wait (off the processor), gil_wait, lock, io, net or sleep"},
	{.name = "by",
	 .kind = PYRO_OPTION_CHOICE,
	 .metavar = "WHAT",
	 .choices = LIST("function", "line"),
	 .help = "what a frame is: function (default) or line, a frame for each line of it"},
	{.name = "threads",
	 .kind = PYRO_OPTION_FLAG,
	 .help = "keep threads, or tasks, apart in formats that merge them, by frames for process "
		 "and thread"},
	OPTION_FORCE,
	OPTION_QUIET,
	{.name = NULL},
};

static const struct pyro_example convert_examples[] = {
	{"pyrometer convert shop.pyro -o shop.speedscope.json", "open it at www.speedscope.app"},
	{"pyrometer convert shop.pyro -o - --to folded | flamegraph.pl --countname us >shop.svg",
	 "the classic flame graph; folded weights are microseconds"},
	{"pyrometer convert perf.txt -o shop.pyro",
	 "what \"perf script -F +pid >perf.txt\" wrote, for \"report\" and \"view\""},
	{NULL, NULL},
};

static const struct pyro_option query_options[] = {
	{.name = "format",
	 .kind = PYRO_OPTION_CHOICE,
	 .metavar = "NAME",
	 .choices = LIST("table", "csv", "json"),
	 .help = "how rows are printed: table (default), csv or json"},
	OPTION_JSON,
	{.name = NULL},
};

static const struct pyro_example query_examples[] = {
	{"pyrometer query shop.pyro \"SELECT * FROM meta\"", "what is known of the recording"},
	{"pyrometer query --format csv shop.pyro \"SELECT * FROM quality\"", "for a spreadsheet"},
	{NULL, NULL},
};

static const struct pyro_option doctor_options[] = {
	OPTION_JSON,
	{.name = NULL},
};

static const struct pyro_example doctor_examples[] = {
	{"pyrometer doctor", "all at once, for you as you are"},
	{"sudo pyrometer doctor", "the same for root"},
	{NULL, NULL},
};

static const struct pyro_option help_options[] = {
	{.name = "man", .kind = PYRO_OPTION_FLAG, .help = "print the manual page (roff) instead"},
	{.name = "completion",
	 .kind = PYRO_OPTION_CHOICE,
	 .metavar = "SHELL",
	 .choices = LIST("bash", "zsh", "fish"),
	 .help = "print the completion script for bash, zsh or fish"},
	{.name = NULL},
};

static const struct pyro_example help_examples[] = {
	{"pyrometer help run", "all about recording a program"},
	{"source <(pyrometer help --completion bash)", "completion in this shell"},
	{NULL, NULL},
};

const struct pyro_command pyro_commands[] = {
	{
		.name = "run",
		.summary = "start a Python program and record where its time goes",
		.synopsis = {"[OPTIONS] [--] SCRIPT [ARGUMENTS]", "[OPTIONS] -m MODULE [ARGUMENTS]",
			     "[OPTIONS] -c CODE [ARGUMENTS]", "[OPTIONS] [--] COMMAND [ARGUMENTS]"},
		.description = "Starts a Python script, module, piece of code, or any command that "
			       "ends in Python, "
			       "and records it from outside from its first line on: nothing is put "
			       "into the program, "
			       "which keeps its arguments, streams, folder and signals. Processes "
			       "that it starts are "
			       "followed too.\n"
			       "\n"
			       "Options end at the name of the script or command, or after -m "
			       "MODULE or -c CODE: all "
			       "that follows belongs to the program. Ctrl-C reaches the program "
			       "and still gives a "
			       "report.\n"
			       "\n"
			       "At the end a summary is printed on standard error and the "
			       "recording is in a capture "
			       "file for \"report\", \"view\", \"convert\" and \"query\".\n"
			       "\n"
			       "On SIGUSR2, pyrometer writes what it has recorded so far to a "
			       "capture of its own, NAME.1.pyro beside NAME.pyro, then NAME.2.pyro "
			       "and so on, and goes on recording.\n"
			       "\n"
			       "The exit status is the program's own, 128+N if signal N ended it.",
		.rules = {.options = run_options,
			  .min_operands = 1,
			  .max_operands = PYRO_OPERANDS_ANY,
			  .operands = "SCRIPT [ARGUMENTS]",
			  .target = true},
		.examples = run_examples,
		.run = pyro_cmd_run,
	},
	{
		.name = "attach",
		.summary = "record a Python process that runs already",
		.synopsis = {"[OPTIONS] PID"},
		.description = "Records a running process and those that it starts until it ends, "
			       "for --duration, or "
			       "until Ctrl-C. The process is not restarted, changed or signalled "
			       "and goes on "
			       "unharmed.\n"
			       "\n"
			       "On SIGUSR2, pyrometer writes what it has recorded so far to a "
			       "capture of its own, NAME.1.pyro beside NAME.pyro, then NAME.2.pyro "
			       "and so on, and goes on recording.\n"
			       "\n"
			       "If reading it is not permitted, one line says what is missing; "
			       "\"pyrometer doctor\" "
			       "says it all at once.",
		.rules = {.options = attach_options,
			  .min_operands = 1,
			  .max_operands = 1,
			  .operands = "PID"},
		.examples = attach_examples,
		.run = pyro_cmd_attach,
	},
	{
		.name = "dump",
		.summary = "say what every thread of a Python process does now",
		.synopsis = {"[OPTIONS] PID", "[OPTIONS] --core FILE [--exe FILE] [--root FOLDER]"},
		.description =
			"Prints for each thread whether it runs or what it waits for, who holds "
			"the "
			"GIL, and its frames from the innermost on. The process is not stopped, "
			"changed or signalled. Threads that do the same in the same place are "
			"shown "
			"once.\n"
			"\n"
			"With --locals each frame is followed by its variables, written as "
			"Python's repr would, up to limits, without running any code of the "
			"program. They are read after the frames, so those of a thread that runs "
			"may be of a later moment, which is said where it shows. Values may be "
			"secret: look at them before you pass them on.\n"
			"\n"
			"It takes the right to read the process: your own, or as root.\n"
			"\n"
			"With --core it says the same of a process that died, and which signal "
			"killed it in which thread, for which address. --native, --locals and "
			"--async work there as well. What the kernel leaves out of a core is read "
			"from the program's files if they are still the same; from CPython 3.13 on "
			"Python's frames need none. Cores that are packed are to be unpacked "
			"first, those of systemd with coredumpctl dump -o FILE.",
		.rules = {.options = dump_options, .max_operands = 1, .operands = "PID"},
		.examples = dump_examples,
		.ends_with_pipe = true,
		.run = pyro_cmd_dump,
	},
	{
		.name = "top",
		.summary = "watch where running Python processes spend their time",
		.synopsis = {"[OPTIONS] PID...", "[OPTIONS] --all"},
		.description =
			"Shows what processes that run already, and those that they start, do with "
			"their time: by function, line, thread, process or task of asyncio, over "
			"the last seconds or since the start. They are read from outside, as by "
			"\"attach\"; nothing is written to a file.\n"
			"\n"
			"Keys choose what is shown; \"?\" explains them. 100 % of a column is one "
			"thread, one processor or one task, during all of the time shown.\n"
			"\n"
			"Tasks of one coroutine function are one row, with how many of them live "
			"now; Enter opens it, and then a task's stack. \">41 s\" is what was so "
			"already when we came.\n"
			"\n"
			"Where the output is no terminal, or with --count or --json, snapshots are "
			"printed instead. When the last process has ended, what it spent its time "
			"with since the start is printed.",
		.rules = {.options = top_options,
			  .max_operands = PYRO_OPERANDS_ANY,
			  .operands = "PID"},
		.examples = top_examples,
		.ends_with_pipe = true,
		.run = pyro_cmd_top,
	},
	{
		.name = "report",
		.summary = "show a capture in the terminal",
		.synopsis = {"[OPTIONS] CAPTURE"},
		.description = "Prints the summary of a capture, or a table by function, line, "
			       "file, module, thread "
			       "or process, a call tree, the callers or callees of a function, or "
			       "annotated source. "
			       "Sampled shares come with their 95 % interval.",
		.rules = {.options = report_options,
			  .min_operands = 1,
			  .max_operands = 1,
			  .operands = "CAPTURE"},
		.examples = report_examples,
		.ends_with_pipe = true,
		.run = pyro_cmd_report,
	},
	{
		.name = "view",
		.summary = "make a page of a capture and open it",
		.synopsis = {"[OPTIONS] CAPTURE"},
		.description =
			"Writes one HTML file that holds the flame graph, the table of functions "
			"and the annotated source, needs no network and opens anywhere; opens it "
			"in a browser when there is a display.",
		.rules = {.options = view_options,
			  .min_operands = 1,
			  .max_operands = 1,
			  .operands = "CAPTURE"},
		.examples = view_examples,
		.ends_with_pipe = true,
		.run = pyro_cmd_view,
	},
	{
		.name = "convert",
		.summary = "write a capture in another tool's format, or read another's file",
		.synopsis = {"[OPTIONS] CAPTURE -o FILE", "[OPTIONS] FILE -o CAPTURE.pyro",
			     "--to list"},
		.description = "Writes what a capture holds in the format of another tool, chosen "
			       "by --to or by the "
			       "suffix of the output. What that format cannot hold is said on "
			       "standard error.\n"
			       "\n"
			       "Also reads what other tools recorded: the text of \"perf script\", "
			       "with the functions of Python that CPython 3.12 and later name for "
			       "it (\"python -X perf\"). What the file is, its content says, not "
			       "its name; \"-\" is standard input. It becomes any of the formats, "
			       "or a capture (\"-o FILE.pyro\") for \"report\", \"view\" and "
			       "\"query\". How samples were weighed, what was passed over, and "
			       "what such a file cannot tell, is said on standard error.\n"
			       "\n"
			       "The output appears under its name only when it is complete, and "
			       "replaces a file only "
			       "with --force.",
		.rules = {.options = convert_options,
			  .max_operands = 1,
			  .operands = "FILE -o FILE"},
		.examples = convert_examples,
		.ends_with_pipe = true,
		.run = pyro_cmd_convert,
	},
	{
		.name = "query",
		.summary = "ask a capture in SQL",
		.synopsis = {"[OPTIONS] CAPTURE SQL"},
		.description =
			"A capture is an SQLite database with a documented schema. Runs one "
			"statement that only reads and prints its rows as a table, CSV or JSON.",
		.rules = {.options = query_options,
			  .min_operands = 2,
			  .max_operands = 2,
			  .operands = "CAPTURE SQL"},
		.examples = query_examples,
		.ends_with_pipe = true,
		.run = pyro_cmd_query,
	},
	{
		.name = "doctor",
		.summary = "say what this machine permits and what to do about the rest",
		.synopsis = {"[OPTIONS]"},
		.description =
			"Tries what recording needs, as the user you are: reading another process, "
			"the "
			"kernel's switch records, choosing a processor, stopping a thread. Lists "
			"the Python "
			"programs that run now with their version and whether they can be read, "
			"says how "
			"samples would be proved, and gives the command for whatever is missing.\n"
			"\n"
			"The exit status is 0 when recording works here in some way, 1 when it "
			"does not.",
		.rules = {.options = doctor_options, .max_operands = 0, .operands = ""},
		.examples = doctor_examples,
		.ends_with_pipe = true,
		.run = pyro_cmd_doctor,
	},
	{
		.name = "help",
		.summary = "explain a command",
		.synopsis = {"[COMMAND]", "--man [COMMAND]", "--completion bash|zsh|fish"},
		.description =
			"Explains Pyrometer or one of its commands, as \"pyrometer COMMAND "
			"--help\" does. Also prints the manual pages and completion scripts, "
			"which come from the same table.",
		.rules = {.options = help_options, .max_operands = 1, .operands = "[COMMAND]"},
		.examples = help_examples,
		.ends_with_pipe = true,
		.run = pyro_cmd_help,
	},
	{.name = NULL},
};

const struct pyro_command *pyro_command_find(const char *name)
{
	for (const struct pyro_command *command = pyro_commands; command->name; command++) {
		if (strcmp(command->name, name) == 0)
			return command;
	}
	return NULL;
}

enum pyro_rc pyro_command_unknown(const char *name, struct pyro_err *err)
{
	struct pyro_suggest suggest;

	pyro_suggest_init(&suggest, name);
	for (const struct pyro_command *command = pyro_commands; command->name; command++)
		pyro_suggest_try(&suggest, command->name);
	if (suggest.best)
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "there is no command %.64s. Did you mean %s?", name,
				    suggest.best);
	return pyro_err_set(err, PYRO_RC_USAGE,
			    "there is no command %.200s. Try: pyrometer run %.200s", name, name);
}
