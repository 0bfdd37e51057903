/* SPDX-License-Identifier: MIT */
#include "core/techniques/probes/probe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/status.h"
#include "core/techniques/probes/experiments.h"
#include "core/techniques/probes/links.h"
#include "core/base/banned.h"

static const struct link *const links[] = {
	&link_unix_stream,
	&link_unix_dgram,
	&link_unix_seqpacket,
	&link_socketpair,
	&link_tcp,
	&link_udp,
	&link_pipe,
	&link_fifo,
	&link_posix_mq,
	&link_sysv_mq,
	&link_posix_shm,
	&link_sysv_shm,
	&link_memfd,
	&link_signal,
	&link_rt_signal,
	&link_eventfd,
};

static const struct guarantee {
	const char *name, *values;
	bool (*measure)(struct lab *lab);
} guarantees[] = {
#define GUARANTEE(symbol, name_, group, question, values_) { name_, values_, measure_##symbol },
#include "core/techniques/probes/guarantees.def"
#undef GUARANTEE
};

enum { N_LINKS = sizeof(links) / sizeof(links[0]), N_GUARANTEES = sizeof(guarantees) / sizeof(guarantees[0]) };

const struct link *link_find(const char *name)
{
	for (size_t i = 0; i < N_LINKS; i++)
		if (strcmp(links[i]->name, name) == 0)
			return links[i];
	return NULL;
}

static const struct guarantee *guarantee_find(const char *name)
{
	for (size_t i = 0; i < N_GUARANTEES; i++)
		if (strcmp(guarantees[i].name, name) == 0)
			return &guarantees[i];
	return NULL;
}

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += n)
		if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

/* A measured "yes" that no document promises is only an observation; what a ring does is not what memory does. */
static void judge(struct lab *lab, const struct guarantee *g)
{
	char text[sizeof(lab->evidence)], value[sizeof(lab->value)];
	const char *source;

	text_copy(text, sizeof(text), lab->evidence);
	text_copy(value, sizeof(value), lab->value);
	if (strcmp(value, "yes") == 0 && has_word(g->values, "observed-not-guaranteed") &&
		!documentation_promises(lab->link, g->name, &source))
		lab_say(lab, "observed-not-guaranteed", "%.400s; but %.200s", text, source);
	if ((lab->link->traits & LINK_MEMORY) && has_word(g->values, "app-protocol") && strcmp(value, "unknown") != 0)
		lab_say(lab, "app-protocol", "bare memory has no messages; the ring on top of it: %.40s (%.500s)",
			value, text);
}

static void text_print(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar((unsigned char)*text < ' ' ? ' ' : *text);
	}
	putchar('"');
}

static int result_print(const char *technique, const char *guarantee, const char *value, const char *evidence)
{
	printf("{\"technique\":");
	text_print(technique);
	printf(",\"guarantee\":");
	text_print(guarantee);
	printf(",\"value\":");
	text_print(value);
	printf(",\"evidence\":");
	text_print(evidence);
	printf("}\n");
	return fflush(stdout) ? EXIT_HARNESS : 0;
}

static int usage(const char *what, const char *name)
{
	fprintf(stderr,
		"sabot-ref probe: %s%s%susage: sabot-ref probe TECHNIQUE GUARANTEE [DIRECTORY]\ntechniques:", what,
		name, *what ? "\n" : "");
	for (size_t i = 0; i < N_LINKS; i++)
		fprintf(stderr, " %s", links[i]->name);
	fprintf(stderr, "\nguarantees:");
	for (size_t i = 0; i < N_GUARANTEES; i++)
		fprintf(stderr, " %s", guarantees[i].name);
	fprintf(stderr, "\n");
	return EXIT_USAGE;
}

static struct lab *laboratory;
static pid_t experimenter;

/* Interrupted: nothing may stay behind. What lab_clear does here are system calls on memory that is there. */
static void cleared_up(int number)
{
	if (getpid() != experimenter)
		_exit(1);
	lab_clear(laboratory);
	if (laboratory->made_directory)
		rmdir(laboratory->directory);
	signal(number, SIG_DFL);
	raise(number);
}

static void clear_up_when_told(struct lab *lab)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

	laboratory = lab;
	experimenter = getpid();
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		signal(numbers[i], cleared_up);
}

int probe_main(int argc, char **argv)
{
	const struct guarantee *g;
	const struct link *link;
	const char *senseless;
	struct lab *lab;

	if (argc < 3 || argc > 4)
		return usage("", "");
	link = link_find(argv[1]);
	g = guarantee_find(argv[2]);
	if (!link)
		return usage("no technique ", argv[1]);
	if (!g)
		return usage("no guarantee ", argv[2]);
	senseless = question_senseless(link, g->name);
	if (senseless)
		return result_print(link->name, g->name, "n/a", senseless);
	lab = lab_new(link, g->name, argc > 3 ? argv[3] : NULL);
	if (!lab) {
		fprintf(stderr, "sabot-ref probe: cannot begin: %s\n", strerror(errno));
		return EXIT_HARNESS;
	}
	clear_up_when_told(lab);
	g->measure(lab);
	lab_clear(lab);
	if (lab->made_directory)
		rmdir(lab->directory);
	judge(lab, g);
	return result_print(link->name, g->name, lab->value, lab->evidence);
}
