/* SPDX-License-Identifier: MIT */
/* square: asks squared for some squares.  SIGUSR1 shows how far it is. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct request {
	int id;
	int value;
	char reply_to[48];
};
struct reply {
	int id;
	int value;
};

static char name[48];
static mqd_t in, out;
static int next_id;
static volatile sig_atomic_t show;

static void on_usr1(int sig)
{
	(void)sig;
	show = 1;
}

static void fatal(const char *what)
{
	fprintf(stderr, "square: %s: %s\n", what, strerror(errno));
	if (in > 0)
		mq_unlink(name);
	exit(EXIT_FAILURE);
}

static struct timespec in_ms(long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L)
		t.tv_sec++, t.tv_nsec -= 1000000000L;
	return t;
}

static int square(int value)
{
	struct request rq = { .id = ++next_id, .value = value };
	struct reply rp;

	snprintf(rq.reply_to, sizeof rq.reply_to, "%s", name);
	for (int try = 0; try < 8; try++) {
		struct timespec t = in_ms(400);

		while (mq_timedsend(out, (char *)&rq, sizeof rq, 0, &t) < 0)
			if (errno != EINTR)
				fatal("cannot send");
		t = in_ms(400);
		while (mq_timedreceive(in, (char *)&rp, sizeof rp, NULL, &t) == sizeof rp)
#ifdef REPAIRED
			if (rp.id == rq.id)
#endif
				return rp.value;
		if (errno != EINTR && errno != ETIMEDOUT)
			fatal("mq_receive");
		if (show)
			fprintf(stderr, "square: at %d\n", value);
		show = 0;
	}
	errno = ETIMEDOUT;
	fatal("no answer");
	return -1;
}

int main(int argc, char *argv[])
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = sizeof(struct reply) };
	struct sigaction sa = { .sa_handler = on_usr1 };
	static const int v[] = { 3, 12, 45, 7, 100 };

	if (argc != 2)
		return 2;
	sigaction(SIGUSR1, &sa, NULL);
	out = mq_open(argv[1], O_WRONLY);
	if (out == (mqd_t)-1)
		fatal(argv[1]);
	snprintf(name, sizeof name, "%s.%ld", argv[1], (long)getpid());
	in = mq_open(name, O_RDONLY | O_CREAT | O_EXCL, 0600, &attr);
	if (in == (mqd_t)-1)
		fatal(name);
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		printf("%d squared is %d\n", v[i], square(v[i]));
	mq_close(in);
	mq_unlink(name);
	return 0;
}
