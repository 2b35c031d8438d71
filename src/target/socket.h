/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_SOCKET_H
#define PYRO_TARGET_SOCKET_H

#include "base/buf.h"

/** Adds to @buf between whom the socket of process @pid is that its descriptor leads to by @link,
 *  "socket:[4711]": "10.0.3.7:5432 from 10.0.3.2:60122", the other end first, "*:80" for one that
 *  listens, or the path of one that has a path. Nothing where the kernel's tables do not have it.
 */
void pyro_socket_add_text(int pid, const char *link, struct pyro_buf *buf);
/** The same from the text of one table, @inet: /proc/net/tcp and its kin, else /proc/net/unix.
 *  False if it is not there. */
bool pyro_socket_find(const char *table, size_t size, bool inet, uint64_t inode,
		      struct pyro_buf *buf);

#endif
