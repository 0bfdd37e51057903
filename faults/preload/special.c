/* SPDX-License-Identifier: MIT */
/* The members of the exec family that take lists or no environment, and what programs tell through sabot.h. */
#include "faults/preload/inject.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

enum { TOLD_SENT = 1, TOLD_RECEIVED, TOLD_BECAME, TOLD_GAVE_UP };

/* These go through the wrappers of execve and execvpe, which see to the environment and record. */
int wrap_execv(const char *path, char *const argv[]) __asm__("execv") EXPORTED;
int wrap_execvp(const char *file, char *const argv[]) __asm__("execvp") EXPORTED;
int wrap_execl(const char *path, const char *arg, ...) __asm__("execl") EXPORTED;
int wrap_execle(const char *path, const char *arg, ...) __asm__("execle") EXPORTED;
int wrap_execlp(const char *file, const char *arg, ...) __asm__("execlp") EXPORTED;

int wrap_execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

int wrap_execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

static size_t list_length(va_list args)
{
	size_t n = 1;

	while (va_arg(args, char *))
		n++;
	return n;
}

/* The list becomes an array on the stack: between fork and exec there is no malloc. */
#define LIST_TO_ARRAY(argv, arg)                                  \
	va_list args_;                                            \
	size_t n_;                                                \
	va_start(args_, arg);                                     \
	n_ = list_length(args_);                                  \
	va_end(args_);                                            \
	char **argv = __builtin_alloca((n_ + 1) * sizeof(*argv)); \
	va_start(args_, arg);                                     \
	argv[0] = (char *)arg;                                    \
	for (size_t i_ = 1; i_ <= n_; i_++)                       \
		argv[i_] = va_arg(args_, char *)

int wrap_execl(const char *path, const char *arg, ...)
{
	LIST_TO_ARRAY(argv, arg);
	va_end(args_);
	return execve(path, argv, environ);
}

int wrap_execle(const char *path, const char *arg, ...)
{
	LIST_TO_ARRAY(argv, arg);
	char *const *env = va_arg(args_, char *const *);

	va_end(args_);
	return execve(path, argv, env);
}

int wrap_execlp(const char *file, const char *arg, ...)
{
	LIST_TO_ARRAY(argv, arg);
	va_end(args_);
	return execvpe(file, argv, environ);
}

void sabot_tell(int kind, uint32_t sender, uint32_t receiver, uint64_t sequence, uint32_t length, uint64_t checksum,
	const char *text) EXPORTED;

void sabot_tell(int kind, uint32_t sender, uint32_t receiver, uint64_t sequence, uint32_t length, uint64_t checksum,
	const char *text)
{
	int saved = errno;
	struct event *e;

	if (kind == TOLD_GAVE_UP)
		text = "gave-up";
	if (!self || (!self->live && !identity_take()))
		return;
	e = event_new();
	if (!e)
		return;
	memset(e, 0, offsetof(struct event, seal));
	e->stamp = tick_now();
	e->site = (uint64_t)__builtin_return_address(0);
	e->result = (int64_t)sequence;
	e->hash = checksum;
	e->asked = length;
	e->fd = (int32_t)sender;
	e->object = receiver;
	e->tid = thread_id();
	e->kind = kind == TOLD_SENT ? EV_SENT : kind == TOLD_RECEIVED ? EV_RECEIVED : EV_BECAME;
	event_seal(e);
	if (text && *text)
		event_text_of(text, (uint32_t)strlen(text));
	errno = saved;
}
