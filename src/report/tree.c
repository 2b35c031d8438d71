/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/limits.h"
#include "report/cells.h"
#include "report/headline.h"
#include "report/units.h"

#define TEXT_BYTES   65536
#define USUAL_ROWS   60
#define USUAL_LEAST  0.005 /* of 100 %: smaller branches are counted, not shown */
#define GUIDE_LEVELS 12

static const struct pyro_report_column columns[] = {
	{.title = "total", .right = true},
	{.rank = 4, .joined = true},
	{.title = "self", .right = true, .rank = 3},
	{.title = "function", .cut = PYRO_CUT_MIDDLE, .least = 24},
	{.title = "where", .cut = PYRO_CUT_FRONT, .least = 12, .rank = 2},
};

/* A node to print, or what was left out below its parent. */
struct entry {
	uint32_t node;
	uint32_t left_out; /* 0: a node */
	uint32_t depth;    /* as drawn */
	bool last;         /* of its siblings */
	uint64_t weight;   /* of what was left out */
};

struct printer {
	const struct pyro_scope *scope;
	const struct pyro_report_look *look;
	const struct pyro_tree *tree;
	struct pyro_report_table table;
	bool *visible;          /* per node */
	struct entry *stack;    /* to print, top first */
	struct entry *children; /* of the node being printed */
	bool *open;             /* per depth: a sibling follows further down */
	size_t stacked;
	size_t left_out; /* nodes */
	bool failed;
};

static uint64_t weight_of(const struct printer *p, const struct pyro_values *values)
{
	return pyro_scope_value(p->scope->weight, values);
}

static int larger(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;
	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

/* Direct recursion: shown as one row with what it repeats, as long as nothing else is called. */
static bool repeats_parent(const struct printer *p, size_t node)
{
	const struct pyro_node *nodes = p->tree->nodes;
	uint32_t parent = nodes[node].parent;
	return parent != PYRO_NONE && nodes[parent].function == nodes[node].function &&
	       nodes[parent].line == nodes[node].line;
}

/* A parent weighs at least what its child does and comes before it, so whatever this leaves
 * visible hangs together. */
static bool choose(struct printer *p, size_t limit)
{
	size_t count = p->tree->count;
	uint64_t least = 1;
	if (limit != SIZE_MAX) {
		PYRO_AUTO_FREE uint64_t *weights = calloc(count, sizeof(*weights));
		if (!weights)
			return false;
		least = (uint64_t)((double)p->scope->base_ns * USUAL_LEAST) + 1;
		size_t rows = 0;
		for (size_t i = 0; i < count; i++)
			if (!repeats_parent(p, i))
				weights[rows++] = weight_of(p, &p->tree->nodes[i].total);
		qsort(weights, rows, sizeof(*weights), larger);
		if (rows > limit && weights[limit] >= least)
			least = weights[limit];
	}
	size_t shown = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t parent = p->tree->nodes[i].parent;
		uint64_t weight = weight_of(p, &p->tree->nodes[i].total);
		bool reached = parent == PYRO_NONE || p->visible[parent];
		bool repeats = repeats_parent(p, i);
		p->visible[i] =
			i == 0 || (reached && weight >= least && (repeats || shown < limit));
		shown += p->visible[i] && !repeats;
		p->left_out += !p->visible[i] && weight > 0;
	}
	return true;
}

