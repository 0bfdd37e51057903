/* SPDX-License-Identifier: MIT */
/* Weighs three things. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "scales.h"

enum { PATIENCE_S = 1 };

/* Waits for the answer to this question; what comes late of an earlier one is passed over. */
static int answer_wait(struct scales *s, unsigned question)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	while (s->answer != question) {
		if (sem_timedwait(&s->answered, &until) == 0 || errno == EINTR)
			continue;
#ifdef REPAIRED
		perror("weigh: no answer");
		return -1;
#else
		break;
#endif
	}
	return s->ounces;
}

int main(int argc, char **argv)
{
	static const int things[] = { 283, 566, 2830 };
	struct scales *s = MAP_FAILED;
	int fd = argc == 2 ? shm_open(argv[1], O_RDWR, 0) : -1;

	if (fd >= 0)
		s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s == MAP_FAILED) {
		perror("weigh");
		return 1;
	}
	for (size_t i = 0; i < sizeof(things) / sizeof(*things); i++) {
		unsigned question = s->question + 1;
		int ounces;

		s->grams = things[i];
		s->question = question;
		sem_post(&s->asked);
		ounces = answer_wait(s, question);
		if (ounces < 0)
			return 1;
		printf("%d g are %d oz\n", things[i], ounces);
	}
	return 0;
}
