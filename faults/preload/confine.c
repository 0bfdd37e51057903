/* SPDX-License-Identifier: MIT */
/*
 * A process that confines itself (seccomp(2)) may make some calls and is killed for others. The injector asks the
 * kernel for more than the program does: so each filter is run here as the kernel runs it (it is classic BPF over
 * struct seccomp_data), for the calls that the injector makes, before the program installs it. What is forbidden is
 * then left out, and told. Of a thread that confines itself the others bear the consequence as well: they are the same
 * process.
 */
#include "faults/preload/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { KNOWN_BEFORE = 256 };

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0	/* no filter lets it through: all is taken for forbidden */
#endif

/* What the injector asks for, and what it cannot do any more if that is forbidden. */
static const struct question {
	uint32_t need;
	int number;
	uint64_t second;	/* the argument that a filter may look at */
} questions[] = {
	{ CONFINED_LOOK, SYS_fstat, 0 }, { CONFINED_LOOK, SYS_fstatfs, 0 }, { CONFINED_LOOK, SYS_getsockname, 0 },
	{ CONFINED_LOOK, SYS_getpeername, 0 }, { CONFINED_LOOK, SYS_getsockopt, SOL_SOCKET },
	{ CONFINED_LOOK, SYS_sched_yield, 0 }, { CONFINED_LOOK, SYS_readlink, 0 },
	{ CONFINED_WAIT, SYS_clock_nanosleep, 0 },
	{ CONFINED_ASK, SYS_fcntl, F_GETFL }, { CONFINED_ASK, SYS_ioctl, FIONREAD }, { CONFINED_ASK, SYS_ppoll, 0 },
	{ CONFINED_ASK, SYS_rt_sigprocmask, 0 }, { CONFINED_ASK, SYS_rt_sigaction, 0 },
	{ CONFINED_ASK, SYS_gettid, 0 }, { CONFINED_ASK, SYS_madvise, 0 }, { CONFINED_ASK, SYS_epoll_ctl, 0 },
	{ CONFINED_ASK, SYS_shutdown, 0 }, { CONFINED_ASK, SYS_connect, 0 }, { CONFINED_ASK, SYS_eventfd2, 0 },
	{ CONFINED_ASK, SYS_close, 0 }, { CONFINED_ASK, SYS_tgkill, 0 }, { CONFINED_ASK, SYS_kill, 0 },
	{ CONFINED_ASK, SYS_pidfd_open, 0 }, { CONFINED_ASK, SYS_recvfrom, 0 }, { CONFINED_ASK, SYS_sendto, 0 },
};

struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
	struct seccomp_data data;
};

static uint32_t computed(uint16_t code, uint32_t a, uint32_t by)
{
	switch (BPF_OP(code)) {
	case BPF_ADD: return a + by;
	case BPF_SUB: return a - by;
	case BPF_MUL: return a * by;
	case BPF_DIV: return by ? a / by : 0;
	case BPF_OR: return a | by;
	case BPF_AND: return a & by;
	case BPF_XOR: return a ^ by;
	case BPF_LSH: return by < 32 ? a << by : 0;
	case BPF_RSH: return by < 32 ? a >> by : 0;
	default: return -a;
	}
}

static bool holds(uint16_t code, uint32_t a, uint32_t with)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ: return a == with;
	case BPF_JGT: return a > with;
	case BPF_JGE: return a >= with;
	default: return a & with;
	}
}

static uint32_t loaded(const struct machine *m, const struct sock_filter *f)
{
	uint32_t word = 0;

	switch (BPF_MODE(f->code)) {
	case BPF_ABS:
		if (f->k <= sizeof(m->data) - sizeof(word))
			memcpy(&word, (const char *)&m->data + f->k, sizeof(word));
		return word;
	case BPF_MEM:
		return f->k < BPF_MEMWORDS ? m->memory[f->k] : 0;
	case BPF_LEN:
		return sizeof(m->data);
	default:
		return f->k;
	}
}

/* The kernel has looked, or will, whether the filter is sound: here it must only come to an end. */
static uint32_t filter_run(const struct sock_filter *filter, uint32_t n, struct machine *m)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct sock_filter *f = &filter[i];
		uint32_t by = BPF_SRC(f->code) == BPF_X ? m->x : f->k;

		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			m->a = loaded(m, f);
			break;
		case BPF_LDX:
			m->x = loaded(m, f);
			break;
		case BPF_ST: case BPF_STX:
			if (f->k < BPF_MEMWORDS)
				m->memory[f->k] = BPF_CLASS(f->code) == BPF_ST ? m->a : m->x;
			break;
		case BPF_ALU:
			m->a = computed(f->code, m->a, by);
			break;
		case BPF_JMP:
			i += BPF_OP(f->code) == BPF_JA ? f->k : holds(f->code, m->a, by) ? f->jt : f->jf;
			break;
		case BPF_MISC:
			if (BPF_MISCOP(f->code) == BPF_TAX)
				m->x = m->a;
			else
				m->a = m->x;
			break;
		default:
			return BPF_RVAL(f->code) == BPF_A ? m->a : f->k;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

static bool lets_through(const struct sock_fprog *program, const struct question *q)
{
	struct machine m = { .data = { .nr = q->number, .arch = ARCHITECTURE, .args = { 0, q->second } } };
	uint32_t verdict;

	if (q->number == SYS_getsockopt)
		m.data.args[2] = SO_TYPE;
	verdict = filter_run(program->filter, program->len, &m) & SECCOMP_RET_ACTION_FULL;
	return verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_LOG;
}

/* What the call forbids, if it succeeds. */
static uint32_t forbids(const struct inv *v)
{
	bool by_number = v->raw == SYS_seccomp;
	const struct sock_fprog *program = (const void *)v->a[2];
	uint32_t needs = 0;

	if (!by_number && v->a[0] != PR_SET_SECCOMP)
		return 0;
	if (by_number ? v->a[0] == SECCOMP_SET_MODE_STRICT : v->a[1] == SECCOMP_MODE_STRICT)
		return CONFINED_STRICTLY;
	if ((by_number ? v->a[0] != SECCOMP_SET_MODE_FILTER : v->a[1] != SECCOMP_MODE_FILTER) || !program)
		return 0;
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
		if (!(needs & questions[i].need) && !lets_through(program, &questions[i]))
			needs |= questions[i].need;
	return needs;
}

void confine_expect(struct inv *v)
{
	int saved = errno;

	v->asked = forbids(v);
	/* Later nobody can ask what they are, nor who the thread is. */
	if (v->asked)
		thread_slot();
	for (int fd = 0; v->asked & CONFINED_LOOK && fd < KNOWN_BEFORE; fd++)
		object_of_fd(fd);
	errno = saved;
}

void confine_note(const struct inv *v)
{
	self->confined |= v->asked;
	arena->procs[self->proc].confined |= v->asked;
	if (v->asked & CONFINED_STRICTLY)
		identity_drop();
}
