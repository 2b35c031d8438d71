/* SPDX-License-Identifier: Apache-2.0 */
#include "report/quality.h"

#include "report/text.h"
#include "report/units.h"

#define TEXT_BYTES 16384

/* A part of 1 that is not all of it is never shown as 100 %. */
static void add_nearly(struct pyro_buf *buf, uint64_t part, uint64_t whole)
{
	double share = whole > 0 ? (double)part / (double)whole : 0;
	double percent = share * 100;
	if (part < whole && percent > 99.9)
		pyro_buf_add_text(buf, ">99.9 %");
	else if (percent > 90 && part < whole) {
		pyro_units_decimal(buf, percent, 1);
		pyro_buf_add_text(buf, " %");
	} else
		pyro_units_percent(buf, share);
}

void pyro_quality_short(const struct pyro_quality *quality, struct pyro_buf *buf)
{
	if (quality->samples > 0 && quality->proved == quality->samples) {
		pyro_buf_add_text(buf, "all proved");
	} else if (quality->samples > 0 && quality->proved == 0) {
		pyro_buf_add_text(buf, "not proved");
	} else if (quality->samples > 0) {
		add_nearly(buf, quality->proved, quality->samples);
		pyro_buf_add_text(buf, " proved");
	}
}

bool pyro_quality_overhead(struct pyro_profile *profile, double *ret_share)
{
	const struct pyro_quality *quality = pyro_profile_quality(profile);
	const char *fact = pyro_profile_meta_get(profile, "overhead");
	struct pyro_profile_counts counts;
	uint64_t ran = 0;
	char *end = NULL;
	/* The recorder's own account, which knows more than the time held. */
	double told = fact ? strtod(fact, &end) : -1;
	if (fact && end != fact && told > 0 && told < 1e6) {
		*ret_share = told;
		return true;
	}
	pyro_profile_counts(profile, &counts);
	for (size_t i = 0; i < counts.totals; i++)
		ran += pyro_profile_total_get(profile, i)->values[PYRO_METRIC_CPU];
	if (ran == 0 || quality->held_ns == 0)
		return false;
	*ret_share = (double)quality->held_ns / (double)ran;
	return true;
}

/* Starts an item of the paragraph. */
static void item(struct pyro_buf *buf, size_t start)
{
	if (buf->size > start)
		pyro_buf_add_text(buf, PYRO_MARK_DOT);
}

/* "3 stacks cut", of the noun "stack"; without a noun, of samples: "3 missed". */
static void add_count(struct pyro_buf *buf, size_t start, uint64_t count, const char *noun,
		      const char *what)
{
	struct pyro_buf text;
	if (count == 0)
		return;
	item(buf, start);
	pyro_buf_init(&text, 1024);
	if (noun)
		pyro_units_plural(&text, count, noun);
	else
		pyro_units_count(&text, count);
	pyro_buf_add_format(&text, " %s", what);
	if (text.failed)
		buf->failed = true;
	else
		pyro_text_item(buf, text.data);
	pyro_buf_deinit(&text);
}

static void add_proofs(const struct pyro_quality *quality, struct pyro_buf *buf)
{
	const struct {
		uint64_t count;
		const char *how;
	} ways[] = {
		{quality->proof_interrupt, "interrupted"}, {quality->proof_switch, "frozen"},
		{quality->proof_proc, "frozen (/proc)"},   {quality->proof_stop, "stopped"},
		{quality->proof_still, "standing still"},  {quality->proof_same, "unchanged"},
	};
	size_t ways_used = 0;
	for (size_t i = 0; i < PYRO_COUNT(ways); i++)
		ways_used += ways[i].count > 0;
	size_t named = 0;
	for (size_t i = 0; i < PYRO_COUNT(ways); i++) {
		if (ways[i].count == 0)
			continue;
		struct pyro_buf text;
		pyro_buf_init(&text, 1024);
		pyro_buf_add_text(&text, named == 0 ? "(" : "");
		if (ways[i].count != quality->samples) {
			add_nearly(&text, ways[i].count, quality->samples);
			pyro_buf_add_char(&text, ' ');
		}
		named++;
		pyro_buf_add_format(&text, "%s%s", ways[i].how, named < ways_used ? "," : ")");
		pyro_buf_add_char(buf, ' ');
		pyro_text_item(buf, text.data ? text.data : "");
		buf->failed = buf->failed || text.failed;
		pyro_buf_deinit(&text);
	}
}

/* Whether what ran was told by anything less than the whole stack, but for a sample here and there.
 */
bool pyro_quality_parts_estimated(const struct pyro_quality *quality)
{
	const uint64_t estimated = quality->parts_pointer + quality->parts_proc;
	return estimated > (quality->parts_stack + estimated) / 100;
}

