/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of /proc, whose names and paths are the target's. */
#include "base/limits.h"
#include "target/maps.h"
#include "target/socket.h"
#include "target/stat.h"
#include "target/thread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct pyro_thread_syscall call;
	struct pyro_stat stat;
	struct pyro_socket socket = {.inode = 4711};
	struct pyro_maps maps;

	if (pyro_maps_parse(text, size, &maps, NULL) == PYRO_RC_OK) {
		for (size_t i = 0; i < maps.count; i++) {
			(void)pyro_maps_find(&maps, maps.items[i].start);
			(void)pyro_mapping_same_file(&maps.items[0], &maps.items[i]);
		}
		pyro_maps_deinit(&maps);
	}
	if (pyro_stat_parse(text, size, &stat) &&
	    (stat.comm < text || stat.comm + stat.comm_size > text + size))
		__builtin_trap();
	(void)pyro_thread_syscall_parse(text, size, &call);
	pyro_buf_init(&socket.text, PYRO_MAX_PATH);
	pyro_sockets_find_in(text, size, true, &socket, 1);
	pyro_sockets_find_in(text, size, false, &socket, 1);
	pyro_buf_deinit(&socket.text);
	return 0;
}
