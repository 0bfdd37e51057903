/* SPDX-License-Identifier: MIT */
#include "scenarios/capstone/link.h"

#include <sys/socket.h>

#include "core/include/sabot.h"
#include "scenarios/capstone/common.h"
#include "core/base/banned.h"

enum { PAUSE_MOST_MS = 400 };

static void pause_make(int64_t until_ns, int *pause_ms)
{
	int64_t end_ns = now_ns() + (int64_t)*pause_ms * NS_PER_MS;

	if (until_ns >= 0 && end_ns > until_ns)
		end_ns = until_ns;
	while (!stop_asked() && now_ns() < end_ns)
		wait_for(NULL, 0, end_ns);
	*pause_ms = *pause_ms == 0 ? 1 : *pause_ms * 2 < PAUSE_MOST_MS ? *pause_ms * 2 : PAUSE_MOST_MS;
}

int server_connect(const struct sockaddr_un *address, int64_t until_ns, int *pause_ms)
{
	for (;;) {
		int data_socket;

		pause_make(until_ns, pause_ms);
		if (stop_asked() || (until_ns >= 0 && now_ns() >= until_ns))
			return -1;
		/* A new socket for each try: after a failure, what state the old one is in is nobody's business. */
		data_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (data_socket < 0)
			continue;
		if (connect(data_socket, (const struct sockaddr *)address, sizeof(*address)) == 0) {
			sabot_became("connected");
			return data_socket;
		}
		fd_close(data_socket);
	}
}
