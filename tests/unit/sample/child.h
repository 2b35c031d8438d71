/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_SAMPLE_CHILD_H
#define PYRO_TESTS_SAMPLE_CHILD_H

/* A child that waits for child_go, as soon as this returns, and then runs @work; it ends with the
 * test. */
int child_start(void (*work)(void), int *ret_go);
void child_go(int go);

#endif
