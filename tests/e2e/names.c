/* SPDX-License-Identifier: MIT */
/* The names under which programs reach libc: every one that this libc has goes through the injector. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"

/* Some of these names are banned further down. */
static const char *const rows[] = {
#define CALL(symbol, ...) #symbol,
#include "faults/calls.def"
#undef CALL
};

#include "core/base/banned.h"

/* What a header, a fortified build, a 64-bit build or a library's own code may call. Not all are in every libc. */
static const char *const names[] = {
	"read", "__read", "__read_chk", "pread", "pread64", "__pread64", "__pread_chk", "__pread64_chk", "readv",
	"preadv", "preadv64", "preadv2", "preadv64v2", "recv", "__recv_chk", "recvfrom", "__recvfrom_chk", "recvmsg",
	"recvmmsg", "write", "__write", "pwrite", "pwrite64", "__pwrite64", "writev", "pwritev", "pwritev64",
	"pwritev2", "pwritev64v2", "send", "__send", "sendto", "sendmsg", "sendmmsg", "socket", "socketpair", "bind",
	"listen", "accept", "accept4", "connect", "__connect", "shutdown", "close", "__close", "close_range",
	"closefrom", "pipe", "__pipe", "pipe2", "mkfifo", "mkfifoat", "mknod", "mknodat", "open", "__open", "open64",
	"__open64", "__open_2", "__open64_2", "openat", "openat64", "__openat_2", "__openat64_2", "creat", "creat64",
	"dup", "dup2", "__dup2", "dup3", "fcntl", "__fcntl", "fcntl64", "select", "__select", "pselect", "poll",
	"__poll", "__poll_chk", "ppoll", "__ppoll_chk", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "mq_open", "__mq_open_2", "mq_close", "mq_unlink", "mq_send", "mq_timedsend",
	"mq_receive", "mq_timedreceive", "mq_notify", "mq_getattr", "mq_setattr", "msgget", "msgsnd", "msgrcv",
	"msgctl", "sem_open", "sem_close", "sem_unlink", "sem_init", "sem_destroy", "sem_wait", "sem_trywait",
	"sem_timedwait", "sem_clockwait", "sem_post", "sem_getvalue", "semget", "semop", "semtimedop", "semctl",
	"shm_open", "shm_unlink", "shmget", "shmat", "shmdt", "shmctl", "mmap", "mmap64", "memfd_create", "eventfd",
	"eventfd_read", "eventfd_write", "signalfd", "timerfd_create", "timerfd_settime", "timerfd_gettime", "kill",
	"killpg", "sigqueue", "tgkill", "raise", "pthread_kill", "pthread_sigqueue", "pidfd_send_signal", "sigaction",
	"__sigaction", "signal", "bsd_signal", "ssignal", "sysv_signal", "__sysv_signal", "sigwait", "sigwaitinfo",
	"sigtimedwait", "sigsuspend", "__sigsuspend", "sigpause", "__sigpause", "__xpg_sigpause", "pause", "fork",
	"posix_spawn", "posix_spawnp", "execve", "execv", "execvp", "execvpe", "execl", "execle", "execlp", "fexecve",
	"execveat", "wait", "__wait", "waitpid", "__waitpid", "wait3", "wait4", "waitid", "nanosleep", "__nanosleep",
	"clock_nanosleep", "usleep", "sleep", "sendfile", "sendfile64", "splice", "tee", "vmsplice", "flock", "lockf",
	"lockf64", "pthread_mutex_lock", "pthread_mutex_trylock", "pthread_mutex_timedlock", "pthread_mutex_clocklock",
	"pthread_mutex_unlock", "pthread_cond_wait", "pthread_cond_timedwait", "pthread_cond_clockwait",
	"pthread_cond_signal", "pthread_cond_broadcast", "setsockopt",
};

static const char *file_of(void *address)
{
	Dl_info info;

	return address && dladdr(address, &info) ? info.dli_fname : "";
}

Test(names, all_go_through_the_injector)
{
	const char *sabot = getenv("SABOT"), *slash = sabot ? strrchr(sabot, '/') : NULL;
	char *path = mem_printf("%.*s/libsabot.so", slash ? (int)(slash - sabot) : 0, slash ? sabot : "");
	void *injector = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!injector)
		cr_skip_test("the injector of this build cannot be loaded late");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!dlsym(RTLD_DEFAULT, names[i]))
			continue;	/* not in this libc */
		cr_expect(strstr(file_of(dlsym(injector, names[i])), "libsabot"), "%s does not", names[i]);
	}
	free(path);
}

/* What the injector looks up only at the first call, since it takes no lock: whatever libc itself has. */
Test(names, a_libc_that_has_the_latest_has_all)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);

	if (!libc || !dlsym(libc, "pidfd_send_signal"))
		cr_skip_test("an older libc: everything is looked up at the start");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cr_expect(strcmp(rows[i], "futex") == 0 || strstr(file_of(dlsym(libc, rows[i])), "/libc.so."),
			"%s is not in libc, and not called by number only", rows[i]);
}
