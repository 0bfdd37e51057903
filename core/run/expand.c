/* SPDX-License-Identifier: MIT */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/namespaces.h"

char *box_expand(const struct box *box, const char *text)
{
	struct str out = STR_NONE;

	str_add(&out, "");
	for (const char *at = text; *at;) {
		size_t plain = strcspn(at, "$");

		str_add_bytes(&out, at, plain);
		at += plain;
		if (!strncmp(at, "${TMP}", 6)) {
			str_add(&out, box->tmp);
			at += 6;
		} else if (!strncmp(at, "${PORT}", 7)) {
			str_addf(&out, "%u", box->port);
			at += 7;
		} else if (!strncmp(at, "${ID}", 5)) {
			str_add(&out, box->id);
			at += 5;
		} else if (!strncmp(at, "${KEY}", 6)) {
			str_addf(&out, "%u", box->key);
			at += 6;
		} else if (*at) {
			str_add_bytes(&out, at, 1);
			at++;
		}
	}
	return str_take(&out);
}

void box_plan_expand(struct box *box)
{
	struct plan *plan = arena_plan(box->arena);

	for (uint32_t i = 0; i < plan->n_faults; i++) {
		char *path = box_expand(box, plan->faults[i].path);

		text_copy(plan->faults[i].path, sizeof(plan->faults[i].path), path);
		free(path);
	}
}

/* Can both a TCP and a UDP socket be bound to it now? */
static bool port_free(uint16_t port)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	bool is_free = true;

	for (size_t i = 0; is_free && i < 2; i++) {
		int fd = socket(AF_INET, types[i] | SOCK_CLOEXEC, 0);

		is_free = fd >= 0 && !bind(fd, (struct sockaddr *)&to, sizeof(to));
		if (fd >= 0)
			close(fd);
	}
	return is_free;
}

uint16_t box_port(const struct box *box)
{
	enum { FIRST = 10000, RANGE = 20000 }; /* below the ports that the kernel gives to clients */
	uint32_t at = box->parts & NAMESPACES_NET ? 0 : (uint32_t)box->outside_pid * 97u % RANGE;

	for (uint32_t i = 0; i < RANGE; i++) {
		uint16_t port = (uint16_t)(FIRST + (at + i) % RANGE);

		if (port_free(port))
			return port;
	}
	return FIRST;
}
