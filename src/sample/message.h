/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_MESSAGE_H
#define PYRO_SAMPLE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

/* What the sampler tells the recorder, in the order in which it learned it. Everything is named by
 * small numbers that are announced before they are used. Text that a message points to lives until
 * the recorder has taken PROCESS_END for that process. */

/** How a sample was proved; the profile stores it by name. */
enum pyro_sample_proof {
	PYRO_SAMPLE_INTERRUPT, /**< read while its processor was interrupted for that */
	PYRO_SAMPLE_SWITCH,    /**< frozen; switch records show that the thread did not run */
	PYRO_SAMPLE_PROC,      /**< frozen; /proc shows it */
	PYRO_SAMPLE_STOP,      /**< the thread was stopped for the read */
	PYRO_SAMPLE_STILL,     /**< it stood still anyway: off the processor, or without the GIL */
	PYRO_SAMPLE_SAME,      /**< it has not run since an earlier proved read */
	PYRO_SAMPLE_REREAD,    /**< two successive reads agree; no proof */
	PYRO_SAMPLE_NONE,      /**< read once; no proof */
	PYRO_SAMPLE_PROOFS
};

/** Why the thread was off its processor at a sample. What it waits for in more detail is the
 *  sample's object. */
enum pyro_sample_reason {
	PYRO_SAMPLE_RUNS,      /**< it was not */
	PYRO_SAMPLE_WAITS_CPU, /**< ready: others had the processor */
	PYRO_SAMPLE_WAITS_GIL, /**< its object tells who had it */
	PYRO_SAMPLE_WAITS_LOCK,
	PYRO_SAMPLE_WAITS_IO,  /**< a file, a pipe, the terminal */
	PYRO_SAMPLE_WAITS_NET, /**< a socket, or any of several things at once */
	PYRO_SAMPLE_WAITS_SLEEP,
	PYRO_SAMPLE_WAITS_OTHER, /**< something else, or it is not known */
	PYRO_SAMPLE_REASONS
};

/** What a thread that ran was in. */
enum pyro_sample_runs_in {
	PYRO_SAMPLE_IN_UNKNOWN,
	PYRO_SAMPLE_IN_PYTHON, /**< the interpreter's loop, and what does the work of its
				  instructions */
	PYRO_SAMPLE_IN_NATIVE, /**< a function in C that Python called, and all other machine code
				*/
	PYRO_SAMPLE_IN_SYSTEM, /**< a system call, and what else the kernel does for the thread */
	PYRO_SAMPLE_IN_CALL    /**< NATIVE or SYSTEM: never in a message */
};

/** How that is known. */
enum pyro_sample_told {
	PYRO_SAMPLE_TOLD_NOT,
	PYRO_SAMPLE_TOLD_STACK,   /**< by all of its machine code */
	PYRO_SAMPLE_TOLD_POINTER, /**< by its program counter and the instruction that Python is
				       at, or by those of other samples of its stack */
	PYRO_SAMPLE_TOLD_PROC     /**< by that instruction, and its time in the kernel by /proc */
};

struct pyro_sample_part {
	uint8_t in;   /**< enum pyro_sample_runs_in */
	uint8_t told; /**< enum pyro_sample_told */
};

/** What a task does at a moment. */
enum pyro_sample_task_state {
	PYRO_SAMPLE_TASK_RUNS,   /**< on a thread's stack */
	PYRO_SAMPLE_TASK_BLOCKS, /**< likewise, and the thread waits */
	PYRO_SAMPLE_TASK_READY,
	PYRO_SAMPLE_TASK_WAITS,
};

#define PYRO_NO_OBJECT UINT32_MAX
#define PYRO_NO_ROOT   UINT32_MAX

enum pyro_message_kind {
	PYRO_MESSAGE_PROCESS,     /**< a Python process is seen; its command line follows */
	PYRO_MESSAGE_PROCESS_END, /**< it ended or runs another program; its text may be freed now
				   */
	PYRO_MESSAGE_THREAD,      /**< followed by its name */
	PYRO_MESSAGE_THREAD_NAME, /**< followed by the name */
	PYRO_MESSAGE_THREAD_END,
	PYRO_MESSAGE_CODE,
	PYRO_MESSAGE_NATIVE, /**< machine code; followed by the path of its module */
	PYRO_MESSAGE_KERNEL, /**< code of the kernel; followed by its name, as pyro_kernel_name */
	PYRO_MESSAGE_STACK,  /**< followed by `count` struct pyro_message_frame, leaf first */
	PYRO_MESSAGE_OBJECT, /**< what threads wait for; followed by its name */
	PYRO_MESSAGE_SAMPLE,
	PYRO_MESSAGE_TASK,      /**< asyncio tasks that count as one; followed by their name */
	PYRO_MESSAGE_TASK_TIME, /**< what they did for some time */
	PYRO_MESSAGE_TASK_NOW,  /**< one task, new or changed; one that is new: followed by its name
				 */
	PYRO_MESSAGE_TASK_GONE, /**< it has ended */
	PYRO_MESSAGE_TASKS_AT,  /**< when what was told of tasks one by one was so */
};

