/* SPDX-License-Identifier: MIT */
/* scales NAME: turns grams into ounces. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scales.h"

static const char *name;

static void on_term(int sig)
{
	(void)sig;
	shm_unlink(name);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct scales *s = MAP_FAILED;
	int fd;

	if (argc != 2)
		return 2;
	name = argv[1];
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	signal(SIGTERM, on_term);
	if (fd >= 0 && ftruncate(fd, sizeof(*s)) == 0)
		s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s == MAP_FAILED || sem_init(&s->asked, 1, 0) || sem_init(&s->answered, 1, 0)) {
		perror("scales");
		if (fd >= 0)
			shm_unlink(name);
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		unsigned question;

		if (sem_wait(&s->asked))
			continue;
		question = s->question;
		s->ounces = s->grams * 10 / 283;
		s->answer = question;
		sem_post(&s->answered);
	}
}
