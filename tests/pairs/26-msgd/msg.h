/* SPDX-License-Identifier: MIT */
struct message {
	long mtype;
	long reply_to;
	int value;
};
