/* SPDX-License-Identifier: MIT */
struct request {
	int id, minutes;
	char reply[48];
};

struct answer {
	int id;
	char text[20];
};
