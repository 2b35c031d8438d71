/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_VIEW_FACTS_H
#define PYRO_VIEW_FACTS_H

#include "base/buf.h"
#include "view/sources.h"
#include "view/view.h"

/** What the recording is called on its page: the option, else its command as people name it,
 * without the interpreter and without folders. Never NULL; not escaped; lives as long as profile
 * and options. */
const char *pyro_view_facts_title(const struct pyro_profile *profile,
				  const struct pyro_view_options *options);

/** Appends the section "meta": a JSON object of
 *    version       of Pyrometer
 *    title         see above
 *    duration      ns
 *    incomplete    whether the recorder did not finish it
 *    facts         the recording's named facts, as texts
 *    processes     [{pid, parent (index or null), command, python, start, end}]
 *    tracks        [{process, tid, name, main, start, end, wall, cpu, exact_cpu}]
 *    metrics       names of the metrics, in the order of the columns
 *    quality       the counters of the recording, by name
 *    sources_asked whether sources were to be put into the page
 *    left_out      [{file, why}]: sources that are not in the page */
void pyro_view_facts_json(struct pyro_buf *buf, const struct pyro_profile *profile,
			  const struct pyro_view_options *options,
			  const struct pyro_view_sources *sources);

#endif
