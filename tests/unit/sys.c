/* SPDX-License-Identifier: MIT */
/* core/sys: what the kernel says of processes, starting programs, clearing directories. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sys/clock.h"
#include "core/sys/files.h"
#include "core/sys/namespaces.h"
#include "core/sys/proc.h"
#include "core/sys/processor.h"
#include "core/sys/program.h"
#include "core/sys/spawn.h"
#include "core/sys/timewait.h"
#include "core/base/banned.h"

/* Waits, 10 s at most, until the process is in this state. */
static void wait_for_state(int pid, char state)
{
	for (int i = 0; i < 10000 && proc_state_letter(pid) != state; i++)
		poll(NULL, 0, 1);
	cr_assert_eq(proc_state_letter(pid), state);
}

static int spawn(const char *path, char *const *argv, int out)
{
	char *const env[] = { (char[]){ "A=b" }, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), pid = -1, error;
	const char *step;
	struct spawn s = {
		.path = path,
		.argv = argv,
		.env = env,
		.directory = "/",
		.fds = { null, out < 0 ? null : out, null },
		.limits = { { RLIMIT_NOFILE, 33 } },
		.n_limits = 1,
	};

	signals_default();
	error = spawn_start(&s, &pid, &step);
	close(null);
	if (error)
		cr_assert_str_eq(step, "execve");
	return error ? error : pid;
}

