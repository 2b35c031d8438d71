/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_PROMPT_H
#define PYRO_SAMPLE_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

/** How soon the sampler's thread runs once it is woken. For the calling thread only. */
struct pyro_prompt {
	bool may_preempt; /**< can have real-time priority */
	bool preempts;    /**< has it */
	uint32_t late;    /**< weighs the wake-ups without it that were late */
	uint32_t crowded; /**< wake-ups to come before it is given up again */
};

/** Asks for real-time priority, if @preempts; where that is not to be had, or not asked for, and if
 *  @often, for short turns and many. */
void pyro_prompt_init(struct pyro_prompt *prompt, bool preempts, bool often);
/** Says after each wake-up how late it was. */
void pyro_prompt_woke(struct pyro_prompt *prompt, uint64_t late_ns);
/** Whether the next wake-up is to preempt whoever runs here. Otherwise the kernel chooses an idle
 *  processor, if there is one; while there is mostly none, it preempts nevertheless. No effect
 *  where real-time priority was not to be had. */
void pyro_prompt_set(struct pyro_prompt *prompt, bool preempts);

/** Real-time priority for the calling thread, for the moment in which others wait for it. Returns
 *  what pyro_prompt_relax takes to undo that: -1 where it is not to be had, and nothing changed. */
int pyro_prompt_hurry(void);
void pyro_prompt_relax(int policy);

#endif
