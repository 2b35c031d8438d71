/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_CORE_H
#define PYRO_TARGET_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/procfs.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "target/maps.h"
#include "target/reader.h"
#include "target/thread.h"

/** A core file: what a process was when it died, or when a debugger took a picture of it. 64-bit
 *  ones of this machine's architecture, as written by Linux and by debuggers. Everything in it is
 *  untrusted. Only its headers and notes are read when it is opened, memory when it is asked for.
 *  The kernel leaves out what it takes to be unchanged since it was mapped from a file: that is
 * read from the file, once pyro_core_supply gives it. A core that was cut short has what is there.
 * Not thread-safe. */
struct pyro_core;

struct pyro_core_thread {
	int tid; /**< kernel thread id in the process's own pid namespace */
	elf_gregset_t registers;
};

/** What the core says of the process. Strings hold any bytes but NUL. */
struct pyro_core_facts {
	int pid; /**< in its own pid namespace; 0: unknown */
	uint32_t uid;
	int signal;      /**< it died of this one, which the first thread got; 0: none is known */
	int signal_code; /**< si_code of sigaction(2); meaningless without a signal */
	uint64_t fault_addr; /**< the address that the signal is about */
	bool has_fault_addr;
	int sender;       /**< process that sent the signal; 0: it was not sent, or unknown */
	char name[17];    /**< comm; "" if unknown */
	char command[81]; /**< the beginning of its command line; "" if unknown */
	uint64_t lost;    /**< bytes that ought to be in the core but lie beyond its end */
	bool has_files;   /**< it says which files were mapped */
};

/** Opens the core file at @path. Errors: NOTFOUND, IO, PERM, FORMAT (no core file, or a broken one;
 *  of one that is packed the message says how to unpack it), UNSUPPORTED (of another architecture,
 *  named), LIMIT, NOMEM. */
enum pyro_rc pyro_core_open(const char *path, struct pyro_core **ret_core,
			    struct pyro_err *err) PYRO_NODISCARD;
/** The same of an open file, which is taken. */
enum pyro_rc pyro_core_open_take(int fd, struct pyro_core **ret_core,
				 struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_core_close(struct pyro_core *core);

/** Its memory. FAULT: not in the core, nor in a file that was supplied. The core's; do not destroy.
 */
struct pyro_reader *pyro_core_reader(struct pyro_core *core);
/* What follows lives as long as the core. */
const struct pyro_core_facts *pyro_core_facts(const struct pyro_core *core);
/** Its threads, in the order of the core: the one that the signal killed comes first. */
const struct pyro_core_thread *pyro_core_threads(const struct pyro_core *core, size_t *ret_count);
/** The system call that it waited in, by its registers; number -2: in none, or unknown, as always
 * on AArch64. */
void pyro_core_thread_syscall(const struct pyro_core_thread *thread,
			      struct pyro_thread_syscall *ret_syscall);
/** Its pthread_t, by its registers; 0: unknown. */
uint64_t pyro_core_thread_pthread(const struct pyro_core_thread *thread);
/** Its address space. A file has the same `inode`, which is one of ours, wherever it is mapped. Of
 *  mappings that a debugger left out, only names and places are known: they count as code. */
const struct pyro_maps *pyro_core_maps(const struct pyro_core *core);
/** The executable, as the maps show it; "" if unknown. */
const char *pyro_core_exe(const struct pyro_core *core);

/** From now on, what the core leaves out of the file that @mapping (one of pyro_core_maps) is of is
 *  read from @fd, which is taken. The caller has made sure that it is the same file. Errors: NOMEM.
 */
enum pyro_rc pyro_core_supply(struct pyro_core *core, const struct pyro_mapping *mapping,
			      int fd) PYRO_NODISCARD;
/** From now on @ask is called, once for each mapping, when something is read that the core left out
 *  of a file: it may supply it. @context is borrowed. */
void pyro_core_ask(struct pyro_core *core,
		   void (*ask)(void *context, struct pyro_core *core,
			       const struct pyro_mapping *mapping),
		   void *context);
/** That file, borrowed, or -1. */
int pyro_core_supplied(const struct pyro_core *core, const struct pyro_mapping *mapping);

#endif