/** Set in the numbers of machine code, the kernel's too, which are apart from those of Python's. */
#define PYRO_NATIVE_CODE (1u << 31)

struct pyro_message_frame {
	uint32_t code;
	int32_t line;
};

struct pyro_message {
	uint16_t kind;
	uint32_t process; /**< number of the process, counted from 0 over the recording */
	union {
		struct {
			int32_t pid;
			int32_t parent; /**< pid, 0 if unknown */
			uint64_t at_ns;
			uint32_t version; /**< PY_VERSION_HEX */
			bool free_threaded;
			bool native; /**< its stacks are to have machine code on them */
			const char *version_text;
			void *owner; /**< PROCESS_END: to be freed by pyro_probe_free */
		} process_info;
		struct {
			uint32_t thread; /**< number within the recording */
			int32_t tid;
			bool main;
			uint64_t at_ns;
			uint64_t run_ns; /**< THREAD_END: exact time on a processor */
			bool exact;      /**< run_ns is the kernel's */
		} thread;
		struct {
			uint32_t code;
			int32_t first_line;
			const char *qualname;
			const char *file;
		} code;
		struct {
			uint32_t code;
			uint64_t pc;   /**< within the instruction that runs, in the process */
			uint64_t addr; /**< the same in its module: as symbols have it */
		} native;              /**< KERNEL: its number alone */
		struct {
			uint32_t stack; /**< number within the process */
			uint32_t count;
			uint32_t root; /**< the frame that a task begins with; PYRO_NO_ROOT: it is
					  in none */
		} stack;
		struct {
			uint32_t object;  /**< number within the process */
			uint32_t thread;  /**< that holds it; UINT32_MAX: not known */
			uint32_t stack;   /**< of that thread then; UINT32_MAX: not known */
			const char *kind; /**< one word for what it is; static */
			uint8_t reason;   /**< enum pyro_sample_reason: of those who wait */
		} object;
		struct {
			uint64_t at_ns;
			uint64_t wall_ns;
			uint64_t cpu_ns;
			uint32_t thread;
			uint32_t stack;  /**< UINT32_MAX: no Python frame */
			uint32_t looks;  /**< sampling moments that this stands for, 0: time only */
			uint32_t object; /**< PYRO_NO_OBJECT: none is known */
			uint8_t proof;   /**< enum pyro_sample_proof */
			uint8_t reason;  /**< enum pyro_sample_reason */
			struct pyro_sample_part part; /**< if it ran */
			bool on_cpu;
			bool holds_gil;
			bool truncated;
			bool partial;
		} sample;
		struct {
			uint32_t task;   /**< number within the process */
			uint32_t thread; /**< that runs their loop; UINT32_MAX: not known */
			uint32_t code;   /**< of the coroutine that they begin with */
		} task;
		struct {
			uint64_t wall_ns;
			uint64_t cpu_ns;
			uint32_t task;
			uint32_t stack;  /**< where; with `ran`, its part from the root on */
			uint32_t prefix; /**< of who awaits it; UINT32_MAX: none, or not known */
			uint32_t looks;
			uint32_t began;  /**< tasks that were seen for the first time */
			uint8_t reason;  /**< enum pyro_sample_reason */
			uint8_t runs_in; /**< enum pyro_sample_runs_in */
			uint8_t wait;    /**< enum pyro_task_wait: what a suspended task awaits */
			bool ran;        /**< on a thread's stack; else it was suspended */
		} task_time;
		struct {
			uint64_t began_ns; /**< first seen */
			uint64_t since_ns; /**< it has been where it is */
			uint64_t seen_ns;  /**< the last look at it */
			uint64_t cpu_ns;   /**< since it was first seen */
			uint64_t ready_ns; /**< likewise */
			uint32_t number;   /**< of this one, within the process and as long as it
					      lives */
			uint32_t task;     /**< those that it counts to */
			uint32_t stack;    /**< where it is; UINT32_MAX: not known */
			uint8_t state;     /**< enum pyro_sample_task_state */
			uint8_t wait;      /**< enum pyro_task_wait */
			bool known;        /**< it was told of before: no name follows */
			bool before;       /**< it was there when we came, and may have been for
					      longer than since_ns says */
		} task_now;
		struct {
			uint64_t at_ns;   /**< the last look at any of them */
			uint64_t sure_ns; /**< since then each was looked at */
			uint64_t unseen;  /**< tasks that are yet to be looked at for the first
					     time */
		} tasks_at;
	} u;
};

#endif
