/* SPDX-License-Identifier: MIT */
/* Asks its child something. When no answer comes, it writes a zero behind the room for it, says so, and ends with 1. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/banned.h"

enum { ROOM = 8 };

static int answer(int fd)
{
	char question[ROOM];

	return read(fd, question, sizeof(question)) != ROOM || write(fd, "answered", ROOM) != ROOM;
}

int main(void)
{
	char *room = malloc(ROOM);
	volatile int behind = ROOM;
	int pair[2], status = 0;

	if (!room || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 2;
	if (fork() == 0)
		_exit(answer(pair[1]));
	close(pair[1]);
	if (write(pair[0], "question", ROOM) != ROOM || read(pair[0], room, ROOM) != ROOM) {
		room[behind] = '\0';	/* the overrun */
		fputs("overrun: no answer\n", stderr);
		status = 1;
	}
	free(room);
	wait(NULL);
	return status;
}