static int heavier(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static size_t visible_children(struct printer *p, uint32_t node, struct entry *ret_rest)
{
	size_t count = 0;
	const struct pyro_node *nodes = p->tree->nodes;
	*ret_rest = (struct entry){.node = PYRO_NONE};
	for (uint32_t c = nodes[node].first_child; c != PYRO_NONE; c = nodes[c].next_sibling) {
		uint64_t weight = weight_of(p, &nodes[c].total);
		if (p->visible[c]) {
			p->children[count++] = (struct entry){.node = c, .weight = weight};
		} else if (weight > 0) {
			ret_rest->left_out++;
			ret_rest->weight += weight;
		}
	}
	qsort(p->children, count, sizeof(*p->children), heavier);
	return count;
}

static void push_children(struct printer *p, uint32_t node, uint32_t depth)
{
	struct entry rest;
	size_t count = visible_children(p, node, &rest);
	bool last = true;
	/* Left out entirely, without a word, below what is itself hardly worth a line. */
	if (rest.left_out > 0 && count > 0) {
		rest.depth = depth;
		rest.last = true;
		p->stack[p->stacked++] = rest;
		last = false;
	}
	while (count-- > 0) {
		p->stack[p->stacked] = p->children[count];
		p->stack[p->stacked].depth = depth;
		p->stack[p->stacked++].last = last;
		last = false;
	}
}

static void add_guides(struct printer *p, const struct entry *entry)
{
	const struct pyro_signs *signs = pyro_text_signs(p->look);
	struct pyro_buf text;
	pyro_buf_init(&text, TEXT_BYTES);
	uint32_t first = entry->depth > GUIDE_LEVELS ? entry->depth - GUIDE_LEVELS : 0;
	if (first > 0)
		pyro_buf_add_format(&text, "+%u ", (unsigned)first);
	for (uint32_t i = first + 1; i < entry->depth; i++)
		pyro_buf_add_text(&text, p->open[i] ? signs->tree_bar : "   ");
	if (entry->depth > 0)
		pyro_buf_add_text(&text, entry->last ? signs->tree_last : signs->tree_tee);
	pyro_report_table_take(&p->table, PYRO_INK_DIM, &text);
}

static void add_left_out(struct printer *p, const struct entry *entry)
{
	struct pyro_buf text;
	pyro_buf_init(&text, TEXT_BYTES);
	pyro_report_table_row(&p->table);
	double share = p->scope->base_ns ? (double)entry->weight / (double)p->scope->base_ns : 0;
	pyro_cells_percent(&p->table, PYRO_INK_DIM, share);
	pyro_report_table_cell(&p->table, PYRO_INK_DIM, "");
	pyro_report_table_cell(&p->table, PYRO_INK_DIM, "");
	add_guides(p, entry);
	pyro_units_count(&text, entry->left_out);
	pyro_buf_add_text(&text, " smaller");
	if (text.failed)
		p->failed = true;
	else
		pyro_report_table_more(&p->table, PYRO_INK_DIM, text.data);
	pyro_buf_deinit(&text);
}

/* Follows direct recursion: the only visible child is the same function again. Returns the deepest
 * of the chain. */
static uint32_t follow(struct printer *p, uint32_t node, unsigned *ret_times,
		       struct pyro_values *ret_self)
{
	const struct pyro_node *nodes = p->tree->nodes;
	*ret_times = 1;
	*ret_self = nodes[node].self;
	while (node != 0) {
		struct entry rest;
		size_t count = visible_children(p, node, &rest);
		if (count != 1 || rest.left_out > 0 ||
		    nodes[p->children[0].node].function != nodes[node].function ||
		    nodes[p->children[0].node].line != nodes[node].line)
			break;
		node = p->children[0].node;
		++*ret_times;
		for (size_t i = 0; i < PYRO_METRIC_COUNT; i++)
			ret_self->of[i] += nodes[node].self.of[i];
		ret_self->wall_squared += nodes[node].self.wall_squared;
		ret_self->cpu_squared += nodes[node].self.cpu_squared;
	}
	return node;
}

static void add_names(struct printer *p, const struct pyro_node *node, unsigned times)
{
	struct pyro_buf text;
	pyro_buf_init(&text, TEXT_BYTES);
	if (node->function == PYRO_NONE) {
		pyro_headline_program(p->scope->profile, p->look, &text);
		p->failed = p->failed || text.failed;
		if (!text.failed)
			pyro_report_table_more(&p->table, PYRO_INK_BOLD, text.data);
		pyro_buf_deinit(&text);
		return;
	}
	const struct pyro_function *function =
		pyro_profile_function_get(p->scope->profile, node->function);
	const char *name = pyro_profile_string_get(p->scope->profile, function->name, NULL);
	const struct pyro_place *place =
		pyro_places_get(pyro_aggregate_places(p->scope->shown), function->file);
	pyro_text_name(&text, p->look, name);
	if (times > 1)
		pyro_buf_add_format(&text, " (%u deep)", times);
	p->failed = p->failed || text.failed;
	if (!text.failed)
		pyro_report_table_more(&p->table, place->library ? PYRO_INK_DIM : PYRO_INK_PLAIN,
				       text.data ? text.data : "");
	pyro_buf_deinit(&text);
	pyro_cells_place(&p->table, place->display,
			 node->line > 0 ? node->line : function->first_line);
}

static void print_entry(struct printer *p, const struct entry *entry)
{
	p->open[entry->depth] = !entry->last;
	if (entry->left_out > 0) {
		add_left_out(p, entry);
		return;
	}
	const struct pyro_node *node = &p->tree->nodes[entry->node];
	unsigned times;
	struct pyro_values self;
	uint32_t deepest = follow(p, entry->node, &times, &self);
	struct pyro_share total = pyro_scope_share(p->scope, &node->total);
	struct pyro_share own = pyro_scope_share(p->scope, &self);
	pyro_report_table_row(&p->table);
	if (entry->node != 0) {
		pyro_cells_share(&p->table, PYRO_INK_BOLD, &total);
	} else {
		pyro_cells_only_share(&p->table, PYRO_INK_BOLD, &total);
		pyro_report_table_cell(&p->table, PYRO_INK_PLAIN, "");
	}
	if (own.share > 0)
		pyro_cells_only_share(&p->table, PYRO_INK_PLAIN, &own);
	else
		pyro_report_table_cell(&p->table, PYRO_INK_PLAIN, "");
	add_guides(p, entry);
	add_names(p, node, times);
	push_children(p, deepest, entry->depth + 1);
}

static enum pyro_rc print_tree(struct printer *p, size_t limit, struct pyro_buf *buf)
{
	size_t count = p->tree->count + 1;
	PYRO_AUTO_FREE bool *visible = calloc(count, sizeof(*visible));
	PYRO_AUTO_FREE struct entry *stack = calloc(count * 2, sizeof(*stack));
	PYRO_AUTO_FREE struct entry *children = calloc(count, sizeof(*children));
	PYRO_AUTO_FREE bool *open = calloc(count + 1, sizeof(*open));
	if (!visible || !stack || !children || !open)
		return PYRO_RC_NOMEM;
	p->visible = visible;
	p->stack = stack;
	p->children = children;
	p->open = open;
	pyro_report_table_init(&p->table, columns, PYRO_COUNT(columns), p->look);
	if (!choose(p, limit))
		p->failed = true;
	p->stack[p->stacked++] = (struct entry){.node = 0, .last = true};
	while (p->stacked > 0 && !p->failed) {
		struct entry entry = p->stack[--p->stacked];
		print_entry(p, &entry);
	}
	enum pyro_rc rc = p->failed ? PYRO_RC_NOMEM : pyro_report_table_render(&p->table, 2, buf);
	pyro_report_table_deinit(&p->table);
	return rc;
}

static void add_caption(const struct pyro_scope *scope, const struct pyro_report_look *look,
			struct pyro_buf *buf)
{
	struct pyro_buf text;
	pyro_buf_init(&text, TEXT_BYTES);
	pyro_buf_add_text(&text, PYRO_MARK_BOLD "call tree" PYRO_MARK_END ", % ");
	pyro_scope_base_text(scope, look, &text);
	if (text.failed)
		buf->failed = true;
	else
		pyro_text_paragraph(buf, look, "", text.data);
	pyro_buf_deinit(&text);
}

static void add_footer(const struct printer *p, struct pyro_buf *buf)
{
	struct pyro_buf text;
	if (p->left_out == 0)
		return;
	pyro_buf_init(&text, TEXT_BYTES);
	pyro_buf_add_text(&text, PYRO_MARK_DIM);
	pyro_units_plural(&text, p->left_out, "branch");
	pyro_buf_add_text(&text, " left out; --limit 0 shows all" PYRO_MARK_END);
	if (text.failed)
		buf->failed = true;
	else
		pyro_text_paragraph(buf, p->look, "  ", text.data);
	pyro_buf_deinit(&text);
}

enum pyro_rc pyro_report_tree(struct pyro_profile *profile, const struct pyro_report_view *view,
			      const struct pyro_report_look *look, struct pyro_buf *buf,
			      struct pyro_err *err)
{
	struct pyro_scope scope;
	struct pyro_tree tree = {0};
	enum pyro_rc rc = pyro_scope_open(profile, view, view->filter, &scope, err);
	if (rc != PYRO_RC_OK)
		goto done;
	rc = pyro_aggregate_tree(scope.shown, view->group == PYRO_GROUP_LINE,
				 pyro_scope_metric(scope.weight), &tree, err);
	if (rc != PYRO_RC_OK)
		goto done;
	struct printer printer = {.scope = &scope, .look = look, .tree = &tree};
	add_caption(&scope, look, buf);
	if (tree.count == 0 || weight_of(&printer, &tree.nodes[0].total) == 0)
		pyro_buf_add_text(buf, view->filter ? "  nothing matches the filter\n"
						    : "  no samples\n");
	else {
		rc = print_tree(&printer, view->limit ? view->limit : USUAL_ROWS, buf);
		add_footer(&printer, buf);
	}
	if (rc == PYRO_RC_OK)
		rc = pyro_buf_status(buf);
done:
	pyro_tree_deinit(&tree);
	pyro_scope_close(&scope);
	return rc;
}
