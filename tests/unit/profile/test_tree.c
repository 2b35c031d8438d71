/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "profile/aggregate.h"
#include "support/sample_profile.h"

#define MS 1000000ull

static struct pyro_tree tree_of(struct pyro_profile *p, bool by_line, bool fold)
{
	struct pyro_tree tree = {0};
	struct pyro_aggregate *a = NULL;
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	options.fold_library = fold;
	assert_int_equal(pyro_aggregate_create(p, &options, &a, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_aggregate_tree(a, by_line, PYRO_METRIC_WALL, &tree, NULL),
			 PYRO_RC_OK);
	pyro_aggregate_destroy(a);
	return tree;
}

/* What must hold for every tree. */
static void check_shape(const struct pyro_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct pyro_node *node = &tree->nodes[i];
		uint64_t sum = node->self.of[PYRO_METRIC_WALL];
		uint64_t last = UINT64_MAX;
		uint32_t expected = (uint32_t)i + 1;
		for (uint32_t c = node->first_child; c != PYRO_NONE;
		     c = tree->nodes[c].next_sibling) {
			const struct pyro_node *child = &tree->nodes[c];
			assert_true(c >= expected);
			assert_int_equal(child->parent, i);
			assert_int_equal(child->depth, node->depth + 1);
			assert_true(child->total.of[PYRO_METRIC_WALL] <= last);
			last = child->total.of[PYRO_METRIC_WALL];
			sum += last;
			expected = c + 1;
		}
		assert_int_equal(sum, node->total.of[PYRO_METRIC_WALL]);
	}
}

static void merged_by_function(void **state)
{
	struct pyro_profile *p = sample_profile_create();
	struct pyro_tree tree = tree_of(p, false, false);
	(void)state;
	check_shape(&tree);
	/* root; module main price fib fib fib dumps encode get hostile, price; the thread's 5 */
	assert_int_equal(tree.count, 1 + 11 + 5);
	assert_int_equal(tree.nodes[0].self.of[PYRO_METRIC_WALL], 20 * MS);
	assert_int_equal(tree.nodes[1].function, SAMPLE_MODULE);
	assert_int_equal(tree.nodes[2].function, SAMPLE_MAIN);
	assert_int_equal(tree.nodes[3].function, SAMPLE_PRICE);
	assert_int_equal(tree.nodes[3].total.of[PYRO_METRIC_WALL], 300 * MS);
	assert_int_equal(tree.nodes[4].function, SAMPLE_FIB);
	assert_int_equal(tree.nodes[6].self.of[PYRO_METRIC_WALL], 200 * MS);
	pyro_tree_deinit(&tree);
	pyro_profile_destroy(p);
}

static void merged_by_line_and_folded(void **state)
{
	struct pyro_profile *p = sample_profile_create();
	struct pyro_tree tree = tree_of(p, true, true);
	(void)state;
	check_shape(&tree);
	for (size_t i = 1; i < tree.count; i++) {
		assert_int_not_equal(tree.nodes[i].function, SAMPLE_DUMPS);
		assert_int_not_equal(tree.nodes[i].function, SAMPLE_BOOTSTRAP);
		assert_int_not_equal(tree.nodes[i].line, 0);
	}
	/* The thread's own frames hang on the root. */
	uint32_t flush = tree.nodes[1].next_sibling;
	assert_int_equal(tree.nodes[flush].function, SAMPLE_FLUSH);
	assert_int_equal(tree.nodes[flush].depth, 1);
	pyro_tree_deinit(&tree);
	pyro_profile_destroy(p);
}

static void an_empty_profile_is_a_root(void **state)
{
	struct pyro_profile *p = NULL;
	(void)state;
	assert_int_equal(pyro_profile_create(&p, NULL), PYRO_RC_OK);
	struct pyro_tree tree = tree_of(p, false, true);
	assert_int_equal(tree.count, 1);
	pyro_tree_deinit(&tree);
	pyro_profile_destroy(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merged_by_function),
		cmocka_unit_test(merged_by_line_and_folded),
		cmocka_unit_test(an_empty_profile_is_a_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