Test(sys, spawn_gives_what_it_was_asked_for)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "pwd; echo $A; ulimit -n; echo $#" }, NULL };
	char text[256] = "";
	size_t n = 0;
	ssize_t got;
	int fds[2], pid;

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = spawn("/bin/sh", argv, fds[1]);
	cr_assert_gt(pid, 0);
	close(fds[1]);
	while ((got = read(fds[0], text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	cr_assert_str_eq(text, "/\nb\n33\n0\n");
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	close(fds[0]);
}

Test(sys, spawn_tells_what_cannot_be_run)
{
	char *argv[] = { (char[]){ "x" }, NULL };

	cr_assert_eq(spawn("/nowhere/x", argv, -1), -ENOENT);
	cr_assert_eq(spawn("/etc/passwd", argv, -1), -EACCES);
}

Test(sys, a_blocked_process_is_seen_as_blocked)
{
	char byte;
	int fds[2], pid;

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		_exit(read(fds[0], &byte, 1) == 1);
	wait_for_state(pid, 'S');
	cr_assert_eq(proc_thread_count(pid), 1);
	cr_assert_eq(proc_thread_timed(pid, pid), 0);
	kill(pid, SIGKILL);
	wait_for_state(pid, 'Z');
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_assert_eq(proc_state_letter(pid), 0);
	cr_assert_eq(proc_thread_count(pid), -ESRCH);
}

Test(sys, a_timed_wait_is_seen_as_timed)
{
	int pid = fork();

	if (pid == 0) {
		struct pollfd none = { .fd = -1 };

		poll(&none, 1, 100000);
		_exit(0);
	}
	wait_for_state(pid, 'S');
	cr_assert_eq(proc_thread_timed(pid, pid), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

Test(sys, equal_deep_looks_mean_that_it_never_ran)
{
	struct thread_state a, b;
	int fds[2], pid;

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		char byte;

		while (read(fds[0], &byte, 1) == 1)
			;
		_exit(0);
	}
	wait_for_state(pid, 'S');
	cr_assert_eq(proc_thread_state(pid, pid, true, &a), 0);
	cr_assert_eq(proc_thread_state(pid, pid, true, &b), 0);
	cr_assert_eq(a.slices, b.slices);
	if (!a.slices)
		cr_skip_test("this kernel has no schedstat");
	cr_assert_eq(write(fds[1], "x", 1), 1);
	/* It wakes, reads and sleeps again: both looks say S, but it was given a CPU. */
	for (int i = 0; i < 10000 && b.slices == a.slices; i++) {
		cr_assert_eq(proc_thread_state(pid, pid, true, &b), 0);
		poll(NULL, 0, 1);
	}
	cr_assert_gt(b.slices, a.slices);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

Test(sys, a_handler_of_sigalrm_is_a_timer)
{
	int fds[2], pid;
	char byte;

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	cr_assert_not(proc_has_timer(getpid()));
	pid = fork();
	if (pid == 0) {
		signal(SIGALRM, _exit);
		if (write(fds[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	cr_assert_eq(read(fds[0], &byte, 1), 1);
	cr_assert(proc_has_timer(pid));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

Test(sys, children_and_descriptors)
{
	int fds[2], numbers[64], pid, n, pidfd, mine;
	struct stat a, b;
	char name[64];
	bool found = false;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		for (;;)
			pause();
	}
	n = proc_children(getpid(), numbers, 64);
	for (int i = 0; i < n; i++)
		found |= numbers[i] == pid;
	cr_assert(found);
	found = false;
	n = proc_descriptors(pid, numbers, 64);
	for (int i = 0; i < n && i < 64; i++)
		found |= numbers[i] == fds[1];
	cr_assert(found);
	cr_assert_eq(proc_descriptor_name(pid, fds[1], name, sizeof(name)), 0);
	cr_assert_eq(strncmp(name, "socket:[", 8), 0);
	pidfd = pidfd_of(pid);
	mine = pidfd < 0 ? pidfd : pidfd_borrow(pidfd, fds[1]);
	if (mine < 0)
		cr_skip_test("pidfd_getfd is not allowed here");
	cr_assert(fstat(mine, &a) == 0 && fstat(fds[1], &b) == 0);
	cr_assert_eq(a.st_ino, b.st_ino);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

Test(sys, clearing_a_directory)
{
	char path[] = "/tmp/test-sys-XXXXXX", below[64], other[64], link[64];

	cr_assert_not_null(mkdtemp(path));
	snprintf(below, sizeof(below), "%s/a", path);
	snprintf(other, sizeof(other), "%s/a/b", path);
	snprintf(link, sizeof(link), "%s/link", path);
	cr_assert(directory_empty(path));
	cr_assert_eq(mkdir(below, 0700), 0);
	cr_assert_eq(mkfifo(other, 0600), 0);
	cr_assert_eq(chmod(below, 0500), 0);
	/* A link is removed, not what it leads to. */
	cr_assert_eq(symlink("/", link), 0);
	cr_assert_not(directory_empty(path));
	cr_assert_eq(tree_clear(path), 0);
	cr_assert(directory_empty(path));
	cr_assert_eq(tree_remove(path), 0);
	cr_assert_eq(tree_clear(path), -ENOENT);
}

Test(sys, kinds_of_programs)
{
	char path[PATH_MAX];
	struct program p;

	cr_assert_eq(program_find("sh", NULL, "/nowhere:/bin", path, sizeof(path)), 0);
	cr_assert_str_eq(path, "/bin/sh");
	cr_assert_eq(program_look(path, &p), 0);
	cr_assert(p.dynamic && !p.sanitized);
	cr_assert_eq(program_find("no-such-program", NULL, "/nowhere:/bin", path, sizeof(path)), -ENOENT);
	cr_assert_eq(program_find("./passwd", "/etc", NULL, path, sizeof(path)), -EACCES);
	cr_assert_str_eq(path, "/etc/passwd");
	cr_assert_eq(program_find("/bin", NULL, NULL, path, sizeof(path)), -EISDIR);
	cr_assert_eq(program_look("/etc/passwd", &p), -ENOEXEC);
}

Test(sys, damaged_programs_are_no_programs)
{
	static const char head[] = "\177ELF\2\1\1\0";
	char path[] = "/tmp/test-elf-XXXXXX", bytes[256];
	int fd = mkstemp(path);
	struct program p;

	memset(bytes, 0xff, sizeof(bytes));
	memcpy(bytes, head, 8);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, sizeof(bytes)), (ssize_t)sizeof(bytes));
	cr_assert_eq(program_look(path, &p), -ENOEXEC);
	cr_assert_eq(ftruncate(fd, 10), 0);
	cr_assert_eq(program_look(path, &p), -ENOEXEC);
	cr_assert_eq(pwrite(fd, "#!/no/where\n", 12, 0), 12);
	cr_assert_eq(program_look(path, &p), -ENOENT);
	close(fd);
	unlink(path);
}

Test(sys, processors_that_forget_returns)
{
	cr_expect(processor_text_forgets_returns("Mitigation: Safe RET\n"));
	cr_expect(processor_text_forgets_returns("Vulnerable: Safe RET, no microcode\n"));
	cr_expect(!processor_text_forgets_returns("Vulnerable: Microcode, no safe RET\n"));
	cr_expect(!processor_text_forgets_returns("Mitigation: IBPB on VMEXIT only\n"));
	cr_expect(!processor_text_forgets_returns("Not affected\n"));
	cr_expect(!processor_text_forgets_returns(""));
}

static int close_first(void)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(2007)
	};
	int master = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), handle, error;
	char byte;

	error = bind(master, (struct sockaddr *)&in, sizeof(in)) ? errno : 0;
	if (!error && !listen(master, 1) && !connect(client, (struct sockaddr *)&in, sizeof(in))) {
		handle = accept(master, NULL, NULL);
		close(handle);
		cr_expect_eq(read(client, &byte, 1), 0);
	}
	close(client);
	close(master);
	return error;
}

/* In a network of its own, for it is the whole of it that changes. */
Test(sys, what_is_in_time_wait_can_be_removed)
{
	struct str notes = STR_NONE;

	if (!(namespaces_enter(NAMESPACES_NET, &notes) & NAMESPACES_NET) || namespaces_loopback())
		cr_skip_test("no network of one's own");
	if (!timewait_removable() || timewait_set(true))
		cr_skip_test("the kernel does not remove what is in TIME-WAIT");
	cr_expect_eq(close_first(), 0);
	cr_expect_eq(close_first(), EADDRINUSE);
	cr_expect_eq(timewait_clear(), 0);
	cr_expect_eq(close_first(), 0);
	cr_expect_eq(timewait_clear(), 0);
	cr_expect_eq(timewait_set(false), 0);
	cr_expect_eq(close_first(), 0);
	cr_expect_eq(close_first(), 0);
	str_fini(&notes);
}
