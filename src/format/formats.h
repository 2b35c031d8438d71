/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_FORMAT_FORMATS_H
#define PYRO_FORMAT_FORMATS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "profile/metrics.h"
#include "profile/profile.h"

/** One moment of one thread, for formats that keep the order of time. */
struct pyro_format_sample {
	uint64_t at_ns; /**< end of the sample's time, on the recording's clock */
	uint32_t track;
	uint32_t stack; /**< PYRO_NONE: no Python code */
	uint64_t wall_ns;
	uint64_t cpu_ns;
	bool holds_gil;
	enum pyro_reason reason; /**< why it was off its processor; NONE: it was not, or unknown */
};

typedef enum pyro_rc pyro_format_sample_fn(void *context, const struct pyro_format_sample *sample);

/** Where samples come from: whoever has them, most often a capture. */
struct pyro_sample_source {
	void *context;
	/** Calls @each for every sample, track by track, in time order within a track if they have
	 *  one (format/sums.h), and stops at its first error, which it returns. */
	enum pyro_rc (*samples)(void *context, pyro_format_sample_fn *each, void *each_context,
				struct pyro_err *err);
};

/** Where the bytes go, in order, piece by piece. */
struct pyro_format_sink {
	void *context;
	/** Takes all @size bytes or fails; the writer ends with that error. */
	enum pyro_rc (*write)(void *context, const void *bytes, size_t size, struct pyro_err *err);
};

struct pyro_format_options {
	enum pyro_metric metric; /**< what is counted: one in ns */
	bool by_line;            /**< a frame for each line of a function, not one for all */
	bool threads;            /**< keep threads apart even where the format merges them */
};

/** A format of another tool. A new one is a file src/format/NAME.c and a row in formats.c. */
struct pyro_format {
	const char *name;
	const char *suffixes[4]; /**< of file names, with their dots */
	const char *description; /**< what it is and what opens it */
	const char *lost;        /**< what of a capture it cannot hold, for a sentence */
	/** Errors: NOMEM, FORMAT (the profile contradicts itself), and what source and sink say. */
	enum pyro_rc (*write)(const struct pyro_profile *profile,
			      const struct pyro_sample_source *source,
			      const struct pyro_format_options *options,
			      const struct pyro_format_sink *sink, struct pyro_err *err);
};

/** All formats, by name; ends with a row without one. */
extern const struct pyro_format pyro_formats[];

/** NULL if there is none of that name. */
const struct pyro_format *pyro_format_find(const char *name);
bool pyro_format_has_suffix(const struct pyro_format *format, const char *path);
/** The format whose suffix @path ends with; NULL if none. */
const struct pyro_format *pyro_format_by_path(const char *path);

/** Brendan Gregg's folded stacks: "root;caller;leaf N" a line, N in microseconds. */
enum pyro_rc pyro_folded_write(const struct pyro_profile *profile,
			       const struct pyro_sample_source *source,
			       const struct pyro_format_options *options,
			       const struct pyro_format_sink *sink,
			       struct pyro_err *err) PYRO_NODISCARD;
/** speedscope's JSON: a sampled profile for each track, in nanoseconds. */
enum pyro_rc pyro_speedscope_write(const struct pyro_profile *profile,
				   const struct pyro_sample_source *source,
				   const struct pyro_format_options *options,
				   const struct pyro_format_sink *sink,
				   struct pyro_err *err) PYRO_NODISCARD;

#endif
