/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_SOCKET_H
#define PYRO_TARGET_SOCKET_H

#include "base/buf.h"

/** A socket that is looked up by the kernel's number for it. */
struct pyro_socket {
	uint64_t inode;
	bool found;
	/** Between whom it is: "10.0.3.7:5432 from 10.0.3.2:60122", the other end first, "*:80" for
	 *  one that listens, or the path of one that has a path. The caller's. */
	struct pyro_buf text;
};

/** Looks up those of process @pid that are not found yet, all of them in one reading of the
 * kernel's tables: some milliseconds where there are many. A table that changes while it is read
 * may lack one that is there. */
void pyro_sockets_find(int pid, struct pyro_socket *sockets, size_t count);
/** The same in the text of one table, @inet: /proc/net/tcp and its kin, else /proc/net/unix. */
void pyro_sockets_find_in(const char *table, size_t size, bool inet, struct pyro_socket *sockets,
			  size_t count);
/** Adds to @buf between whom the socket of process @pid is that its descriptor leads to by @link,
 *  "socket:[4711]". Nothing where the kernel's tables do not have it. */
void pyro_socket_add_text(int pid, const char *link, struct pyro_buf *buf);

#endif
