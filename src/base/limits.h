/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_LIMITS_H
#define PYRO_BASE_LIMITS_H

/* Every cap on what an untrusted target or file may make us do, in one place. What goes over a cap
 * is truncated and counted, or an error that names the cap; it is never unbounded. */

#define PYRO_MAX_STACK_DEPTH    4096      /**< frames kept of one stack (leaf side) */
#define PYRO_MAX_STACK_WALK     200000    /**< frames walked before a chain counts as a cycle */
#define PYRO_MAX_THREADS        8192      /**< thread states of one process */
#define PYRO_MAX_TASKS          65536     /**< tasks of asyncio of one process */
#define PYRO_MAX_ALIVE          (1 << 20) /**< tasks that are shown live, of all processes */
#define PYRO_MAX_TASK_FRAMES    (1 << 20) /**< frames of all tasks of one process */
#define PYRO_MAX_GC_OBJECTS     (1 << 21) /**< objects of the garbage collector looked at */
#define PYRO_MAX_GREENLETS      65536     /**< greenlets of one process */
#define PYRO_MAX_INTERPRETERS   256       /**< interpreters of one process */
#define PYRO_MAX_PROCESSES      4096      /**< processes of one recording */
#define PYRO_MAX_NAME           1024      /**< bytes of a function, thread or process name, UTF-8 */
#define PYRO_MAX_PATH           4096      /**< bytes of a file name, UTF-8 */
#define PYRO_MAX_LINE_TABLE     (1 << 20) /**< bytes of one code object's line table */
#define PYRO_MAX_CODE_UNITS     (1 << 24) /**< bytes of one code object's instructions */
#define PYRO_MAX_MAPS           65536     /**< lines read of /proc/PID/maps */
#define PYRO_MAX_MODULES        16384     /**< files with code that one process has mapped, ever */
#define PYRO_MAX_UNWIND_ENTRY   (1 << 18) /**< bytes of one entry of an unwind table */
#define PYRO_MAX_UNWIND_PCS     (1 << 20) /**< addresses of code kept with what holds there */
#define PYRO_MAX_UNWIND_ROWS    (64 << 20)   /**< bytes of what holds there, equal ones once */
#define PYRO_MAX_NATIVE_STACK   (16 << 20)   /**< bytes read of one stack */
#define PYRO_MAX_C_STACK        (1u << 30)   /**< bytes of a thread's C stack */
#define PYRO_MAX_KERNEL_STACK   64           /**< frames kept of what the kernel does (leaf side) */
#define PYRO_MAX_KERNEL_SYMBOLS (1 << 21)    /**< names read of the kernel's code */
#define PYRO_MAX_KERNEL_NAMES   (128 << 20)  /**< bytes of them */
#define PYRO_MAX_JIT_MAP        (64 << 20)   /**< bytes read of a perf map or jitdump */
#define PYRO_MAX_JIT_NAMES      (1 << 20)    /**< functions kept of them */
#define PYRO_MAX_ELF_FILE       (1ull << 32) /**< bytes of an object file looked at */
#define PYRO_MAX_DEBUG_INFO     (1ull << 30) /**< bytes of an object's debug information */
#define PYRO_MAX_CORE_LOADS     (1 << 20)    /**< segments of a core file */
#define PYRO_MAX_CORE_NOTES     (1 << 18)    /**< notes of a core file */
#define PYRO_MAX_CORE_FILES     (16 << 20)   /**< bytes of the note that names mapped files */
#define PYRO_MAX_CORE_SEARCH    (256ull << 20) /**< bytes of memory searched for an interpreter */
#define PYRO_MAX_SOURCE_FILE    (16 << 20)     /**< bytes of a source file shown */
#define PYRO_MAX_CHUNK          (64 << 20)     /**< bytes of one unpacked chunk of samples */
#define PYRO_MAX_PROFILE_TEXT   (512ull << 20) /**< bytes of all strings of one profile */
#define PYRO_MAX_PROFILE_ROWS   (1u << 26) /**< functions, frames, stacks, totals of one profile */
#define PYRO_MAX_OBJECTS        (1u << 20) /**< things waited for, of one profile */
#define PYRO_MAX_WAITS          (1u << 21) /**< of (track, stack, thing) in one profile */
#define PYRO_MAX_IMPORT_LINE    (1 << 16)  /**< bytes kept of a line of another tool's text */
#define PYRO_MAX_IMPORT_SAMPLES (1u << 26) /**< samples taken of another tool's file */
#define PYRO_MAX_IMPORT_THREADS (1u << 20) /**< threads in such a file */
#define PYRO_MAX_IMPORT_EVENTS  256        /**< kinds of events in such a file */
#define PYRO_MAX_FACTS          4096       /**< named facts ("meta") of one recording */
#define PYRO_MAX_MOMENT_BYTES   ((size_t)256 << 20) /**< what is kept of one moment of a process */
#define PYRO_MAX_GAINS          (1u << 19) /**< changes of totals that a window of time keeps */

/* Of values shown as text, such as the local variables of a frame. */
#define PYRO_MAX_VALUE_DEPTH  4          /**< containers in containers */
#define PYRO_MAX_VALUE_ITEMS  16         /**< items shown of one container */
#define PYRO_MAX_VALUE_CHARS  200        /**< characters shown of one string, bytes of bytes */
#define PYRO_MAX_VALUE_BITS   1200       /**< of an int that is shown by its decimal digits */
#define PYRO_MAX_VALUE_TEXT   2048       /**< bytes of a value, after which no item is begun */
#define PYRO_MAX_VALUE_READS  512        /**< reads for a value, after which no item is begun */
#define PYRO_MAX_VALUE_NAME   256        /**< bytes of the name of a type or a variable */
#define PYRO_MAX_VALUE_TYPES  4096       /**< types remembered */
#define PYRO_MAX_VALUE_BASES  32         /**< classes that a class stands on */
#define PYRO_MAX_FRAME_LOCALS 128        /**< variables shown of a frame */
#define PYRO_MAX_FRAME_SLOTS  65536      /**< variables of a frame */
#define PYRO_MAX_FRAME_TEXT   (32 << 10) /**< bytes of a frame's values, as above */
#define PYRO_MAX_DUMP_TEXT    (8 << 20)  /**< bytes of the values of all frames, as above */

#endif