/* "python/native/system estimated: 83 % from the instruction pointer, 17 % from /proc" */
static void add_parts(const struct pyro_quality *quality, struct pyro_buf *buf, size_t start)
{
	const struct {
		uint64_t count;
		const char *how;
	} ways[] = {
		{quality->parts_stack, "from the machine code"},
		{quality->parts_pointer, "from the instruction pointer"},
		{quality->parts_proc, "from /proc"},
	};
	uint64_t all = 0;
	const char *mark = ":";
	struct pyro_buf text;
	if (!pyro_quality_parts_estimated(quality))
		return;
	for (size_t i = 0; i < PYRO_COUNT(ways); i++)
		all += ways[i].count;
	pyro_buf_init(&text, 1024);
	item(buf, start);
	pyro_text_item(buf, "python/native/system estimated");
	for (size_t i = 0; i < PYRO_COUNT(ways); i++) {
		if (ways[i].count == 0)
			continue;
		pyro_buf_reset(&text);
		if (ways[i].count != all) {
			pyro_buf_add_text(buf, mark);
			mark = ",";
			add_nearly(&text, ways[i].count, all);
			pyro_buf_add_char(&text, ' ');
		}
		pyro_buf_add_text(&text, ways[i].how);
		pyro_buf_add_char(buf, ' ');
		pyro_text_item(buf, text.data ? text.data : "");
	}
	buf->failed = buf->failed || text.failed;
	pyro_buf_deinit(&text);
}

static void add_costs(struct pyro_profile *profile, struct pyro_buf *buf, size_t start)
{
	const struct pyro_quality *quality = pyro_profile_quality(profile);
	uint64_t run = pyro_profile_duration(profile);
	struct pyro_buf text;
	pyro_buf_init(&text, 1024);
	if (quality->held_ns > 0) {
		item(buf, start);
		pyro_buf_add_text(&text, "held ");
		pyro_units_duration(&text, quality->held_ns);
		pyro_text_item(buf, text.data ? text.data : "");
	}
	if (quality->recorder_cpu_ns > 0 && run > 0) {
		pyro_buf_reset(&text);
		item(buf, start);
		pyro_buf_add_text(&text, "recorder ");
		pyro_units_percent(&text, (double)quality->recorder_cpu_ns / (double)run);
		pyro_buf_add_text(&text, " CPU");
		pyro_text_item(buf, text.data ? text.data : "");
	}
	if (text.failed)
		buf->failed = true;
	pyro_buf_deinit(&text);
}

void pyro_quality_print(struct pyro_profile *profile, bool incomplete,
			const struct pyro_report_look *look, struct pyro_buf *buf)
{
	const struct pyro_quality *quality = pyro_profile_quality(profile);
	struct pyro_buf text;
	pyro_buf_init(&text, TEXT_BYTES);
	pyro_buf_add_text(&text, PYRO_MARK_DIM);
	size_t start = text.size;
	if (incomplete)
		pyro_text_item(&text, "the recording was cut off: up to a second is missing");
	if (quality->samples > 0) {
		item(&text, start);
		struct pyro_buf proved;
		pyro_buf_init(&proved, 1024);
		if (quality->proved < quality->samples) {
			add_nearly(&proved, quality->proved, quality->samples);
			pyro_buf_add_text(&proved, " of samples proved");
		} else {
			pyro_buf_add_text(&proved, "all proved");
		}
		pyro_text_item(&text, proved.data ? proved.data : "");
		text.failed = text.failed || proved.failed;
		pyro_buf_deinit(&proved);
		add_proofs(quality, &text);
	}
	add_count(&text, start, quality->unproved, NULL, "kept without proof");
	add_count(&text, start, quality->missed, NULL, "missed");
	add_count(&text, start, quality->ticks_late, "late moment", "skipped");
	add_count(&text, start, quality->truncated, "stack", "cut at the depth limit");
	add_count(&text, start, quality->partial, "stack", "with an unreadable frame");
	add_count(&text, start, quality->lost_records, "kernel record", "lost");
	add_count(&text, start, quality->native_merged, "stack", "with machine code");
	add_count(&text, start, quality->native_cut, NULL, "of them cut at the root");
	add_count(&text, start, quality->native_unmerged, "stack", "without machine code");
	add_count(&text, start, quality->kernel_seen, "stack", "with kernel frames");
	add_count(&text, start, quality->kernel_unseen, "stack",
		  "in system calls without kernel frames");
	add_parts(quality, &text, start);
	add_costs(profile, &text, start);
	size_t end = text.size;
	pyro_buf_add_text(&text, PYRO_MARK_END);
	if (text.failed)
		buf->failed = true;
	else if (end > start)
		pyro_text_paragraph(buf, look, "  ", text.data);
	pyro_buf_deinit(&text);
}
