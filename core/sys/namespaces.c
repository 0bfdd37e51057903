/* SPDX-License-Identifier: MIT */
#include "core/sys/namespaces.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/sys/files.h"
#include "core/sys/timewait.h"

static const struct {
	unsigned part;
	int flag;
	const char *refused; /* what it means not to have it */
} parts[] = {
	{ NAMESPACES_MOUNT, CLONE_NEWNS, "no private mounts: ${TMP} is a directory in /tmp, and /dev/shm is shared" },
	{ NAMESPACES_IPC, CLONE_NEWIPC,
		"no private IPC objects: System V objects and message queues are the machine's" },
	{ NAMESPACES_NET, CLONE_NEWNET, "no private network: ports are the machine's" },
	{ NAMESPACES_PID, CLONE_NEWPID, "no private process ids: what a role leaves running is found by its parents" },
};

/* Maps the caller to itself, so that programs see the user they are used to. */
static int user_map(uid_t uid, gid_t gid)
{
	char line[64];
	int error;

	file_write("/proc/self/setgroups", "deny");
	snprintf(line, sizeof(line), "%u %u 1", uid, uid);
	error = file_write("/proc/self/uid_map", line);
	if (error)
		return error;
	snprintf(line, sizeof(line), "%u %u 1", gid, gid);
	return file_write("/proc/self/gid_map", line);
}

static int user_enter(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER))
		return -errno;
	prctl(PR_SET_DUMPABLE, 1);
	return user_map(uid, gid);
}

unsigned namespaces_enter(unsigned wanted, struct str *notes)
{
	unsigned got = 0;
	int first_error = 0, user_error = 0;

	if (!(wanted & NAMESPACES_ALL))
		return 0;
	/* A file system of our own is the first thing asked for; if that is refused a user namespace may help. */
	if (geteuid() != 0 || unshare(CLONE_NEWNS)) {
		first_error = geteuid() != 0 ? EPERM : errno;
		user_error = user_enter();
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		bool have = parts[i].part == NAMESPACES_MOUNT && !first_error;

		if (!(wanted & parts[i].part))
			continue;
		if (have || !unshare(parts[i].flag))
			got |= parts[i].part;
		else
			str_addf(notes, "%s (%s)\n", parts[i].refused, strerror(user_error ? -user_error : errno));
	}
	/* Nothing that is mounted here may be seen outside. */
	if (got & NAMESPACES_MOUNT && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		str_addf(notes, "%s (%s)\n", parts[0].refused, strerror(errno));
		got &= ~(unsigned)NAMESPACES_MOUNT;
	}
	return got;
}

/*
 * An address beside 127.0.0.1: where there is none, getaddrinfo() with AI_ADDRCONFIG, which is its default too, finds
 * not even this host. It is one that RFC 5737 keeps for examples. Not all kernels let us: no error.
 */
static void address_add(int fd)
{
	struct ifreq request = { .ifr_name = "lo:1" };
	struct sockaddr_in *in = (void *)&request.ifr_addr;

	*in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201) /* 192.0.2.1 */ };
	if (ioctl(fd, SIOCSIFADDR, &request))
		return;
	in->sin_addr.s_addr = htonl(INADDR_BROADCAST);
	ioctl(fd, SIOCSIFNETMASK, &request);
}

int namespaces_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int error = 0, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFFLAGS, &request))
		error = -errno;
	request.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (!error && ioctl(fd, SIOCSIFFLAGS, &request))
		error = -errno;
	if (!error)
		address_add(fd);
	close(fd);
	/* Else a port that a run used stays in TIME-WAIT for a minute. Not all kernels let us: no error. */
	timewait_set(false);
	return error;
}

int namespaces_mount(const char *type, const char *on, const char *options)
{
	return mount(type, on, type, MS_NOSUID | MS_NODEV, options) ? -errno : 0;
}
