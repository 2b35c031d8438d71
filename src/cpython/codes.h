/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_CODES_H
#define PYRO_CPYTHON_CODES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "cpython/layout.h"
#include "cpython/lines.h"
#include "cpython/python.h"
#include "cpython/window.h"

#define PYRO_HINT_CODES 128

#define PYRO_CODE_NONE  UINT32_MAX

/** A string of a code object, and what proves that its address still holds it. */
struct pyro_text {
	uint64_t addr;
	uint64_t hash;     /**< as the target caches it; UINT64_MAX: compare the characters */
	uint64_t total;    /**< characters */
	uint8_t *raw;      /**< the characters as they lie there, if there is no hash */
	uint32_t raw_size; /**< cut to a limit */
	uint32_t raw_room;
	uint32_t into;    /**< offset of the characters from addr; 0: elsewhere, cannot be proved */
	uint32_t checked; /**< number of the last stack in which it was compared ... */
	bool same;        /**< ... and the result */
	uint32_t serial;  /**< another one for every content */
	const char *utf8;
};

/** What lies at one address that held a code object when last looked at. */
struct pyro_code_slot {
	uint64_t addr;
	uint64_t interp;
	uint64_t generation; /**< in which it was last found to be the same, 3.14 on */
	uint32_t code;       /**< index of its record, PYRO_CODE_NONE: there is no code object */
	uint32_t size;       /**< bytes of its instructions, UINT32_MAX: not known */
	uint32_t checked;    /**< number of the last stack in which it was identified */
	uint32_t listed;     /**< number of the last stack that hinted at it */
	uint32_t epoch;      /**< in which it was last compared */
	uint32_t texts[3];   /**< name, qualified name, file */
	uint32_t serials[3]; /**< what they were */
	bool versioned;      /**< has a version of its own: strings need no comparison */
	bool fresh;          /**< to be decoded in the current stack */
	uint8_t id[PYRO_READ_ID];
};

/** A code object's contents; addresses that hold equal ones share it. */
struct pyro_code_record {
	struct pyro_code code;
	uint8_t *table; /**< line table, until decoded */
	uint32_t table_size;
	bool internal; /**< of the interpreter's own making: no frame of it is shown */
	uint32_t run_count;
	struct pyro_line_run *runs; /**< NULL: not decoded yet */
};

/** The code objects met so far. */
struct pyro_codes {
	struct pyro_map by_addr;    /**< code object to slot */
	struct pyro_map by_content; /**< hash to record */
	struct pyro_map text_by_addr;
	struct pyro_intern names; /**< UTF-8 of every string */
	struct pyro_arena arena;  /**< of records and their runs */
	struct pyro_arena raws;   /**< of texts */
	struct pyro_code_slot *slots;
	size_t slot_count, slot_capacity;
	struct pyro_code_record **records;
	size_t record_count, record_capacity;
	struct pyro_text *texts;
	size_t text_count, text_capacity;
	uint32_t fresh[PYRO_MAX_STACK_DEPTH]; /**< slots to decode in the current stack */
	size_t fresh_count;
	uint32_t spare[PYRO_MAX_STACK_DEPTH]; /**< slots that are free */
	size_t spare_count;
	struct pyro_buf scratch;
	uint32_t stack; /**< number of the current stack */
	uint32_t serial;
	uint32_t epoch; /**< what was compared in this one is taken on trust; 0: nothing is */
	uint64_t code_type;
	uint64_t decoded;
	uint64_t reused;
};

void pyro_codes_init(struct pyro_codes *codes);
void pyro_codes_deinit(struct pyro_codes *codes);
/** Begins a stack. */
void pyro_codes_begin(struct pyro_codes *codes);
/** Plans what proves that @slot still is what it was. */
void pyro_codes_plan(struct pyro_codes *codes, struct pyro_window *window,
		     const struct pyro_layout *layout, uint32_t slot);
/** Makes @trail bring what proves any code object that it leads to. */
void pyro_codes_trail(const struct pyro_layout *layout, struct pyro_trail *trail);
/** The slot of @addr, PYRO_CODE_NONE if it was never met. */
uint32_t pyro_codes_slot(const struct pyro_codes *codes, uint64_t addr);
/** Identifies the code objects at @addrs (repetitions are quick), reading what is needed; those of
 *  which the generation did not change since they were found the same are not read. @ret_slots gets
 *  a slot for each, PYRO_CODE_NONE where there is no code object. In a sealed window, what it
 *  lacks of code objects never met is read all the same, and is theirs if they are the same after
 *  that. Errors: SHORT (the sealed window lacks more, or they are not), GONE, PERM, NOMEM. */
enum pyro_rc pyro_codes_identify(struct pyro_codes *codes, struct pyro_window *window,
				 const struct pyro_layout *layout, uint64_t interp,
				 uint64_t generation, const uint64_t *addrs, size_t count,
				 uint32_t *ret_slots) PYRO_NODISCARD;
/** Whether @slot must be compared in this stack. */
bool pyro_codes_must_check(const struct pyro_codes *codes, uint32_t slot, uint64_t interp,
			   uint64_t generation);
/** Keeps what the stack showed first, or forgets its addresses. */
void pyro_codes_settle(struct pyro_codes *codes, bool proved);
int32_t pyro_codes_line(struct pyro_codes *codes, const struct pyro_layout *layout, uint32_t code,
			uint32_t offset);

#endif
