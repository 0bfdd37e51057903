/* SPDX-License-Identifier: MIT */
/* From the roles of a scenario to instances that can be started, once for many runs. */
#include "core/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/clock.h"
#include "core/sys/namespaces.h"
#include "core/sys/timewait.h"

extern char **environ;

/* Sanitized programs are about so much slower. */
static const double sanitized_scale = 3.0;

static const char *env_value(char *const *env, const char *name)
{
	size_t n = strlen(name);
	const char *value = NULL;

	for (; env && *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			value = *env + n + 1;
	return value;
}

static bool env_names(const char *entry, char *const *others)
{
	size_t n = strcspn(entry, "=");

	for (; others && *others; others++)
		if (!strncmp(entry, *others, n) && (*others)[n] == '=')
			return true;
	return false;
}

static bool env_ours(const char *entry)
{
	return !strncmp(entry, "SABOT_", 6) || !strncmp(entry, "LD_PRELOAD=", 11);
}

/* Ours, the role's own, and what the harness itself was given, where they do not say otherwise. */
static char **env_make(const struct box *box, const struct instance *in, uint32_t ordinal)
{
	const char *preload = env_value(in->spec->env, "LD_PRELOAD"), *library = box->options.library;
	char runtime[512] = "", **env;
	size_t n = 0, room = 8;

	for (char **e = environ; *e; e++)
		room++;
	for (char **e = in->spec->env; e && *e; e++)
		room++;
	env = mem_new(room * sizeof(*env));
	for (char **e = environ; *e; e++)
		if (!env_ours(*e) && !env_names(*e, in->spec->env))
			env[n++] = mem_dup(*e);
	for (char **e = in->spec->env; e && *e; e++)
		if (!env_ours(*e))
			env[n++] = box_expand(box, *e);
	if (!preload)
		preload = env_value(environ, "LD_PRELOAD");
	if (library && in->program.runtime[0] && library_find(in->program.runtime, runtime, sizeof(runtime)))
		text_copy(runtime, sizeof(runtime), in->program.runtime);
	if (library || (preload && *preload))
		env[n++] = mem_printf("LD_PRELOAD=%s%s%s%s%s", runtime, runtime[0] ? " " : "", library ? library : "",
			preload && *preload && library ? " " : "", preload ? preload : "");
	env[n++] = mem_printf("%s=%s", ARENA_ENV, box->arena_path);
	env[n++] = mem_printf("%s=%u", ROLE_ENV, in->slot);
	env[n++] = mem_printf("SABOT_INSTANCE=%u", ordinal);
	return env;
}

/* The text for stdin as a file that can be read again from its beginning. */
static int input_open(const struct box *box, const char *text)
{
	char path[64];
	size_t n = strlen(text), done = 0;
	int fd, read_only;

	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0)
		return fcntl(box->null_fd, F_DUPFD_CLOEXEC, 3);
	while (done < n) {
		ssize_t put = write(fd, text + done, n - done);

		if (put <= 0)
			break;
		done += (size_t)put;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	if (read_only < 0)
		return fd;
	close(fd);
	return read_only;
}

static int program_prepare(const struct box *box, struct instance *in, char *why, size_t size)
{
	char path[PATH_MAX];
	const char *search = env_value(in->spec->env, "PATH");
	int error =
		program_find(in->argv[0], in->spec->directory, search ? search : getenv("PATH"), path, sizeof(path));

	if (!error)
		error = program_look(path, &in->program);
	if (error) {
		const char *where = in->argv[0][0] == '/'      ? NULL
				    : strchr(in->argv[0], '/') ? in->spec->directory
							       : "$PATH";

		snprintf(why, size, "role %s: cannot run %s: %s%s%s%s; build it first or fix run:", in->spec->name,
			in->argv[0], strerror(-error), where ? " (looked in " : "", where ? where : "",
			where ? ")" : "");
		return error;
	}
	in->path = mem_dup(path);
	in->preloaded = in->program.dynamic && !in->program.privileged && box->options.library;
	return 0;
}

static int capture_prepare(struct box *box, struct capture *c)
{
	struct epoll_event on = { .events = EPOLLIN };
	int error = capture_open(c);

	if (error)
		return error;
	on.data.fd = c->read_fd;
	return epoll_ctl(box->epoll_fd, EPOLL_CTL_ADD, c->read_fd, &on) ? -errno : 0;
}

static int ready_prepare(struct instance *in, char *why, size_t size)
{
	char message[128];
	int error;

	if (in->spec->ready != READY_BY_OUTPUT)
		return 0;
	error = regcomp(&in->regex, in->ready_text, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
	if (!error) {
		in->has_regex = true;
		return 0;
	}
	regerror(error, &in->regex, message, sizeof(message));
	snprintf(why, size, "role %s: ready: output: \"%s\" is no regular expression: %s", in->spec->name,
		in->ready_text, message);
	return -EINVAL;
}

static int instance_prepare(struct box *box, struct instance *in, uint32_t ordinal, char *why, size_t size)
{
	size_t n = 0;
	int error;

	while (in->spec->run && in->spec->run[n])
		n++;
	if (!n) {
		snprintf(why, size, "role %s: run: is empty", in->spec->name);
		return -EINVAL;
	}
	in->argv = mem_new((n + 1) * sizeof(*in->argv));
	for (size_t i = 0; i < n; i++)
		in->argv[i] = box_expand(box, in->spec->run[i]);
	in->ready_text = in->spec->ready_text ? box_expand(box, in->spec->ready_text) : NULL;
	error = program_prepare(box, in, why, size);
	if (!error)
		error = ready_prepare(in, why, size);
	if (error)
		return error;
	if (in->program.sanitized && box->scale < sanitized_scale)
		box->scale = sanitized_scale;
	in->env = env_make(box, in, ordinal);
	if (in->spec->input) {
		char *text = box_expand(box, in->spec->input);

		in->stdin_fd = input_open(box, text);
		free(text);
	}
	error = capture_prepare(box, &in->out);
	if (!error)
		error = capture_prepare(box, &in->err);
	if (error)
		snprintf(why, size, "role %s: no pipe for its output: %s", in->spec->name, strerror(-error));
	return error;
}

static uint32_t ready_kind_of(const struct instance *in)
{
	switch (in->spec->ready) {
	case READY_BY_PATH:
	case READY_BY_OUTPUT:
		return READY_HARNESS;
	case READY_BY_START:
		return READY_STARTED;
	case READY_BY_LISTEN:
		return READY_LISTEN;
	case READY_BY_DEFAULT:
	default:
		return in->driver ? READY_STARTED : READY_USABLE;
	}
}

static void too_many(char *why, size_t size)
{
	snprintf(why, size, "more than %d processes of roles: make count: smaller", ARENA_ROLES);
}

static struct instance *instance_add(struct box *box, const struct role *spec, size_t role)
{
	struct instance *in = &box->instances[box->n_prepared];

	*in = (struct instance){ .spec = spec, .role = (uint32_t)role, .slot = box->n_prepared++ };
	in->out = in->err = (struct capture){ .read_fd = -1, .write_fd = -1 };
	in->stdin_fd = -1;
	return in;
}

/* One more of each service that is started again when it has died, behind all the others. 0 or -E2BIG. */
static int spares_add(struct box *box, char *why, size_t size)
{
	uint32_t n = box->n_prepared;

	for (uint32_t i = 0; i < n; i++) {
		struct instance *in = &box->instances[i], *spare;

		if (!in->spec->restart || in->driver)
			continue;
		if (box->n_prepared >= OUTCOME_ROLES || box->n_prepared >= ARENA_ROLES) {
			too_many(why, size);
			return -E2BIG;
		}
		in->spare = box->n_prepared;
		spare = instance_add(box, in->spec, in->role);
		spare->is_spare = true;
		snprintf(spare->name, sizeof(spare->name), "%.38s~restart", in->name);
	}
	return 0;
}

/* One instance for each of `count`; names and order first, since `after` speaks of them. */
static int instances_name(struct box *box, const struct scenario *s, char *why, size_t size)
{
	bool any_driver = false;

	for (size_t r = 0; r < s->n_roles; r++)
		any_driver |= s->roles[r].driver;
	for (size_t r = 0; r < s->n_roles; r++) {
		for (uint32_t k = 1; k <= s->roles[r].count; k++) {
			struct instance *in;

			if (box->n_prepared >= OUTCOME_ROLES || box->n_prepared >= ARENA_ROLES) {
				too_many(why, size);
				return -E2BIG;
			}
			in = instance_add(box, &s->roles[r], r);
			in->driver = any_driver ? in->spec->driver : !in->spec->stop;
			if (k == 1)
				text_copy(in->name, sizeof(in->name), in->spec->name);
			else
				snprintf(in->name, sizeof(in->name), "%.36s/%u", in->spec->name, k);
		}
	}
	return spares_add(box, why, size);
}

/* What a program would have to look for in /proc; of a script only the kernel knows. */
static void executable_tell(const struct instance *in, struct role_slot *slot)
{
	char real[PATH_MAX];

	slot->path[0] = slot->executable[0] = '\0';
	if (in->path[0] != '/' || in->program.script || strlen(in->path) >= sizeof(slot->path) ||
		!realpath(in->path, real) || strlen(real) >= sizeof(slot->executable))
		return;
	text_copy(slot->path, sizeof(slot->path), in->path);
	text_copy(slot->executable, sizeof(slot->executable), real);
}

static void slots_fill(struct box *box)
{
	struct arena *a = box->arena;

	a->n_roles = box->n_prepared;
	for (uint32_t i = 0; i < box->n_prepared; i++) {
		struct instance *in = &box->instances[i];

		in->after = 0;
		/* Who takes the place of another begins when its time has come. */
		for (uint32_t j = 0; in->spec->after && !in->is_spare && j < box->n_prepared; j++)
			if (j != i && !box->instances[j].is_spare &&
				!strcmp(box->instances[j].spec->name, in->spec->after))
				in->after |= (uint64_t)1 << j;
		text_copy(a->roles[i].name, sizeof(a->roles[i].name), in->name);
		executable_tell(in, &a->roles[i]);
		a->roles[i].after = in->after;
		a->roles[i].ready_at = ready_kind_of(in);
		a->roles[i].ready = 0;
		a->roles[i].zygote = a->roles[i].command = a->roles[i].forked = a->roles[i].settled = 0;
		a->roles[i].pid = 0;
	}
}

static int zygotes_start(struct box *box, char *why, size_t size)
{
	int64_t deadline = clock_ns() + (int64_t)(2.0 * (double)NS_PER_S * box->scale);

	for (uint32_t i = 0; i < box->n_prepared; i++) {
		int error = box->instances[i].preloaded ? instance_zygote(box, &box->instances[i], why, size) : 0;

		if (error)
			return error;
	}
	for (uint32_t i = 0; i < box->n_prepared; i++)
		if (box->instances[i].zygote)
			instance_zygote_wait(box, &box->instances[i], deadline);
	return 0;
}

/* Who is started again meets what its connections have left, and nobody of a later run does. */
static void timewait_begin(struct box *box)
{
	if (!box->instances[box->n_prepared - 1].is_spare || !(box->parts & NAMESPACES_NET))
		return;
	box->timewait = timewait_removable() && !timewait_set(true);
	if (!box->timewait && !strstr(str_get(&box->notes), "TIME-WAIT"))
		str_add(&box->notes, "no port is in TIME-WAIT when a service is started again: this kernel does not "
			"let connections be removed from it (CONFIG_INET_DIAG_DESTROY)\n");
}

int run_prepare(struct box *box, const struct scenario *s, char *why, size_t size)
{
	uint32_t names[2][OUTCOME_ROLES] = { { 0 } };
	int error;

	run_finish(box);
	why[0] = '\0';
	box->scenario = s;
	box->prepared = true;
	box->scale = box->options.time_scale > 0 ? box->options.time_scale : 1.0;
	box->port = box_port(box);
	error = instances_name(box, s, why, size);
	for (uint32_t i = 0; !error && i < box->n_prepared; i++) {
		struct instance *in = &box->instances[i];

		/* A spare is told that it is the one whose place it takes. */
		error = instance_prepare(box, in, ++names[in->is_spare][in->role], why, size);
	}
	if (error)
		return error;
	box->arena->time_scale = box->scale;
	box->arena->seed = s->seed;
	box->arena->kept_images = box->arena->kept_modules = 0;
	arena_reset(box->arena);
	slots_fill(box);
	timewait_begin(box);
	if (box->options.zygotes)
		error = zygotes_start(box, why, size);
	arena_keep_programs(box->arena);
	return error;
}

static void list_free(char **list)
{
	for (char **at = list; at && *at; at++)
		free(*at);
	free(list);
}

void run_finish(struct box *box)
{
	if (!box->prepared)
		return;
	if (box->timewait)
		timewait_set(false);
	box->timewait = false;
	for (uint32_t i = 0; i < box->n_prepared; i++) {
		struct instance *in = &box->instances[i];

		if (in->zygote)
			instance_zygote_end(box, in);
		capture_close(&in->out);
		capture_close(&in->err);
		if (in->stdin_fd >= 0)
			close(in->stdin_fd);
		if (in->has_regex)
			regfree(&in->regex);
		list_free(in->argv);
		list_free(in->env);
		free(in->path);
		free(in->ready_text);
	}
	box->n_prepared = box->n_instances = 0;
	box->prepared = false;
	box->scenario = NULL;
}
