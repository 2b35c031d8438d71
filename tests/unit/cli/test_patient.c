/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/patient.h"
#include "target/process.h"

static void nap(void)
{
	const struct timespec ten_ms = {.tv_nsec = 10000000};

	nanosleep(&ten_ms, NULL);
}

static void test_child_and_stranger(void **state)
{
	for (int stranger = 0; stranger < 2; stranger++) {
		struct pyro_patient patient;
		struct pyro_process_facts facts;
		int pid;

		assert_int_equal(pyro_patient_admit(stranger, &patient, NULL), PYRO_RC_OK);
		pid = patient.pid;
		assert_int_equal(pyro_process_facts(pid, &facts, NULL), PYRO_RC_OK);
		assert_true((facts.parent == getpid()) == !stranger);
		pyro_patient_release(&patient);
		/* A stranger is reaped by somebody else, soon. */
		for (int i = 0; i < 500 && !pyro_process_gone(pid); i++)
			nap();
		assert_true(pyro_process_gone(pid));
		pyro_patient_release(&patient); /* once more does no harm */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_and_stranger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
