/* SPDX-License-Identifier: MIT */
/*
 * slot: a parent gives a child numbers through one slot of shared memory; both sleep on a futex.
 * SIGUSR1 makes the child say how far it is, at its next number.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct slot {
	_Atomic uint32_t full;
	int value, last;
	long sum;
};
static volatile sig_atomic_t asked;

static void on_usr1(int s)
{
	(void)s;
	asked = 1;
}

static int wait_while(_Atomic uint32_t *w, uint32_t v)
{
	struct timespec t = { 3, 0 };

#ifdef REPAIRED
	while (atomic_load(w) == v)
		if (syscall(SYS_futex, w, FUTEX_WAIT, v, &t, NULL, 0) < 0 && errno == ETIMEDOUT)
			return -1;
	return 0;
#else
	if (atomic_load(w) == v)
		if (syscall(SYS_futex, w, FUTEX_WAIT, v, &t, NULL, 0) < 0 && errno == ETIMEDOUT)
			return -1;
	return 0;
#endif
}

static void wake(_Atomic uint32_t *w)
{
	syscall(SYS_futex, w, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void consumer(struct slot *s)
{
	struct sigaction sa = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &sa, NULL);
	for (;;) {
		if (wait_while(&s->full, 0) < 0)
			_exit(1);
		s->sum += s->value;
		int last = s->last;
		if (asked) {
			asked = 0;
			fprintf(stderr, "slot: sum is %ld\n", s->sum);
		}
		atomic_store(&s->full, 0);
		wake(&s->full);
		if (last)
			_exit(0);
	}
}

int main(int argc, char **argv)
{
	int st, bad = 0;

	if (argc != 2)
		return 2;
	int fd = shm_open(argv[1], O_CREAT | O_EXCL | O_RDWR, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(struct slot)) < 0) {
		perror("slot: shm");
		if (fd >= 0)
			shm_unlink(argv[1]);
		return 1;
	}
	shm_unlink(argv[1]);
	struct slot *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (s == MAP_FAILED) {
		perror("slot: mmap");
		return 1;
	}
	pid_t pid = fork();
	if (pid < 0) {
		perror("slot: fork");
		return 1;
	}
	if (pid == 0)
		consumer(s);
	for (int i = 1; i <= 6 && !bad; i++) {
		struct timespec ts = { 0, 2000000 };
		nanosleep(&ts, NULL);
		if (wait_while(&s->full, 1) < 0) {
			fprintf(stderr, "slot: the child takes nothing\n");
			bad = 1;
			break;
		}
		s->value = i * i * i;
		s->last = i == 6;
		atomic_store(&s->full, 1);
		wake(&s->full);
	}
	if (bad)
		kill(pid, SIGKILL);
	if (waitpid(pid, &st, 0) < 0 || st) {
		fprintf(stderr, "slot: the child failed\n");
		bad = 1;
	}
	if (!bad)
		printf("sum %ld\n", s->sum);
	return bad;
}
