/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int lister(void)
{
	char line[64];
	for (int i = 0; i < 40; i++) {
		int n = snprintf(line, sizeof line, "item-%02d %d\n", i, i * i), o = 0;
		while (o < n) {
			ssize_t k = write(1, line + o, n - o);
			if (k < 0 && errno != EINTR)
				return 1;
			if (k > 0)
				o += k;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	char *line = NULL, cmd[4200], self[4096];
	size_t cap = 0;
	long sum = 0;
	int n = 0;

	if (argc > 1 && strcmp(argv[1], "list") == 0)
		return lister();
	ssize_t l = readlink("/proc/self/exe", self, sizeof self - 1);
	if (l < 0)
		return 1;
	self[l] = 0;
	snprintf(cmd, sizeof cmd, "exec '%s' list", self);
	FILE *f = popen(cmd, "r");
	if (!f) {
		perror("popen");
		return 1;
	}
	for (;;) {
		errno = 0;
		if (getline(&line, &cap, f) < 0) {
			if (ferror(f) && errno == EINTR) {
				clearerr(f);
				continue;
			}
			break;
		}
		int item;
		long v;
		if (sscanf(line, "item-%d %ld", &item, &v) == 2) {
			sum += v;
			n++;
		}
	}
	free(line);
#ifndef REPAIRED
	pclose(f);
#else
	int st = pclose(f);
	if (st != 0) {
		fprintf(stderr, "report: the lister failed (%x)\n", st);
		return 1;
	}
#endif
	printf("%d items, sum %ld\n", n, sum);
	return 0;
}
