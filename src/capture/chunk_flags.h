/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_CHUNK_FLAGS_H
#define PYRO_CAPTURE_CHUNK_FLAGS_H

/* Bits of a record's flags. */
#define PYRO_CHUNK_ON_CPU      0x01u
#define PYRO_CHUNK_HOLDS_GIL   0x02u
#define PYRO_CHUNK_REASON      0x04u /* a reason follows; in encoding 1: it is the GIL */
#define PYRO_CHUNK_PROOF_SHIFT 3     /* three bits: enum pyro_proof */
#define PYRO_CHUNK_PROOF_MASK  0x38u
#define PYRO_CHUNK_SAME_WALL   0x40u /* its wall is that of the last record like it */
#define PYRO_CHUNK_RUN         0x80u /* it stands for several samples */

_Static_assert(PYRO_PROOF_COUNT <= 8, "the proof of a sample has three bits");

#endif
