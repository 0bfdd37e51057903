/* SPDX-License-Identifier: MIT */
#include "core/model/call.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const struct call call_table[] = {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) \
	{ #symbol, #plain, FAMILY_##family, RESTART_##restart, errnos },
#include "faults/calls.def"
#undef CALL
};
const size_t n_calls = sizeof(call_table) / sizeof(*call_table);
_Static_assert(sizeof(call_table) / sizeof(*call_table) <= CALL_BITS, "a call set has a bit for every row");

const char *const family_names[N_FAMILIES] = {
	[FAMILY_RECEIVE] = "receive", [FAMILY_SEND] = "send", [FAMILY_ACCEPT] = "accept", [FAMILY_CONNECT] = "connect",
	[FAMILY_WAIT] = "wait", [FAMILY_OPEN] = "open", [FAMILY_CLOSE] = "close", [FAMILY_LOCK] = "lock",
	[FAMILY_SIGNAL] = "signal", [FAMILY_PROCESS] = "process", [FAMILY_SLEEP] = "sleep", [FAMILY_OTHER] = "other",
};

int call_find(const char *name)
{
	for (size_t i = 0; i < n_calls; i++)
		if (strcmp(call_table[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Is it this name, or this name with "()" behind it? */
static bool is_called(const char *called, const char *name, size_t length)
{
	return strncmp(called, name, length) == 0 && called[length] == '\0';
}

int call_select(const char *name, struct call_set *out)
{
	size_t length = strcspn(name, "(");
	int found = 1;

	memset(out, 0, sizeof(*out));
	if (name[length] && strcmp(name + length, "()") != 0)
		return 1;
	/* A family's name wins over a call's: `at: accept` takes accept4 as well. */
	for (size_t i = 0; i < n_calls && !name[length]; i++)
		if (strcmp(family_names[call_table[i].family], name) == 0) {
			call_set_add(out, (uint32_t)i);
			found = 0;
		}
	if (found == 0)
		return 0;
	for (size_t i = 0; i < n_calls; i++)
		if (is_called(call_table[i].plain, name, length) || is_called(call_table[i].name, name, length)) {
			call_set_add(out, (uint32_t)i);
			found = 0;
		}
	return found;
}

struct named {
	const char *name;
	int value;
};

static const struct named errnos[] = {
#define E(name) { #name, name },
	E(E2BIG) E(EACCES) E(EADDRINUSE) E(EADDRNOTAVAIL) E(EAFNOSUPPORT) E(EAGAIN) E(EALREADY) E(EBADF) E(EBADMSG)
	E(EBUSY) E(ECANCELED) E(ECHILD) E(ECONNABORTED) E(ECONNREFUSED) E(ECONNRESET) E(EDEADLK) E(EDESTADDRREQ)
	E(EDQUOT) E(EEXIST) E(EFAULT) E(EFBIG) E(EHOSTUNREACH) E(EIDRM) E(EILSEQ) E(EINPROGRESS) E(EINTR) E(EINVAL)
	E(EIO) E(EISCONN) E(EISDIR) E(ELOOP) E(EMFILE) E(EMSGSIZE) E(ENAMETOOLONG) E(ENETDOWN) E(ENETRESET)
	E(ENETUNREACH) E(ENFILE) E(ENOBUFS) E(ENODEV) E(ENOENT) E(ENOEXEC) E(ENOLCK) E(ENOMEM) E(ENOMSG) E(ENOSPC)
	E(ENOSYS) E(ENOTCONN) E(ENOTDIR) E(ENOTRECOVERABLE) E(ENOTSOCK) E(ENOTTY) E(ENXIO) E(EOPNOTSUPP) E(EOVERFLOW)
	E(EOWNERDEAD) E(EPERM) E(EPIPE) E(EPROTO) E(EPROTONOSUPPORT) E(EPROTOTYPE) E(ERANGE) E(EROFS) E(ESPIPE)
	E(ESRCH) E(ESTALE) E(ETIME) E(ETIMEDOUT) E(ETOOMANYREFS) E(ETXTBSY) E(EXDEV)
#undef E
	{ "EWOULDBLOCK", EWOULDBLOCK },
};

static const struct named signals[] = {
#define S(name) { #name, SIG##name },
	S(HUP) S(INT) S(QUIT) S(ILL) S(TRAP) S(ABRT) S(BUS) S(FPE) S(KILL) S(USR1) S(SEGV) S(USR2) S(PIPE) S(ALRM)
	S(TERM) S(STKFLT) S(CHLD) S(CONT) S(STOP) S(TSTP) S(TTIN) S(TTOU) S(URG) S(XCPU) S(XFSZ) S(VTALRM) S(PROF)
	S(WINCH) S(IO) S(PWR) S(SYS)
#undef S
};

static int value_of(const struct named *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].value;
	return -1;
}

static const char *name_of(const struct named *table, size_t n, int value)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].value == value)
			return table[i].name;
	return NULL;
}

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

int errno_value(const char *name)
{
	return value_of(errnos, COUNT(errnos), name);
}

const char *errno_name(int value)
{
	return name_of(errnos, COUNT(errnos), value);
}

int signal_value(const char *name)
{
	if (isdigit((unsigned char)*name)) {
		char *end;
		long n = strtol(name, &end, 10);

		return *end == '\0' && n > 0 && n <= SIGRTMAX ? (int)n : -1;
	}
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	return value_of(signals, COUNT(signals), name);
}

const char *signal_name(int value)
{
	return name_of(signals, COUNT(signals), value);
}
